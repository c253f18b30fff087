package compose

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"sparkbot/notify"
	"sparkbot/store"
)

// veryLong is a project with as much in every text as the store takes.
func veryLong() Card {
	words := func(n int) string { return strings.Repeat("Long texts go on. ", n)[:n-1] }
	p := store.Project{
		Slug: strings.Repeat("s", store.MaxSlug), Name: words(store.MaxName), Category: words(store.MaxCategory), Tagline: words(store.MaxLine), Headline: words(store.MaxLine),
		CurrentState: words(store.MaxText), Heading: words(store.MaxText), Prediction: strings.Repeat("line\n", store.MaxText/5),
		URL: "https://getsession.org", IconURL: "https://getsession.org/icon.png",
	}
	for i := range store.MaxTags {
		p.Tags = append(p.Tags, fmt.Sprintf("%s-%02d", strings.Repeat("t", store.MaxTag-3), i))
	}
	var moves []store.Move
	for i := range 20 {
		moves = append(moves, move(int64(i), 5*i, i == 12, words(store.MaxLine), words(store.MaxText)))
	}
	return card(p, moves...)
}

// longLinks is a project with n moves, the addresses of whose sources are as long
// as the store takes.
func longLinks(n int) Card {
	c := veryLong()
	c.Project.Name, c.Moves = "Session", c.Moves[:n]
	for i := range c.Moves {
		c.Moves[i].Title, c.Moves[i].Summary = fmt.Sprint("Move ", i), ""
		c.Moves[i].SourceURL = (c.Moves[i].SourceURL + "?" + strings.Repeat("x", store.MaxURL))[:store.MaxURL]
	}
	return c
}

// invisible is a project whose texts are there, but show nothing.
func invisible() Card {
	const none = " \u200b\u2060\u202e\u3164\n"
	p := store.Project{Slug: "nobody", Name: none, Category: none, Tagline: none, Headline: none, Tags: []string{none}, CurrentState: none, Heading: none, Prediction: none}
	return card(p, move(1, 3, true, none, none))
}

// size counts a message as Discord does, but for the characters that escaping
// adds: the characters of texts with their addresses, and the parts.
func size(m notify.Message) (characters, parts int) {
	parts = 1 // the container
	for _, b := range m.Blocks {
		parts++
		switch b := b.(type) {
		case notify.Actions:
			parts += len(b.Buttons)
		case notify.Text:
			if b.Icon != "" || b.Button != nil {
				parts += 2
			}
			for _, s := range b.Spans {
				characters += utf8.RuneCountInString(s.Text) + len(s.URL)
			}
		}
	}
	return characters, parts
}

func TestWhatIsSaidStaysModest(t *testing.T) {
	rows := make([]Row, PageRows)
	for i := range rows {
		rows[i] = Row{veryLong().Project, session().Reading, now}
	}
	view := func(c Card, view string) notify.Message { c.View, c.Page = view, 2; return CardMessage(c, now) }
	for _, tc := range []struct {
		name             string
		m                notify.Message
		characters, most int
	}{
		{"the card of the page's project", CardMessage(session(), now), 2000, 39},
		{"a card of the longest texts", CardMessage(veryLong(), now), 5600, 39},
		{"a card of the longest addresses", CardMessage(longLinks(20), now), 3700, 39},
		{"a page of the longest moves", view(veryLong(), ViewMoves), 4700, 39},
		{"a page of the longest addresses", view(longLinks(20), ViewMoves), 3700, 39},
		{"reasons with the longest addresses", view(longLinks(20), ViewWhy), 3700, 39},
		{"an alert of the longest texts", AlertMessage(Alert{veryLong().Project, veryLong().Moves[0], session().Reading}, now), 1500, 39},
		{"an alert of the longest address", AlertMessage(Alert{longLinks(1).Project, longLinks(1).Moves[0], session().Reading}, now), 3700, 39},
		{"a page of projects with the longest texts", ProjectsMessage(Projects{Title: "All projects", Query: "all", Rows: rows, Page: 2, Pages: 3, Total: 30}, now), 3700, 39},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if characters, parts := size(tc.m); characters > tc.characters || parts > tc.most {
				t.Errorf("%d characters in %d parts, want at most %d in %d", characters, parts, tc.characters, tc.most)
			}
		})
	}
}

// TestACutCardLeadsToTheWhole follows the buttons of a card that shows less than
// there is.
func TestACutCardLeadsToTheWhole(t *testing.T) {
	labels := func(c Card) string {
		actions := CardMessage(c, now).Blocks
		var all []string
		for _, b := range actions[len(actions)-1].(notify.Actions).Buttons {
			all = append(all, b.Label)
		}
		return strings.Join(all, ", ")
	}
	for _, tc := range []struct {
		name string
		card Card
		want string
	}{
		{"nothing is left out", session(), "Why this score, Website"},
		{"moves and texts are left out", veryLong(), "All 20 moves, Whole outlook, Why this score, Website"},
		{"the address of a source is left out", longLinks(1), "Sources, Whole outlook, Why this score, Website"},
	} {
		if got := labels(tc.card); got != tc.want {
			t.Errorf("%s: the buttons are %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestTheCardShowsTheNewestSparkHoweverOld(t *testing.T) {
	c := veryLong()
	shown := recent(c.Moves)
	if len(shown) != cardMoves || !shown[cardMoves-1].Spark || shown[0].ID != 0 {
		t.Errorf("the card shows %d moves, the last a spark: %v", len(shown), shown[len(shown)-1].Spark)
	}
}

func TestInitial(t *testing.T) {
	for name, want := range map[string]string{
		"Session": "S", "étoile": "É", "e\u0301toile": "E\u0301", "👨\u200d👩\u200d👧\u200d👦 Family": "👨\u200d👩\u200d👧\u200d👦", "🇩🇪 flag": "🇩🇪",
		"\u202eסשן": "ס", "z" + strings.Repeat("\u0301", 90): "Z", "\u200b": "N",
	} {
		if got := initial(store.Project{Name: name, Slug: "nobody"}); got != want {
			t.Errorf("the initial of %q is %q, want %q", name, got, want)
		}
	}
}

func TestAFilterTooLongForAButtonIsSaidInWords(t *testing.T) {
	l := Projects{Title: "All projects", Page: 1, Pages: 3, Total: 25, Query: `all category:"` + strings.Repeat("c", store.MaxCategory) + `" tag:"` + strings.Repeat("t", store.MaxTag) + `"`}
	blocks := ProjectsMessage(l, now).Blocks
	foot, ok := blocks[len(blocks)-1].(notify.Text)
	if !ok || !strings.Contains(foot.Spans[0].Text, "page:2") {
		t.Errorf("the page ends with %+v", blocks[len(blocks)-1])
	}
}

func TestPlainTakesAnyWidth(t *testing.T) {
	for _, width := range []int{-1, 0, 1, 20} {
		if got := Plain(CardMessage(session(), now), width); !strings.Contains(got, "Session") {
			t.Errorf("at width %d the card reads %q", width, got)
		}
	}
}
