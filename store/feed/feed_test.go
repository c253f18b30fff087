package feed

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens anew")

var today = time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC)

// read gives what a sample becomes, as text.
func read(t *testing.T, s Source, file string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(s.Kind, s.URL, body, today)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, i := range identify(d, s.Key()) {
		m := s.Become(i.Entry, i.source, "Session", d.Title, today)
		spark := ""
		if m.Spark {
			spark = "  SPARK"
		}
		fmt.Fprintf(&out, "%s%s\n  %s\n  %s\n  %s\n", m.Title, spark, m.OccurredAt.Format(time.RFC3339), m.SourceURL, strings.Join(i.names, " "))
		for line := range strings.Lines(m.Summary) {
			out.WriteString("  | " + strings.TrimSuffix(line, "\n") + "\n")
		}
	}
	return out.String()
}

func TestSamplesBecomeMoves(t *testing.T) {
	plain := Source{Project: "session", URL: "https://getsession.org/rss.xml", Kind: Auto, Title: "{title}", Summary: "{summary}"}
	for _, tc := range []struct {
		file   string
		change func(*Source)
	}{
		{"rss.xml", func(s *Source) { s.Sparks.Words = []string{"funding"} }},
		{"atom.xml", func(s *Source) {
			s.Kind, s.Sparks.Patterns = Atom, []*regexp.Regexp{regexp.MustCompile(`(?i)audit`)}
			s.Summary = "{feed}, {author}: {summary}"
		}},
		{"feed.json", func(s *Source) { s.Kind, s.URL = JSON, "https://river.org/feed.json" }},
		{"github.xml", func(s *Source) {
			s.Kind, s.Sparks.Semver, s.Title = GitHub, "major", "{project} {version} is released"
			s.URL = "https://github.com/session-foundation/session-desktop"
		}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			s := plain
			tc.change(&s)
			got := read(t, s, tc.file)
			golden := filepath.Join("testdata", tc.file+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("it becomes something else (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"github https://github.com/a/b":                 "https://github.com/a/b/releases.atom",
		"auto https://github.com/a/b.git":               "https://github.com/a/b/releases.atom",
		"github https://www.github.com/a/b/releases/":   "https://github.com/a/b/releases.atom",
		"auto https://github.com/a/b/commits/main.atom": "https://github.com/a/b/commits/main.atom",
		"atom https://github.com/a/b":                   "https://github.com/a/b",
		"auto https://example.org/a/b":                  "https://example.org/a/b",
	} {
		kind, address, _ := strings.Cut(in, " ")
		if got := Address(kind, address); got != want {
			t.Errorf("%s is fetched at %s, want %s", in, got, want)
		}
	}
}

func TestAWrongDocumentIsSaid(t *testing.T) {
	rss, err := os.ReadFile(filepath.Join("testdata", "rss.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ kind, body, want string }{
		{Atom, string(rss), "is rss, not atom"},
		{Auto, "<html><body>Not here</body></html>", "neither RSS, Atom nor JSON Feed"},
		{Auto, "", "neither RSS, Atom nor JSON Feed"},
		{Auto, string(rss[:900]), "not readable as a feed"},
	} {
		if _, err := Parse(tc.kind, "https://x.org", []byte(tc.body), today); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.30q as %s: %v, want %q", tc.body, tc.kind, err, tc.want)
		}
	}
}

func TestSparks(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rules Sparks
		title string
		link  string
		want  bool
	}{
		{"no rule", Sparks{}, "v2.0.0", "", false},
		{"major", Sparks{Semver: "major"}, "App v2.0.0", "", true},
		{"major without a patch", Sparks{Semver: "major"}, "App 3.0", "", true},
		{"major from the link", Sparks{Semver: "major"}, "The big one", "https://x.org/releases/tag/v4.0.0", true},
		{"a minor is no major", Sparks{Semver: "major"}, "v2.1.0", "", false},
		{"minor", Sparks{Semver: "minor"}, "v2.1.0", "", true},
		{"a major is a minor, too", Sparks{Semver: "minor"}, "v2.0.0", "", true},
		{"a patch", Sparks{Semver: "minor"}, "v2.1.3", "", false},
		{"a candidate", Sparks{Semver: "minor"}, "v2.1.0-rc.1", "", false},
		{"a candidate without a hyphen", Sparks{Semver: "minor"}, "2.1rc1", "", false},
		{"a beta in words", Sparks{Semver: "minor"}, "App 2.1 beta", "", false},
		{"a date is no version", Sparks{Semver: "minor"}, "Meeting on 10.08", "", true}, // nobody can tell
		{"a word", Sparks{Words: []string{"Audit"}}, "The audit's results", "", true},
		{"part of a word", Sparks{Words: []string{"audit"}}, "For auditors", "", false},
		{"two words", Sparks{Words: []string{"post quantum"}}, "Post-Quantum keys", "", true},
		{"a pattern", Sparks{Patterns: []*regexp.Regexp{regexp.MustCompile(`^Security`)}}, "Security fix", "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.rules.Fit(Entry{Title: tc.title, Link: tc.link}); got != tc.want {
				t.Errorf("%q: %v, want %v", tc.title, got, tc.want)
			}
		})
	}
}

// TestAnEntryIsRecognized changes an entry as publishers do, and asks whether it
// still shares a name with what it was.
func TestAnEntryIsRecognized(t *testing.T) {
	base := Entry{ID: "42", Link: "https://www.Example.org/post/?utm_source=x", Title: "Big News!"}
	other := Entry{ID: "41", Link: "https://example.org/other", Title: "Other"}
	names := func(feed string, entries ...Entry) []string {
		all := identify(Document{Home: "https://example.org/", Entries: entries}, feed)
		return all[0].names
	}
	before := names("f", base, other)
	for _, tc := range []struct {
		name   string
		change func(*Entry)
		same   bool
	}{
		{"another date", func(e *Entry) { e.At = today }, true},
		{"another id", func(e *Entry) { e.ID = "https://example.org/?p=42" }, true},
		{"no id", func(e *Entry) { e.ID = "" }, true},
		{"https, no www, no tracking", func(e *Entry) { e.Link, e.ID = "http://example.org/post#", "" }, true},
		{"another title", func(e *Entry) { e.Title, e.ID = "Bigger news", "" }, true},
		{"another address under its id", func(e *Entry) { e.Link = "https://example.org/2026/post" }, true},
		{"another entry", func(e *Entry) { e.ID, e.Link, e.Title = "43", "https://example.org/new", "Big News!" }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := base
			tc.change(&e)
			after := names("f", e, other)
			if got := anyOf(set(after), before); got != tc.same {
				t.Errorf("recognized: %v, want %v\n%v\n%v", got, tc.same, before, after)
			}
		})
	}
	page := func(title string) Entry { return Entry{Link: "https://example.org/changelog", Title: title} }
	if a, b := names("f", page("1.0"), page("1.1")), names("f", page("1.2"), page("1.1")); anyOf(set(a), b) {
		t.Errorf("two entries on one page are taken for one: %v %v", a, b)
	}
	if all := identify(Document{Entries: []Entry{base, base, {ID: "42", Link: base.Link, Title: "big news"}}}, "f"); len(all) != 1 {
		t.Errorf("an entry that stands in a document three times is %d", len(all))
	}
}

func set(names []string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}

func FuzzParse(f *testing.F) {
	for _, file := range []string{"rss.xml", "atom.xml", "feed.json", "github.xml"} {
		body, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	s := Source{Project: "p", URL: "https://x.org/feed", Title: "{title}", Summary: "{summary}"}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := Parse(Auto, s.URL, body, today)
		if err != nil {
			return
		}
		sources := map[string]bool{}
		for _, i := range identify(d, s.Key()) {
			m := s.Become(i.Entry, i.source, "P", d.Title, today)
			if m.Title == "" || strings.Contains(m.Title, "\n") || m.OccurredAt.IsZero() || m.OccurredAt.After(today) || !strings.HasPrefix(m.SourceURL, "http") {
				t.Errorf("%q becomes %+v", body, m)
			}
			if len([]rune(m.Title)) > maxTitle || len([]rune(m.Summary)) > maxSummary || len(m.SourceURL) > 2000 {
				t.Errorf("%q becomes a move that is too long: %+v", body, m)
			}
			if sources[m.SourceURL] {
				t.Errorf("%q gives two moves with the source %s", body, m.SourceURL)
			}
			sources[m.SourceURL] = true
		}
	})
}
