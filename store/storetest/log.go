package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sparkbot/store"
)

// logAnswers has one place hear of some moves and not of others.
func logAnswers(t *testing.T, w *World) {
	session := w.Project("session", "COMMS")
	w.Project("river", "DATA")
	p := w.Place("c", store.Moves, Slug("session"))
	w.Move("session", "heard")
	w.Tell(store.Moves)
	w.Move("river", "not followed")
	w.Tell(store.Moves)
	w.Move("session", "just now")
	if _, _, err := w.DB.Enqueue(t.Context(), store.Delivery{PlaceID: p.ID, Kind: store.DeliveryTest, Key: "test:1", DueAt: w.Now, GiveUpAt: w.Now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	read := func(project int64, since time.Time) string {
		t.Helper()
		all, err := w.DB.Log(t.Context(), store.LogQuery{PlaceID: p.ID, ProjectID: project, Since: since, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, e := range all {
			lines = append(lines, fmt.Sprintf("%s|%s|%s|%s|%v%v%v", e.Delivery.Kind, e.Delivery.State, e.Project.Slug, e.Move.Title, e.Pending, e.Known, e.History))
		}
		return strings.Join(lines, "\n")
	}
	all := read(0, w.Now.Add(-time.Hour))
	for _, want := range []string{
		"alert|waiting|session|heard|falsefalsefalse", "test|waiting|||falsefalsefalse", "||river|not followed|falsefalsefalse", "||session|just now|truefalsefalse",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the log lacks %q:\n%s", want, all)
		}
	}
	if one := read(session.ID, w.Now.Add(-time.Hour)); strings.Count(one, "\n") != 1 || strings.Contains(one, "river") || strings.Contains(one, "test") {
		t.Errorf("the log of one project is\n%s", one)
	}
	if none := read(0, w.Now.Add(time.Hour)); none != "" {
		t.Errorf("the log of the future is\n%s", none)
	}
	w.Settle(w.Claim(w.Now, 1)[0], store.OutcomeSent, nil)
	if _, _, err := w.DB.Prune(t.Context(), 0, w.Now.Add(time.Hour), 10); err != nil {
		t.Fatal(err)
	}
	if pruned := read(session.ID, w.Now.Add(-time.Hour)); !strings.Contains(pruned, "||session|heard|falsetruefalse") {
		t.Errorf("after it was pruned the log is\n%s", pruned)
	}
}

// explainingIsMatching holds store.Subscription.Hears, by which a log explains, to
// what the database matches.
func explainingIsMatching(t *testing.T, w *World) {
	w.Project("session", "COMMS", "Privacy", "p2p")
	w.Project("river", "DATA")
	targets := []store.Target{
		Everything, Slug("session"), Slug("river"),
		{Kind: store.TargetCategory, Value: "comms"},
		{Kind: store.TargetCategory, Value: "AI"},
		{Kind: store.TargetTag, Value: "privacy"},
		{Kind: store.TargetTag, Value: "P2P"},
		{Kind: store.TargetTag, Value: "go"},
	}
	subs := map[int64]store.Subscription{}
	var places []store.Place
	n := 0
	for _, target := range targets {
		for _, events := range []store.Events{store.Sparks, store.Moves, store.Sparks | store.Moves, store.Digests} {
			for _, except := range [][]string{nil, {"session"}, {"river"}} {
				n++
				p := w.Place(fmt.Sprint("c", n), store.NoEvents)
				places = append(places, p)
				subs[p.ID] = w.Subscribe(store.Subscription{PlaceID: p.ID, Target: target, Events: events, Except: except})
			}
		}
	}
	w.Move("session", "a move")
	session, err := w.DB.ProjectBySlug(t.Context(), "session")
	if err != nil {
		t.Fatal(err)
	}
	at := w.Changes()[0].At
	w.Tell(store.Moves)
	for _, p := range places {
		owed, err := w.DB.Deliveries(t.Context(), p.ID, 10)
		if err != nil {
			t.Fatal(err)
		}
		if s := subs[p.ID]; (len(owed) > 0) != s.Hears(session, store.Moves, at) {
			t.Errorf("%s except %v with %s is owed %d, explained as %v", s.Target, s.Except, s.Events, len(owed), s.Hears(session, store.Moves, at))
		}
	}
}
