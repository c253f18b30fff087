package feed

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sparkbot/store"
)

// Source is one feed of one project, as the operator configured it.
type Source struct {
	Project  string // slug
	URL      string
	Kind     string
	Interval time.Duration
	Sparks   Sparks
	// Title and Summary are templates with {title}, {summary}, {version},
	// {project}, {feed} and {author}.
	Title, Summary string
}

// Key names the source where its state is kept.
func (s Source) Key() string { return s.Project + " " + s.URL }

// Shown is the address without its query, which may hold a key.
func (s Source) Shown() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

// Sparks are the rules by which an entry is a spark; one that fits is enough.
type Sparks struct {
	Words    []string         // whole words of title or categories, in any case
	Patterns []*regexp.Regexp // somewhere in the title
	Semver   string           // major: 2.0.0; minor: 2.1.0 as well; empty: none
}

// version finds 1.2, v1.2.3 or 1.2.3-rc.1 in a text.
var version = regexp.MustCompile(`(?i)(?:^|[^0-9a-z.])v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?((?:[-.+ ]?(?:alpha|beta|rc|pre|preview|dev|nightly|snapshot|canary|next|m)[-. ]?\d*)|-[0-9a-z][0-9a-z.-]*)?`)

// Version is a release's number, if a text holds one.
type Version struct {
	Text                string
	Major, Minor, Patch int
	Pre                 bool // before the release itself
}

// FindVersion looks for a version in the title, then in the last part of the link.
func FindVersion(title, link string) (v Version, found bool) {
	for _, text := range []string{title, link[strings.LastIndexByte(link, '/')+1:]} {
		m := version.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		v.Major, _ = strconv.Atoi(m[1]) // digits, and few of them
		v.Minor, _ = strconv.Atoi(m[2])
		v.Patch, _ = strconv.Atoi(m[3])
		v.Pre = m[4] != ""
		v.Text = strings.TrimSpace(m[1] + "." + m[2] + prefixed(".", m[3]) + m[4])
		return v, true
	}
	return Version{}, false
}

func prefixed(with, s string) string {
	if s == "" {
		return ""
	}
	return with + s
}

// Fit reports whether an entry is a spark.
func (s Sparks) Fit(e Entry) bool {
	for _, w := range s.Words {
		if hasWord(e.Title, w) || hasWord(strings.Join(e.Categories, "\n"), w) {
			return true
		}
	}
	for _, p := range s.Patterns {
		if p.MatchString(e.Title) {
			return true
		}
	}
	v, found := FindVersion(e.Title, e.Link)
	if !found || v.Pre || v.Patch != 0 {
		return false
	}
	return s.Semver == "minor" || s.Semver == "major" && v.Minor == 0
}

// hasWord reports whether a word stands in a text, not inside another word.
func hasWord(text, word string) bool {
	text, word = " "+normalTitle(text)+" ", " "+normalTitle(word)+" "
	return word != "  " && strings.Contains(text, word)
}

// Become gives the move of an entry. An entry that is not dated happened now.
func (s Source) Become(e Entry, source, project, feed string, now time.Time) store.Move {
	v, _ := FindVersion(e.Title, e.Link)
	fill := strings.NewReplacer("{title}", e.Title, "{summary}", e.Summary, "{version}", v.Text, "{project}", project, "{feed}", feed, "{author}", e.Author)
	m := store.Move{
		Title: cut(Line(fill.Replace(s.Title)), maxTitle), Summary: cut(Plain(fill.Replace(s.Summary)), maxSummary),
		SourceURL: source, Spark: s.Sparks.Fit(e), OccurredAt: e.At,
	}
	if m.Title == "" { // a template of nothing that this entry has
		m.Title = cut(e.Title, maxTitle)
	}
	if m.OccurredAt.IsZero() {
		m.OccurredAt = now
	}
	return m
}

// How long the texts of a move from a feed are, in characters. The store takes
// more, but people read a release's notes at their source.
const (
	maxTitle   = 300
	maxSummary = 2_000
)
