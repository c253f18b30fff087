package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"sparkbot/store"
	"sparkbot/store/sqlstore"
)

func writesAreNoticed(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	w.Move("session", "a move")
	step := func(want, query string, args ...any) {
		t.Helper()
		w.Forget()
		w.MustExec(query, args...)
		if got := w.Kinds(); got != want {
			t.Errorf("%s is noticed as %q, want %q", query, got, want)
		}
	}
	if got := w.Kinds(); got != "stored" {
		t.Errorf("an insert is noticed as %q", got)
	}
	m := w.Changes()[0].Move
	if m.Revision != 1 || m.StoredAt.IsZero() || m.Title != "a move" {
		t.Errorf("the move arrived as %+v", m)
	}
	step("edited", "UPDATE moves SET title = 'a better title'")
	step("", "UPDATE moves SET title = 'a better title'")
	step("sparked", "UPDATE moves SET spark = $1, title = 'with a spark'", true)
	step("edited", "UPDATE moves SET spark = $1", false)
	step("retracted", "UPDATE moves SET retracted_at = $1", w.Now.Format(time.RFC3339))
	step("", "UPDATE moves SET title = 'edited while retracted'")
	step("stored", "UPDATE moves SET retracted_at = NULL")
	got, err := w.DB.Move(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Revision != 7 || !got.StoredAt.Equal(m.StoredAt) {
		t.Errorf("after six edits revision is %d and stored_at moved by %s", got.Revision, got.StoredAt.Sub(m.StoredAt))
	}
	if w.DB.Dialect() == "sqlite" {
		step("stored", "INSERT INTO moves (project_id, title, source_url, occurred_at) SELECT id, 'by sqlite clock', 'https://x.org/now', datetime('now') FROM projects")
		if at := w.Changes()[0].Move.OccurredAt; time.Since(at).Abs() > time.Minute {
			t.Errorf("what datetime('now') gives is read as %s", at)
		}
	}
}

func commitsWake(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	// An hour, so that only a notification, or the write to the file, can wake it.
	watcher, err := sqlstore.Open(t.Context(), w.URL, sqlstore.Options{Logger: Log(t), Poll: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watcher.Close() }()
	ctx, stop := context.WithCancel(t.Context())
	wakes, err := watcher.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		for range wakes { // closed once the watch has ended
			continue
		}
	}()
	for i := range 3 {
		w.Forget()
		drain(wakes)
		w.Move("session", fmt.Sprintf("move %d", i))
		select {
		case <-wakes:
		case <-time.After(10 * time.Second):
			t.Fatalf("commit %d was not noticed", i)
		}
		if got := w.Kinds(); got != "stored" {
			t.Errorf("after commit %d there is %q", i, got)
		}
	}
}

func drain(wakes <-chan struct{}) {
	for {
		select {
		case <-wakes:
		default:
			return
		}
	}
}

func firstImportIsHistory(t *testing.T, w *World) {
	p, moves := sample()
	put(w, p, moves)
	if got := w.Kinds(); got != "" {
		t.Errorf("a first import is noticed as %q", got)
	}
	put(w, p, append(moves, store.Move{Title: "News", SourceURL: "https://x.org/3", OccurredAt: w.Now}))
	if got := w.Kinds(); got != "stored" {
		t.Errorf("a later import is noticed as %q", got)
	}
}

func expansionIsExact(t *testing.T, w *World) {
	w.Project("session", "COMMS", "Privacy", "p2p")
	w.Project("river", "DATA")
	tag, category := store.Target{Kind: store.TargetTag, Value: "privacy"}, store.Target{Kind: store.TargetCategory, Value: "comms"}
	hears := map[string]bool{"all of them": true, "category": true, "tag": true, "project": true, "moves only": true}
	w.Place("all of them", store.DefaultEvents, Everything, category, tag, Slug("session"))
	w.Place("category", store.Sparks, category)
	w.Place("tag", store.Sparks, tag)
	w.Place("project", store.Sparks, Slug("session"))
	w.Place("moves only", store.Moves, Everything)
	w.Place("digest only", store.Digests, Everything)
	w.Place("another", store.Sparks, Slug("river"))
	except := w.Place("except", store.NoEvents)
	w.Subscribe(store.Subscription{PlaceID: except.ID, Target: Everything, Events: store.Sparks, Except: []string{"session"}})
	roles := w.Place("roles", store.NoEvents)
	hears["roles"] = true
	w.Subscribe(store.Subscription{PlaceID: roles.ID, Target: Everything, Events: store.Sparks, Role: "7"})
	w.Subscribe(store.Subscription{PlaceID: roles.ID, Target: Slug("session"), Events: store.Sparks, Role: "8"})

	w.Move("session", "funded")
	late, stored := w.Place("subscribed later", store.NoEvents), w.Changes()[0].At
	for begun := stored; !begun.After(stored); { // until the database's clock has moved on
		begun = w.Subscribe(store.Subscription{PlaceID: late.ID, Target: Everything, Events: store.AllEvents}).Since
		if !begun.After(stored) {
			if _, err := w.DB.UnsubscribeAll(t.Context(), late.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Tell(store.Sparks | store.Moves)
	if again := w.Tell(store.Sparks); again != 0 {
		t.Errorf("telling again owes %d more", again)
	}
	for _, c := range w.Claim(w.Now.Add(time.Second), 100) {
		if !hears[c.Place.Channel] {
			t.Errorf("%q hears of it", c.Place.Channel)
		}
		delete(hears, c.Place.Channel)
		if c.Place.Channel == "roles" && fmt.Sprint(c.Roles) != "[7 8]" && fmt.Sprint(c.Roles) != "[8 7]" {
			t.Errorf("the roles to mention are %v", c.Roles)
		}
		if c.Revision != 1 || c.Retracted || c.Again || c.Kind != store.DeliveryAlert {
			t.Errorf("the claim is %+v", c)
		}
	}
	for channel := range hears {
		t.Errorf("%q does not hear of it", channel)
	}
}

func expansionInChunks(t *testing.T, w *World) {
	p := w.Project("session", "COMMS")
	for i := range 7 {
		w.Place(fmt.Sprintf("c%d", i), store.Sparks, Everything, Slug("session"))
	}
	w.Move("session", "funded")
	c := w.Changes()[0]
	e := store.Expansion{Change: c, Project: p, Events: store.Sparks, Now: w.Now, GiveUpAt: w.Now.Add(time.Hour), Chunk: 3}
	for i, want := range []struct {
		added int
		done  bool
	}{{3, false}, {3, false}, {1, true}} {
		x, err := w.DB.Expand(t.Context(), e)
		if err != nil || x.Owed != want.added || x.Done != want.done || x.Claimed != nil {
			t.Fatalf("chunk %d: %+v, %v", i, x, err)
		}
	}
	if _, err := w.DB.Expand(t.Context(), e); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("expanding what is finished gives %v", err)
	}
}
