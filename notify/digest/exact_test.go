package digest_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sparkbot/notify/digest"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// TestEveryMoveIsInOneDigest lets weeks pass over places with replicas that come
// and go, and reads what every place was told: every move once.
func TestEveryMoveIsInOneDigest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		for _, slug := range []string{"session", "river", "caddy"} {
			w.Project(slug, "COMMS")
		}
		places := map[int64][]int64{} // and the editions each was sent
		for i := range 40 {
			targets := []store.Target{storetest.Everything, storetest.Slug("river")}[i%2:]
			places[w.Place(fmt.Sprint("C", i), store.Digests, targets...).ID] = nil
		}
		start := time.Date(2026, time.August, 3, 8, 0, 0, 0, time.UTC)
		closeWeeks(t, w, start) // works out the first times
		var stored []string
		for week := range 5 {
			at := start.Add(time.Duration(week) * 7 * 24 * time.Hour)
			for n := range 4 {
				slug := []string{"session", "river", "caddy", "river"}[n]
				title := fmt.Sprintf("%s in week %d, %d", slug, week, n)
				// Some happened days before they were stored, the last long before.
				happened := at.Add(-time.Duration(n*n*24) * time.Hour)
				w.MustExec("INSERT INTO moves (project_id, title, source_url, occurred_at) SELECT id, $1, $2, $3 FROM projects WHERE slug = $4",
					title, "https://x.org/"+strings.ReplaceAll(title, " ", "-"), happened.Format(time.RFC3339), slug)
				stored = append(stored, title)
			}
			w.Forget()
			late := []time.Duration{time.Hour, 11 * time.Hour, 26 * time.Hour, time.Hour, time.Hour}[week] // the third is too late
			closeWeeks(t, w, at.Add(late))
			for _, c := range w.Claim(at.Add(48*time.Hour), 1000) {
				places[c.PlaceID] = append(places[c.PlaceID], c.EditionID)
				w.Settle(c, store.OutcomeSent, nil)
			}
		}
		for place, editions := range places {
			if len(editions) != 4 {
				t.Fatalf("place %d was sent %d digests in five weeks of which one was too late, want 4", place, len(editions))
			}
			told := map[string]int{}
			for _, id := range editions {
				e, err := w.DB.Edition(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				since := e.Begin
				if !e.First {
					since = since.AddDate(0, 0, -7)
				}
				moves, err := w.DB.Told(t.Context(), e.After, e.UpTo, since)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range moves {
					told[m.Title]++
				}
			}
			for _, title := range stored {
				want := 1
				if title == "river in week 0, 3" { // nine days old when the first digest came: history
					want = 0
				}
				if told[title] != want {
					t.Errorf("place %d was told %d times of %s, want %d", place, told[title], title, want)
				}
			}
		}
	})
}

// closeWeeks lets three processes close what is due at a time.
func closeWeeks(t *testing.T, w *storetest.World, at time.Time) {
	t.Helper()
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for range 3 {
				c := digest.New(w.DB, digest.Options{Now: func() time.Time { return at }, Chunk: 7, Log: storetest.Log(t)})
				if _, err := c.Pass(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	due, err := w.DB.DueDigests(t.Context(), at, 100)
	if err != nil || len(due) > 0 {
		t.Fatalf("still due are %d places (%v)", len(due), err)
	}
}

// TestAnImportOfHistoryIsNoNews imports a project with years of moves after a
// digest came: only what happened within the window is told.
func TestAnImportOfHistoryIsNoNews(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		w.Project("session", "COMMS")
		w.Place("C", store.Digests, storetest.Everything)
		desk := digest.NewDesk(w.DB, w.DB)
		monday := time.Date(2026, time.August, 10, 9, 0, 0, 0, time.UTC)
		w.MustExec("INSERT INTO moves (project_id, title, source_url, occurred_at) SELECT id, 'late news', 'https://x.org/late', $1 FROM projects", monday.AddDate(0, 0, -10).Format(time.RFC3339))
		w.Forget()
		w.ImportHistory("river", monday.AddDate(0, 0, -2), monday.AddDate(0, 0, -10), monday.AddDate(-1, 0, 0))
		week, err := desk.Week(t.Context(), store.Edition{
			Variant: store.Weekly, Schedule: store.DefaultSchedule, Follows: `[{"kind":"everything"}]`,
			Begin: monday.AddDate(0, 0, -7), End: monday, UpTo: w.Notices(),
		}, monday)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, m := range week.Ranked {
			told = append(told, fmt.Sprintf("%s %d", m.Project.Slug, m.Moves))
		}
		slices.Sort(told)
		if got := strings.Join(told, ", "); got != "river 1, session 1" {
			t.Errorf("the digest tells of %s, want the late news and the one move of the window", got)
		}
	})
}
