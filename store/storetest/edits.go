package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sparkbot/store"
)

// posted tells one place of a move and posts it as "m1".
func posted(w *World) store.Place {
	w.T.Helper()
	w.Project("session", "COMMS")
	p := w.Place("c", store.Moves, Everything)
	w.Move("session", "first")
	w.Tell(store.Moves)
	w.Post(w.claimOne(w.Now), "m1")
	return p
}

func (w *World) claimOne(at time.Time) store.Claimed {
	w.T.Helper()
	claimed := w.Claim(at, 10)
	if len(claimed) != 1 {
		w.T.Fatalf("claimed %+v, want one delivery", claimed)
	}
	return claimed[0]
}

// queue gives a place's deliveries in words, oldest first.
func (w *World) queue(p store.Place) string {
	w.T.Helper()
	deliveries, err := w.DB.Deliveries(w.T.Context(), p.ID, 100)
	if err != nil {
		w.T.Fatal(err)
	}
	var words []string
	for _, d := range slices.Backward(deliveries) {
		words = append(words, fmt.Sprintf("%s %s", d.Kind, d.State))
	}
	return strings.Join(words, ", ")
}

func editsFollow(t *testing.T, w *World) {
	p := posted(w)
	for _, title := range []string{"better", "best"} {
		w.MustExec("UPDATE moves SET title = $1", title)
	}
	w.Retell(store.NoEvents)
	w.MustExec("UPDATE moves SET retracted_at = $1", w.Now.Format(time.RFC3339))
	w.Retell(store.NoEvents)
	if got := w.queue(p); got != "alert sent, edit waiting" {
		t.Errorf("after three changes the queue is %s", got)
	}
	c := w.claimOne(w.Now)
	if c.Kind != store.DeliveryEdit || c.Target.MessageID != "m1" || c.Target.State != store.StateSent || !c.Retracted ||
		len(c.Parts) != 1 || c.Parts[0].Shown != 1 || c.Parts[0].Revision != 4 || !c.Parts[0].Retracted {
		t.Fatalf("the edit is claimed as %+v", c)
	}
	w.Post(c, "m1")
	shown, err := w.DB.Delivery(t.Context(), c.TargetID)
	if err != nil || shown.Shown != 4 || shown.MessageID != "m1" {
		t.Errorf("the alert now shows %+v (%v)", shown, err)
	}
	w.MustExec("UPDATE moves SET retracted_at = NULL")
	if n := w.Retell(store.Moves); n != 1 {
		t.Errorf("a move that stands again is told %d times, want one edit", n)
	}
	if got := w.queue(p); got != "alert sent, edit sent, edit waiting" {
		t.Errorf("in the end the queue is %s", got)
	}
}

func editsOfWhatIsUnderWay(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	waiting := w.Place("waiting", store.Moves, Everything)
	w.Move("session", "first")
	w.Tell(store.Moves)
	w.MustExec("UPDATE moves SET title = 'better'")
	if n := w.Retell(store.NoEvents); n != 0 {
		t.Errorf("%d edits are owed for a message that waits", n)
	}
	c := w.claimOne(w.Now)
	if c.Revision != 2 || c.Shown != 2 {
		t.Fatalf("it is claimed as %+v", c)
	}
	w.MustExec("UPDATE moves SET title = 'best'")
	w.Retell(store.NoEvents)
	if early := w.Claim(w.Now, 10); len(early) != 0 {
		t.Errorf("an edit overtook its post: %+v", early)
	}
	w.Settle(c, store.OutcomeRetry, func(s *store.Settlement) { s.DueAt, s.UnsureAt = w.Now, w.Now })
	again := w.claimOne(w.Now)
	if again.ID != c.ID || again.Revision != 3 || again.Shown != 2 {
		t.Errorf("what may have arrived shows %d of %d, want the older", again.Shown, again.Revision)
	}
	w.Post(again, "m1")
	if e := w.claimOne(w.Now); e.Kind != store.DeliveryEdit || e.Target.MessageID != "m1" {
		t.Errorf("then comes %+v", e)
	}
	if got := w.queue(waiting); got != "alert sent, edit sending" {
		t.Errorf("the queue is %s", got)
	}
}

func sparkedLater(t *testing.T, w *World) {
	all := posted(w)
	sparks := w.Place("sparks", store.Sparks, Everything)
	w.MustExec("UPDATE subscriptions SET since = $1", w.stamp(w.Now.Add(-time.Hour)))
	w.MustExec("UPDATE moves SET spark = $1", true)
	if n := w.Retell(store.Sparks); n != 2 {
		t.Errorf("%d messages are owed, want an edit and a post", n)
	}
	if a, b := w.queue(all), w.queue(sparks); a != "alert sent, edit waiting" || b != "alert waiting" {
		t.Errorf("who has it is owed %s; who follows sparks is owed %s", a, b)
	}
}

// stamp gives a time as tables of ours keep it.
func (w *World) stamp(t time.Time) any {
	if w.DB.Dialect() == "sqlite" {
		return t.UnixMilli()
	}
	return t
}

func editsOfLateChanges(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	p := w.Place("c", store.Moves, Everything)
	w.Move("session", "first")
	w.Tell(store.Moves)
	c := w.claimOne(w.Now)
	w.MustExec("UPDATE moves SET title = 'better'")
	w.Forget() // another replica looked while the claim was not committed yet, and saw it waiting
	w.Post(c, "m1")
	if got := w.queue(p); got != "alert sent, edit waiting" {
		t.Errorf("the queue is %s", got)
	}
	e := w.claimOne(w.Now)
	w.MustExec("UPDATE moves SET title = 'best'")
	w.Forget()
	w.Post(e, "m1")
	if got := w.queue(p); got != "alert sent, edit sent, edit waiting" {
		t.Errorf("after a change during the edit the queue is %s", got)
	}
}

func editsInChunks(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	var places []store.Place
	for i := range 7 {
		places = append(places, w.Place(fmt.Sprint(i), store.Moves, Everything))
	}
	w.Move("session", "first")
	w.Tell(store.Moves)
	for range places {
		for _, c := range w.Claim(w.Now, 1) {
			w.Post(c, "m"+c.Place.Channel)
		}
	}
	w.MustExec("UPDATE places SET disabled_at = created_at WHERE channel = '3'")
	sparks := w.Place("late", store.Sparks, Everything)
	w.MustExec("UPDATE subscriptions SET since = $1", w.stamp(w.Now.Add(-time.Hour)))
	w.MustExec("UPDATE moves SET spark = $1", true)
	c := w.Changes()[0]
	if told, err := w.DB.Heard(t.Context(), []int64{c.Move.ID, c.Move.ID + 1}); err != nil || !told[c.Move.ID] || told[c.Move.ID+1] {
		t.Errorf("told are %v (%v)", told, err)
	}
	project, err := w.DB.Project(t.Context(), c.Move.ProjectID)
	if err != nil {
		t.Fatal(err)
	}
	total, chunks := 0, 0
	for done := false; !done; chunks++ {
		e := store.Expansion{Change: c, Project: project, Events: store.Sparks, Edit: true, Now: w.Now, GiveUpAt: w.Now.Add(time.Hour), Chunk: 3}
		x, err := w.DB.Expand(t.Context(), e)
		if err != nil || x.Owed > 3 {
			t.Fatalf("a chunk owes %d (%v)", x.Owed, err)
		}
		total, done = total+x.Owed, x.Done
	}
	if total != 8 || chunks != 3 || w.queue(sparks) != "alert waiting" || w.queue(places[3]) != "alert sent, edit waiting" {
		t.Errorf("%d messages are owed in %d chunks; the new place is owed %s, the one that is gone %s", total, chunks, w.queue(sparks), w.queue(places[3]))
	}
	if claimed := w.Claim(w.Now, 100); len(claimed) != 7 {
		t.Errorf("%d are claimed while one place is gone", len(claimed))
	}
	if err := w.DB.EnablePlace(t.Context(), places[3].ID, w.Now); err != nil {
		t.Fatal(err)
	}
	if e := w.claimOne(w.Now); e.PlaceID != places[3].ID || e.Kind != store.DeliveryEdit || !e.GiveUpAt.After(w.Now.Add(time.Hour)) {
		t.Errorf("when it is back comes %+v", e)
	}
}

// standsAgain has a move taken back before it was posted, and stand again.
func standsAgain(t *testing.T, w *World) {
	p := owing(w)
	other := w.Place("other", store.NoEvents)
	first := w.claimOne(w.Now)
	w.MustExec("UPDATE moves SET retracted_at = $1 WHERE id = $2", w.Now.Format(time.RFC3339), first.MoveID)
	w.Retell(store.NoEvents)
	w.Settle(first, store.OutcomeCancelled, func(s *store.Settlement) { s.Reason = store.TakenBack })
	w.Settle(w.claimOne(w.Now), store.OutcomeCancelled, func(s *store.Settlement) { s.Reason = "muted, and nothing of it is caught up" })
	w.MustExec("UPDATE moves SET retracted_at = NULL, title = title || ' again'")
	if n := w.Retell(store.Moves); n != 1 {
		t.Errorf("%d messages are owed of a move that stands again and of two that were edited, want one", n)
	}
	if got := w.queue(p); got != "alert cancelled, alert waiting, edit waiting, alert waiting" || w.queue(other) != "" {
		t.Errorf("the queue is %s", got)
	}
	w.Post(w.claimOne(w.Now), "m1")
	e := w.claimOne(w.Now) // it was owed while the alert was under way
	if e.Kind != store.DeliveryEdit || e.Target.State == store.StateSent {
		t.Errorf("then comes %+v", e)
	}
	w.Settle(e, store.OutcomeCancelled, nil)
	if c := w.claimOne(w.Now); c.MoveID != first.MoveID || c.Retracted {
		t.Errorf("last comes %+v", c)
	}
}
