package momentum

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"sparkbot/store"
	"sparkbot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// moves has a project move some days ago, by plain SQL.
func moves(w *storetest.World, slug string, spark bool, daysAgo ...int) {
	w.T.Helper()
	for _, d := range daysAgo {
		w.MustExec(`INSERT INTO moves (project_id, title, source_url, spark, occurred_at) SELECT id, $1, $2, $3, $4 FROM projects WHERE slug = $5`,
			fmt.Sprintf("Move of %d days ago", d), fmt.Sprintf("https://example.org/%s/%d/%v", slug, d, spark), spark,
			w.Now.AddDate(0, 0, -d).Add(-time.Minute).Format(time.RFC3339), slug)
	}
}

// owed gives the keys of the trend messages a place is owed, newest first.
func owed(w *storetest.World, p store.Place) (keys []string) {
	w.T.Helper()
	all, err := w.DB.Deliveries(w.T.Context(), p.ID, 100)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, d := range all {
		if d.Kind == store.DeliveryTrend {
			keys = append(keys, d.Key)
		}
	}
	return keys
}

func TestAProjectThatWakesIsToldOnceWhateverLooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		session := w.Project("session", "COMMS")
		w.Project("river", "DATA")
		moves(w, "session", true, 120, 60)
		moves(w, "river", true, 0, 1, 2) // surges already when it is first seen
		follower := w.Place("trend", store.Trends, storetest.Everything)
		other := w.Place("sparks", store.Sparks, storetest.Everything)
		watcher := func() *Watcher {
			return New(w.DB, Options{Now: func() time.Time { return w.Now.Add(time.Hour) }, Chunk: 1})
		}
		look := func() {
			t.Helper()
			if err := watcher().Look(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		look()
		if keys := owed(w, follower); len(keys) != 0 {
			t.Fatalf("the first look alerts of %v", keys)
		}

		moves(w, "session", true, 0)
		failed := make(chan error, 4)
		for range cap(failed) { // replicas, at once
			go func() { failed <- watcher().Look(t.Context()) }()
		}
		for range cap(failed) {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
		look() // and another after a restart
		want := fmt.Sprintf("[trend:%d:awake:%s]", session.ID, w.Now.Add(time.Hour).UTC().Format(time.DateOnly))
		if keys := owed(w, follower); fmt.Sprint(keys) != want {
			t.Errorf("the follower is owed %v, want %s", keys, want)
		}
		if keys := owed(w, other); len(keys) != 0 {
			t.Errorf("a place that follows sparks alone is owed %v", keys)
		}
	})
}

func TestHistoryThatIsStoredLateAlertsNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		w.Project("session", "COMMS")
		moves(w, "session", false, 200)
		follower := w.Place("trend", store.Trends, storetest.Everything)
		watcher := New(w.DB, Options{Now: func() time.Time { return w.Now.Add(time.Hour) }})
		if err := watcher.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		moves(w, "session", true, 5, 6, 7, 9, 12) // of before the last three days
		for range 2 {
			if err := watcher.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if keys := owed(w, follower); len(keys) != 0 {
			t.Errorf("the follower is owed %v", keys)
		}
	})
}

func TestAProjectDeletedMeanwhileIsNotTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		p := w.Project("session", "COMMS")
		moves(w, "session", true, 60)
		follower := w.Place("trend", store.Trends, storetest.Everything)
		watcher := New(w.DB, Options{Now: func() time.Time { return w.Now.Add(time.Hour) }})
		if err := watcher.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := w.DB.KeepMomenta(t.Context(), []store.Momentum{{ProjectID: p.ID, Version: 1}}, []store.Turning{{ProjectID: p.ID, Turn: store.TurnAwake, At: w.Now}})
		if err != nil {
			t.Fatal(err)
		}
		w.MustExec("DELETE FROM projects WHERE id = $1", p.ID)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := watcher.Look(ctx); err != nil {
			t.Fatal(err)
		}
		if keys := owed(w, follower); len(keys) != 0 {
			t.Errorf("the follower is owed %v", keys)
		}
	})
}

func TestEveryDaysScoreIsKeptOnceAndMissedDaysAreFilled(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		p := w.Project("session", "COMMS")
		moves(w, "session", true, 20)
		start := w.Now
		now := start
		watcher := New(w.DB, Options{Now: func() time.Time { return now }})
		look := func() []store.Snapshot {
			t.Helper()
			if err := watcher.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			all, err := w.DB.Snapshots(t.Context(), start.AddDate(0, 0, -60), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			return all[p.ID]
		}
		first := look()
		if len(first) != 1 || first[0].Filled || first[0].Score < 3 {
			t.Fatalf("after the first look there are %+v", first)
		}
		// A move that is stored later with an earlier date changes no past.
		moves(w, "session", true, 15)
		if again := look(); len(again) != 1 || again[0] != first[0] {
			t.Errorf("the past became %+v", again)
		}
		now = start.AddDate(0, 0, 4)
		later := look()
		if len(later) != 5 || later[0] != first[0] {
			t.Fatalf("four days later there are %+v", later)
		}
		for i, s := range later[1:] {
			if s.Filled != (i < 3) || s.Score <= first[0].Score {
				t.Errorf("the day %s is %+v", s.Day.Format(time.DateOnly), s)
			}
		}
	})
}
