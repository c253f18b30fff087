package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"sparkbot/store"
)

var today = time.Date(2026, 8, 10, 0, 0, 0, 0, time.UTC)

func snapshotsAreWrittenOnce(t *testing.T, w *World) {
	session, zulip := w.Project("session", "COMMS"), w.Project("zulip", "COMMS")
	gone := store.Snapshot{ProjectID: 99_999, Day: today, Score: 1}
	first := []store.Snapshot{
		{ProjectID: session.ID, Day: today, Score: 3.84},
		{ProjectID: session.ID, Day: today.AddDate(0, 0, -1), Score: 3.9, Filled: true},
		{ProjectID: zulip.ID, Day: today, Score: 0},
		gone,
	}
	if n, err := w.DB.KeepSnapshots(t.Context(), first); err != nil || n != 3 {
		t.Fatalf("%d snapshots were written, %v", n, err)
	}
	second := []store.Snapshot{{ProjectID: session.ID, Day: today, Score: 9}, {ProjectID: zulip.ID, Day: today.AddDate(0, 0, 1), Score: 0.5}}
	if n, err := w.DB.KeepSnapshots(t.Context(), second); err != nil || n != 1 {
		t.Fatalf("%d snapshots were written later, %v", n, err)
	}
	all, err := w.DB.Snapshots(t.Context(), today.AddDate(0, 0, -1))
	if err != nil || len(all) != 2 || len(all[session.ID]) != 2 || all[session.ID][0] != first[1] || all[session.ID][1] != first[0] || len(all[zulip.ID]) != 2 {
		t.Errorf("the snapshots are %+v, %v", all, err)
	}
	some, err := w.DB.Snapshots(t.Context(), today, zulip.ID)
	if err != nil || len(some) != 1 || len(some[zulip.ID]) != 2 {
		t.Errorf("those of one project are %+v, %v", some, err)
	}
	last, err := w.DB.LastSnapshots(t.Context())
	if err != nil || !last[session.ID].Equal(today) || !last[zulip.ID].Equal(today.AddDate(0, 0, 1)) {
		t.Errorf("the last are %v, %v", last, err)
	}
	many := make([]store.Snapshot, 5500)
	for i := range many {
		many[i] = store.Snapshot{ProjectID: session.ID, Day: today.AddDate(0, 0, -2-i), Score: 1, Filled: true}
	}
	if n, err := w.DB.KeepSnapshots(t.Context(), many); err != nil || n != len(many) {
		t.Errorf("%d of %d snapshots were written, %v", n, len(many), err)
	}
	if err := w.DB.DropSnapshots(t.Context(), today); err != nil {
		t.Fatal(err)
	}
	if all, err = w.DB.Snapshots(t.Context(), today.AddDate(-20, 0, 0)); err != nil || len(all[session.ID]) != 1 || len(all[zulip.ID]) != 2 {
		t.Errorf("after the old ones were dropped they are %+v, %v", all, err)
	}
}

func turnsAreTakenOnce(t *testing.T, w *World) {
	p := w.Project("session", "COMMS")
	at := today.Add(9 * time.Hour)
	if err := w.DB.KeepMomenta(t.Context(), []store.Momentum{{ProjectID: p.ID, Quiet: true}, {ProjectID: 99_999}}, nil); err != nil {
		t.Fatal(err)
	}
	kept, err := w.DB.Momenta(t.Context())
	if err != nil || len(kept) != 1 || kept[p.ID] != (store.Momentum{ProjectID: p.ID, Version: 1, Quiet: true}) {
		t.Fatalf("the momenta are %+v, %v", kept, err)
	}
	// Two replicas read the same and decide the same: one of them is right.
	for range 2 {
		m := kept[p.ID]
		m.Quiet, m.Surging, m.WokeAt = false, true, at
		err := w.DB.KeepMomenta(t.Context(), []store.Momentum{m}, []store.Turning{{ProjectID: p.ID, Turn: store.TurnAwake, At: at, Silent: 41, MoveID: 7}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if kept, err = w.DB.Momenta(t.Context()); err != nil || kept[p.ID] != (store.Momentum{ProjectID: p.ID, Version: 2, Surging: true, WokeAt: at}) {
		t.Errorf("the momenta are %+v, %v", kept, err)
	}
	turnings, err := w.DB.Turnings(t.Context(), 10)
	if err != nil || len(turnings) != 1 {
		t.Fatalf("the turnings are %+v, %v", turnings, err)
	}
	want := store.Turning{ID: turnings[0].ID, ProjectID: p.ID, Turn: store.TurnAwake, At: at, Silent: 41, MoveID: 7}
	if one, err := w.DB.Turning(t.Context(), want.ID); err != nil || one != want || turnings[0] != want {
		t.Errorf("the turning is %+v, %v", one, err)
	}
}

// turn has a project take a turn and gives it.
func (w *World) turn(p store.Project, turn store.Turn, at time.Time) store.Turning {
	w.T.Helper()
	kept, err := w.DB.Momenta(w.T.Context())
	if err != nil {
		w.T.Fatal(err)
	}
	m := kept[p.ID]
	m.ProjectID = p.ID
	if err := w.DB.KeepMomenta(w.T.Context(), []store.Momentum{m}, []store.Turning{{ProjectID: p.ID, Turn: turn, At: at}}); err != nil {
		w.T.Fatal(err)
	}
	all, err := w.DB.Turnings(w.T.Context(), 10)
	if err != nil || len(all) == 0 {
		w.T.Fatal(all, err)
	}
	return all[len(all)-1]
}

func turnsAreToldInChunks(t *testing.T, w *World) {
	p := w.Project("session", "COMMS", "privacy")
	for i := range 7 {
		target := []store.Target{{Kind: store.TargetProject, Value: "session"}, {Kind: store.TargetTag, Value: "privacy"}, {Kind: store.TargetEverything}}[i%3]
		w.Place(fmt.Sprint("follows-", i), store.Trends, target, store.Target{Kind: store.TargetCategory, Value: "comms"})
	}
	w.Place("sparks-only", store.Sparks, store.Target{Kind: store.TargetEverything})
	now := time.Now().Add(time.Hour)
	turning := w.turn(p, store.TurnSurging, now)
	e := store.TurningExpansion{Turning: turning, Project: p, Now: now, GiveUpAt: now.Add(6 * time.Hour), Chunk: 3}
	total := 0
	for done := false; !done; {
		added, finished, err := w.DB.ExpandTurning(t.Context(), e)
		if err != nil || added > 3 {
			t.Fatalf("a chunk told %d, %v", added, err)
		}
		total, done = total+added, finished
	}
	if total != 7 {
		t.Errorf("%d places were told, want 7", total)
	}
	if _, _, err := w.DB.ExpandTurning(t.Context(), e); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("telling it again gives %v", err)
	}
	claims := w.Claim(now.Add(time.Minute), 20)
	if len(claims) != 7 {
		t.Fatalf("%d messages are claimed", len(claims))
	}
	key := fmt.Sprintf("trend:%d:surging:%s", p.ID, now.UTC().Format(time.DateOnly))
	for _, c := range claims {
		if c.Kind != store.DeliveryTrend || c.TurningID != turning.ID || c.Key != key || c.MoveID != 0 || c.Retracted {
			t.Errorf("a message is %+v", c.Delivery)
		}
	}
}

func trendsAreHeldAndEndWithTheirProject(t *testing.T, w *World) {
	session, zulip := w.Project("session", "COMMS"), w.Project("zulip", "COMMS")
	everything := store.Target{Kind: store.TargetEverything}
	silent, loud := w.Place("silent", store.Trends, everything), w.Place("loud", store.Trends, everything)
	now := time.Now().Add(time.Hour)
	if err := w.DB.SetMute(t.Context(), store.Mute{PlaceID: silent.ID, ProjectID: session.ID, Until: now.Add(24 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []store.Project{session, zulip} {
		turning := w.turn(p, store.TurnQuiet, now)
		if _, done, err := w.DB.ExpandTurning(t.Context(), store.TurningExpansion{Turning: turning, Project: p, Now: now, GiveUpAt: now.Add(time.Hour), Chunk: 100}); err != nil || !done {
			t.Fatal(done, err)
		}
	}
	for _, c := range w.Claim(now, 10) {
		if muted := c.MutedUntil.After(now); muted != (c.PlaceID == silent.ID) || c.Retracted {
			t.Errorf("at %s the message is muted: %v, over: %v", c.Place.Channel, muted, c.Retracted)
		}
		if c.PlaceID == loud.ID {
			w.Post(c, "1")
		}
	}
	w.MustExec("DELETE FROM projects WHERE id = $1", zulip.ID)
	for _, c := range w.Claim(now, 10) {
		if c.PlaceID == loud.ID && !c.Retracted {
			t.Errorf("the message on a deleted project is %+v", c)
		}
	}
	turnings, err := w.DB.Turnings(t.Context(), 10)
	if err != nil || len(turnings) != 0 {
		t.Errorf("turnings are left to tell: %+v, %v", turnings, err)
	}
}
