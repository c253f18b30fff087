package bottest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/chart"
	"sparkbot/notify/compose"
	"sparkbot/notify/digest"
	"sparkbot/store"
)

// Shelf is what a digest is composed from, in memory. Every move counts as
// noticed in the order in which it happened.
type Shelf struct {
	All   []store.Project
	Moves map[int64][]store.Move // by project
}

// Projects gives all projects.
func (s Shelf) Projects(context.Context) ([]store.Project, error) { return s.All, nil }

// Pulse gives all moves without their words.
func (s Shelf) Pulse(context.Context, ...int64) (map[int64][]store.Move, error) {
	pulse := map[int64][]store.Move{}
	for id, moves := range s.Moves {
		for _, m := range moves {
			m.Title, m.Summary = "", ""
			pulse[id] = append(pulse[id], m)
		}
	}
	return pulse, nil
}

// Snapshots gives none: the past is as the moves have it.
func (s Shelf) Snapshots(context.Context, time.Time, ...int64) (map[int64][]store.Snapshot, error) {
	return nil, nil
}

// Told gives the moves since a time, whatever notices are asked for.
func (s Shelf) Told(_ context.Context, _, _ int64, since time.Time) ([]store.Told, error) {
	var told []store.Told
	for _, p := range s.All {
		for _, m := range s.Moves[p.ID] {
			if !m.OccurredAt.Before(since) && !m.OccurredAt.After(Now) {
				told = append(told, store.Told{Move: m})
			}
		}
	}
	return told, nil
}

// MovesByID gives moves whole.
func (s Shelf) MovesByID(_ context.Context, ids []int64) ([]store.Move, error) {
	var moves []store.Move
	for _, all := range s.Moves {
		for _, m := range all {
			if slices.Contains(ids, m.ID) {
				moves = append(moves, m)
			}
		}
	}
	return moves, nil
}

// Put adds a project with its moves.
func (s *Shelf) Put(p store.Project, moves ...store.Move) {
	if s.Moves == nil {
		s.Moves = map[int64][]store.Move{}
	}
	p.ID = int64(len(s.All) + 1)
	for i := range moves {
		moves[i].ID, moves[i].ProjectID = p.ID*1000+int64(i), p.ID
	}
	s.All, s.Moves[p.ID] = append(s.All, p), moves
}

// Week gives what an edition of a week before Now has to say.
func (s Shelf) Week(e store.Edition) digest.Week {
	if e.End.IsZero() {
		e.Begin, e.End, e.First = Now.AddDate(0, 0, -7), Now, true
	}
	w, err := digest.NewDesk(s, nil).Week(context.Background(), e, Now)
	if err != nil {
		panic(err) // a Shelf has no errors
	}
	return w
}

// weekly is the edition of a place that follows everything in Berlin.
func weekly() store.Edition {
	return store.Edition{
		ID: 7, Variant: store.Weekly, Schedule: store.Schedule{Weekday: time.Monday, Minute: 14 * 60, Zone: "Europe/Berlin"},
		Follows: `[{"kind":"everything"}]`,
	}
}

// moveOf makes a move of some days ago.
func moveOf(daysAgo int, spark bool, title string) store.Move {
	slug := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(title))
	return store.Move{
		Title: title, Spark: spark, Revision: 1, OccurredAt: Now.AddDate(0, 0, -daysAgo).Add(-time.Hour),
		SourceURL: fmt.Sprintf("https://example.org/releases/%s-%d", slug, daysAgo),
	}
}

// RealDigest is a week of the twenty real projects, Monday to Monday. It is for
// tests of rooms two levels below the module.
func RealDigest(t testing.TB) notify.Message {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("..", "..", "cmd", "internal", "app", "testdata", "projects.json"))
	if err != nil {
		t.Fatal(err)
	}
	shelf, err := realShelf(document)
	if err != nil {
		t.Fatal(err)
	}
	monday := time.Date(2026, time.August, 10, 9, 0, 0, 0, time.UTC)
	return DigestOf(shelf.Week(store.Edition{
		ID: 1, Variant: store.Weekly, Schedule: store.DefaultSchedule, Follows: `[{"kind":"everything"}]`, Begin: monday.AddDate(0, 0, -7), End: monday, First: true,
	}))
}

// realShelf is a document of import.
func realShelf(document []byte) (Shelf, error) {
	var doc struct {
		Projects []struct {
			Slug, Name, Category, Tagline, Prediction, URL string
			Tags                                           []string
			Moves                                          []struct {
				Title      string
				SourceURL  string    `json:"source_url"`
				OccurredAt time.Time `json:"occurred_at"`
				Spark      bool
			}
		}
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return Shelf{}, fmt.Errorf("read the projects: %w", err)
	}
	var s Shelf
	for _, p := range doc.Projects {
		var moves []store.Move
		for _, m := range p.Moves {
			moves = append(moves, store.Move{Title: m.Title, SourceURL: m.SourceURL, OccurredAt: m.OccurredAt, Spark: m.Spark, Revision: 1})
		}
		s.Put(store.Project{Slug: p.Slug, Name: p.Name, Category: p.Category, Tagline: p.Tagline, Prediction: p.Prediction, URL: p.URL, Tags: p.Tags}, moves...)
	}
	return s, nil
}

// Weeks are the weeks that every adapter shows, by name.
func Weeks() map[string]digest.Week {
	one, mixed := weekly(), weekly()
	one.Follows = `[{"kind":"project","value":"session"}]`
	mixed.Follows = `[{"kind":"category","value":"COMMS","except":["zulip"]},{"kind":"project","value":"emoji"},{"kind":"tag","value":"p2p"}]`
	weeks := map[string]digest.Week{}
	for name, s := range Shelves() {
		e := weekly()
		switch name {
		case "one":
			e = one
		case "rtl":
			e = mixed
		}
		weeks[name] = s.Week(e)
	}
	return weeks
}

// Shelves are the stores that every adapter shows, by name.
func Shelves() map[string]Shelf {
	shelves := map[string]Shelf{}
	var busy Shelf
	for i := range 14 {
		var moves []store.Move
		for ago := 20 + i; ago < 400; ago += 11 + i {
			moves = append(moves, moveOf(ago, ago%3 == 0, fmt.Sprintf("Release 1.%d", (400-ago)/3)))
		}
		for n := range i % 5 {
			moves = append(moves, moveOf(1+n+i%3, n == 1 && i%2 == 0, fmt.Sprintf("Release 2.%d brings a faster index and a smaller footprint", n)))
		}
		p := store.Project{Slug: fmt.Sprintf("project-%02d", i), Name: fmt.Sprintf("Project %c", 'A'+i), Category: "INFRA", Prediction: "A 3.0 is likely before the year ends."}
		busy.Put(p, moves...)
	}
	busy.Put(store.Project{Slug: "newcomer", Name: "Newcomer", Category: "AI"}, moveOf(2, true, "The first public release"), moveOf(1, false, "A patch"))
	shelves["busy"] = busy

	var quiet Shelf
	quiet.Put(store.Project{Slug: "session", Name: "Session", Category: "COMMS"}, moveOf(19, true, "The Future of Session"), moveOf(183, true, "Protocol V2"))
	quiet.Put(store.Project{Slug: "river", Name: "River", Category: "DATA"}, moveOf(60, false, "River 0.41"))
	quiet.Put(store.Project{Slug: "caddy", Name: "Caddy", Category: "INFRA"}, moveOf(300, false, "Caddy 2.10"))
	shelves["quiet"] = quiet

	var first Shelf
	first.Put(store.Project{Slug: "session", Name: "Session", Category: "COMMS", Prediction: "Work picks up around Protocol V2."}, moveOf(1, true, "The Future of Session"))
	first.Put(store.Project{Slug: "river", Name: "River", Category: "DATA"}, moveOf(3, false, "River 0.43"), moveOf(5, false, "River 0.42"))
	first.Put(store.Project{Slug: "caddy", Name: "Caddy", Category: "INFRA"})
	shelves["first"] = first

	var single Shelf
	single.Put(store.Project{Slug: "session", Name: "Session", Category: "COMMS", Prediction: "Work picks up around Protocol V2; the pace follows the donations."},
		moveOf(2, true, "The Future of Session"), moveOf(91, false, "A personal appeal"), moveOf(183, true, "Protocol V2"))
	single.Put(store.Project{Slug: "river", Name: "River", Category: "DATA"}, moveOf(3, false, "River 0.43"))
	shelves["one"] = single

	shelves["200"] = crowd("A move with quite a long title that tells what is in it and why it matters to everyone who waits for it", 200)

	var other Shelf
	other.Put(store.Project{Slug: "rtl", Name: "סשן 🕊️", Category: "COMMS", Prediction: "העבודה נמשכת."}, moveOf(1, true, "מימון הגיע 👨‍👩‍👧‍👦"), moveOf(40, false, "גרסה 1.0"))
	other.Put(store.Project{Slug: "arabic", Name: "مشروع", Category: "COMMS"}, moveOf(2, false, "إصدار جديد 🎉"), moveOf(90, true, "البداية"))
	other.Put(store.Project{Slug: "emoji", Name: "🦆 Quack", Category: "DATA"}, moveOf(3, true, "🚀🚀 2.0 is out"), moveOf(70, false, "1.9"))
	shelves["rtl"] = other
	return shelves
}

// crowd is n projects, all of which moved, with the given text everywhere.
func crowd(text string, n int) Shelf {
	var s Shelf
	for i := range n {
		var moves []store.Move
		for ago := range 40 {
			m := moveOf(ago*3+i%5, (ago+i)%4 == 0, "x")
			m.Title, m.SourceURL = text, m.SourceURL+strings.Repeat("/long", i%40)+fmt.Sprint("-", i)
			moves = append(moves, m)
		}
		if i%3 == 1 {
			moves = moves[20:]
		}
		s.Put(store.Project{
			Slug: fmt.Sprintf("p-%d", i), Name: fmt.Sprintf("%d %s", i, notify.Cut(text, 80)), Category: "INFRA", Tags: []string{"tag"}, Prediction: text,
		}, moves...)
	}
	return s
}

var studio = chart.New()

// DigestOf composes a week with its picture.
func DigestOf(w digest.Week) notify.Message {
	p, drawn, err := w.Picture(studio)
	if err != nil {
		panic(err) // a week of a Shelf can be drawn
	}
	if !drawn {
		return compose.DigestMessage(w, nil)
	}
	picture := notify.Picture(p)
	return compose.DigestMessage(w, &picture)
}

// Digests are the digests that every adapter shows, and a page of a full list.
func Digests() map[string]notify.Message {
	all := map[string]notify.Message{}
	for name, w := range Weeks() {
		all["digest-"+name] = DigestOf(w)
	}
	all["digest-list"] = compose.DigestListMessage(compose.DigestList{Week: Weeks()["200"], Page: 2})
	return all
}

// digestsFit posts digests with hard texts to the platform under test.
func digestsFit(t *testing.T, h Harness, _ *Script) {
	for name, m := range Digests() {
		if _, err := post(t, h, m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for what, text := range map[string]string{
		"long": strings.Repeat("A long text goes on and on. ", 30), "marks": strings.Repeat("*_~`<>&|[]()#-\\", 60), "emoji": strings.Repeat("👨‍👩‍👧‍👦", 200),
		"right to left": strings.Repeat("שלום עולם ", 90), "Chinese": strings.Repeat("隐私消息", 200),
	} {
		if _, err := post(t, h, DigestOf(crowd(text, 60).Week(weekly()))); err != nil {
			t.Errorf("with %s text: %v", what, err)
		}
	}
}
