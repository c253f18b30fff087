package compose

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sparkbot/notify"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 8, 10, 12, 0, 0, 0, time.UTC)

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s reads differently (-want +got); look at it, then run with -update:\n%s", name, diff)
	}
}

func move(id int64, daysAgo int, spark bool, title, summary string) store.Move {
	return store.Move{ID: id, Title: title, Summary: summary, Spark: spark, OccurredAt: now.AddDate(0, 0, -daysAgo), SourceURL: fmt.Sprintf("https://getsession.org/blog/%d", id), Revision: 1}
}

// itemsOf gives n moves of a project, again and again if there are not as many.
func itemsOf(c Card, n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{Project: c.Project, Move: c.Moves[i%len(c.Moves)]}
	}
	return items
}

// turnsOf gives every turn a project can take.
func turnsOf(c Card) []Item {
	var items []Item
	for i, turn := range []store.Turn{store.TurnSurging, store.TurnAwake, store.TurnQuiet} {
		items = append(items, Item{Project: c.Project, Turn: turn, Move: store.Move{OccurredAt: now.Add(-time.Duration(i) * time.Hour)}})
	}
	return items
}

// taken gives a move that was taken back some time ago.
func taken(m store.Move, ago time.Duration) store.Move {
	m.RetractedAt = now.Add(-ago)
	return m
}

// session is the page's project, in our own words.
func session() Card {
	return card(store.Project{
		Slug: "session", Name: "Session", Category: "COMMS", URL: "https://getsession.org",
		Tagline:      "An encrypted messenger without phone numbers or metadata.",
		Headline:     "Session is back: its community pays for the work to go on",
		Tags:         []string{"community-funded", "encryption", "post-quantum"},
		CurrentState: "First a cofounder wrote that the project might stop; then donations gave it a runway again.\n\nBeneath that the roadmap is real.",
		Heading:      "Protocol V2 and the Pro beta, as long as donations keep coming.",
		Prediction:   "Work picks up around Protocol V2; the pace follows the donations.",
	},
		move(1, 19, true, "The Future of Session", "Donations and nodes give Session its runway back."),
		move(2, 91, false, "A Personal Appeal From Cofounder of Session - Chris McCabe", "Without help the project cannot go on."),
		move(3, 152, false, "Rotating keys for Session repos", "Update your keys."),
		move(4, 183, true, "Session Protocol V2: PFS, Post-Quantum and the Future of Private Messaging", "A rebuilt protocol."),
		move(5, 184, false, "Session Pro Beta update: December 2025", "Where the beta stands."),
		move(6, 213, false, "Removing screenshot alerts from Session", ""),
	)
}

func card(p store.Project, moves ...store.Move) Card {
	return Card{Project: p, Moves: moves, Reading: velocity.Read(p, moves, now), Why: velocity.Why(moves, now, 3)}
}

func TestGoldens(t *testing.T) {
	curated := 9.1
	long := strings.Repeat("A long summary goes on and on, because its writer had much to say. ", 40)
	many := session()
	for i := range 14 {
		many.Moves = append(many.Moves, move(int64(100+i), 220+i, false, fmt.Sprintf("Older move %d", i), long))
	}
	with := func(c Card, view string, page int) Card { c.View, c.Page = view, page; return c }
	rtl := card(store.Project{Slug: "rtl", Name: "סשן 🕊️", Category: "COMMS"}, move(1, 0, true, "\u202eמימון\u202c הגיע 👨‍👩‍👧‍👦\nnow", "שלום"))
	for name, m := range map[string]notify.Message{
		"alert-spark":     AlertMessage(Alert{session().Project, session().Moves[0], session().Reading}, now),
		"alert-plain":     AlertMessage(Alert{session().Project, session().Moves[5], session().Reading}, now),
		"bundle":          BundleMessage(Bundle{Items: itemsOf(session(), 6)}, now),
		"catch-up-turns":  BundleMessage(Bundle{CatchUp: true, Items: append(itemsOf(session(), 1), turnsOf(session())...)}, now),
		"bundle-taken":    BundleMessage(Bundle{Items: []Item{{Project: session().Project, Move: session().Moves[0]}, {Project: session().Project, Move: taken(session().Moves[1], time.Hour)}}}, now),
		"bundle-many":     BundleMessage(Bundle{Items: itemsOf(many, 60)}, now),
		"catch-up":        BundleMessage(Bundle{CatchUp: true, Items: append(itemsOf(session(), 2), Item{Project: rtl.Project, Move: rtl.Moves[0]}, Item{Project: invisible().Project, Move: invisible().Moves[0]})}, now),
		"alert-retracted": AlertMessage(Alert{session().Project, taken(session().Moves[0], 2*time.Hour), session().Reading}, now),
		"alert-rtl":       AlertMessage(Alert{rtl.Project, rtl.Moves[0], rtl.Reading}, now),
		"card":            CardMessage(session(), now),
		"card-bare":       CardMessage(card(store.Project{Slug: "x", Name: "x"}), now),
		"card-curated":    CardMessage(card(store.Project{Slug: "x", Name: "Curated", IconURL: "https://x.org/i.png", Curated: &curated}, move(1, 300, false, "Old", "")), now),
		"card-many":       CardMessage(many, now),
		"moves-2":         CardMessage(with(many, ViewMoves, 2), now),
		"outlook":         CardMessage(with(session(), ViewOutlook, 0), now),
		"outlook-bare":    CardMessage(with(card(store.Project{Slug: "x", Name: "x"}), ViewOutlook, 0), now),
		"why":             CardMessage(with(session(), ViewWhy, 0), now),
		"why-bare":        CardMessage(with(card(store.Project{Slug: "x", Name: "x", Curated: &curated}), ViewWhy, 0), now),
		"projects":        ProjectsMessage(Projects{Title: "COMMS projects", Query: "all category:COMMS", Page: 2, Pages: 3, Total: 21, Rows: []Row{{session().Project, session().Reading, session().Moves[0].OccurredAt}, {store.Project{Slug: "x", Name: "Bare"}, velocity.Reading{Trend: velocity.Quiet}, time.Time{}}}}, now),
		"projects-none":   ProjectsMessage(Projects{Title: "All projects", Query: "all", Page: 1, Pages: 1}, now),
		"test":            TestMessage(now),
		"card-long":       CardMessage(veryLong(), now),
		"card-blank":      CardMessage(invisible(), now),
		"alert-long":      AlertMessage(Alert{veryLong().Project, veryLong().Moves[0], session().Reading}, now),
		"alert-blank":     AlertMessage(Alert{invisible().Project, invisible().Moves[0], session().Reading}, now),
		"moves-links":     CardMessage(with(longLinks(2), ViewMoves, 1), now),
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, "fallback: "+m.Fallback+"\n\n"+Plain(m, 78)+"\n"+structure(m))
			readBack(t, name, m)
		})
	}
}

func TestAge(t *testing.T) {
	for _, tc := range []struct {
		ago  time.Duration
		want string
	}{
		{0, "just now"},
		{59 * time.Second, "just now"},
		{time.Minute, "1m ago"},
		{59 * time.Minute, "59m ago"},
		{time.Hour, "1h ago"},
		{23 * time.Hour, "23h ago"},
		{24 * time.Hour, "1d ago"},
		{19 * 24 * time.Hour, "19d ago"},
		{59 * 24 * time.Hour, "59d ago"},
		{60 * 24 * time.Hour, "2mo ago"},
		{91 * 24 * time.Hour, "3mo ago"},
		{364 * 24 * time.Hour, "12mo ago"},
		{365 * 24 * time.Hour, "1y ago"},
		{-time.Second, "just now"},
		{-3 * 24 * time.Hour, "in 3d"},
	} {
		if got := Age(now.Add(-tc.ago), now); got != tc.want {
			t.Errorf("%s ago reads %q, want %q", tc.ago, got, tc.want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\r\n\r\n\r\nb\x00\u202Ec\u200B")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range text(s) {
			if r != '\n' && (unicode.IsControl(r) || r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069') {
				t.Errorf("text(%q) lets %U through", s, r)
			}
		}
		if got := line(s); strings.ContainsAny(got, "\n\r\t") || got != line(got) {
			t.Errorf("line(%q) = %q", s, got)
		} else if got != "" && strings.IndexFunc(got, seen) < 0 {
			t.Errorf("line(%q) = %q, in which nothing is seen", s, got)
		}
		if got := text(s); strings.Contains(got, "\n\n\n") || got != text(got) {
			t.Errorf("text(%q) = %q", s, got)
		}
	})
}

// anyText draws texts, many of them with nothing to see in them.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune(" \n\x00\u200b\u200d\u202e\u2060\u0301\u3164\ufe0fa"))))
}

// TestEveryMessageIsWhole checks what an adapter relies on, for any texts.
func TestEveryMessageIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := func(name string) string { return anyText().Draw(t, name) }
		c := session()
		c.Project.Slug = rapid.StringMatching(`[a-z0-9][a-z0-9-]{0,63}`).Draw(t, "slug")
		c.Project.Name, c.Project.Tagline, c.Project.CurrentState, c.Project.Category = word("name"), word("tagline"), word("state"), word("category")
		c.Moves[0].Title, c.Moves[0].Summary = word("title"), word("summary")
		c.Project.Tags = []string{word("tag")}
		c.View = rapid.SampledFrom([]string{ViewCard, ViewMoves, ViewOutlook, ViewWhy}).Draw(t, "view")
		c.Page = rapid.IntRange(-1, 9).Draw(t, "page")
		list := Projects{Title: "All projects", Query: "all tag:" + word("query"), Page: 1, Pages: 2, Total: 11, Rows: []Row{{Project: c.Project, Reading: c.Reading, LastMove: now}}}
		for _, m := range []notify.Message{CardMessage(c, now), AlertMessage(Alert{c.Project, c.Moves[0], c.Reading}, now), AlertMessage(Alert{c.Project, taken(c.Moves[0], time.Hour), c.Reading}, now), BundleMessage(Bundle{Items: append(itemsOf(c, 1), Item{Project: c.Project, Move: taken(c.Moves[0], time.Hour)})}, now), ProjectsMessage(list, now)} {
			if strings.TrimSpace(m.Fallback) == "" {
				t.Fatal("the fallback is empty")
			}
			for _, b := range m.Blocks {
				checkBlock(t, b)
			}
		}
	})
}

func checkBlock(t *rapid.T, b notify.Block) {
	switch b := b.(type) {
	case notify.Actions:
		if len(b.Buttons) == 0 || len(b.Buttons) > 5 {
			t.Fatalf("a row of %d buttons", len(b.Buttons))
		}
		for _, button := range b.Buttons {
			if button.Label == "" || (button.URL == "") == (button.Command == "") || len(button.Command) > 90 {
				t.Fatalf("the button %+v", button)
			}
		}
	case notify.Text:
		all := ""
		for _, s := range b.Spans {
			if s.Text == "" || (s.URL != "" && strings.IndexFunc(s.Text, seen) < 0) {
				t.Fatalf("the span %+v shows nothing", s)
			}
			all += s.Text
		}
		if strings.IndexFunc(all, seen) < 0 {
			t.Fatalf("an empty text: %+v", b)
		}
	}
}
