package storetest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"sparkbot/store"
)

// GoAway has the first claim of a place find out that it is gone.
func (w *World) GoAway(at time.Time) store.Claimed {
	w.T.Helper()
	c := w.Claim(at, 1)
	if len(c) != 1 {
		w.T.Fatalf("%d claims at %s", len(c), at)
	}
	w.Settle(c[0], store.OutcomeGone, func(s *store.Settlement) { s.At, s.Reason = at, "the channel was archived" })
	return c[0]
}

// placeOf reads a place again.
func (w *World) placeOf(p store.Place) store.Place {
	w.T.Helper()
	p, err := w.DB.PlaceAt(w.T.Context(), p.Platform, p.Workspace, p.Channel)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// states gives a place's deliveries as words, oldest first.
func (w *World) states(p store.Place) string {
	w.T.Helper()
	all, err := w.DB.Deliveries(w.T.Context(), p.ID, 1000)
	if err != nil {
		w.T.Fatal(err)
	}
	words := make([]string, len(all))
	for i, d := range all {
		words[len(all)-1-i] = string(d.Kind) + " " + string(d.State)
	}
	return strings.Join(words, ", ")
}

func placesGoAndReturn(t *testing.T, w *World) {
	p := owing(w)
	if _, _, err := w.DB.Enqueue(t.Context(), store.Delivery{PlaceID: p.ID, Kind: store.DeliveryTest, Key: "test:1", DueAt: w.Now, GiveUpAt: w.Now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	w.GoAway(w.Now)
	gone := w.placeOf(p)
	if !gone.Disabled() || gone.DisabledReason != "the channel was archived" || !gone.GoneAt.Equal(w.Now) {
		t.Fatalf("the place is %+v", gone)
	}
	w.Move("session", "missed")
	if n := w.Tell(store.Moves); n != 1 {
		t.Errorf("a place that is gone is owed %d more", n)
	}
	if claimed := w.Claim(w.Now.Add(time.Hour), 10); len(claimed) != 0 {
		t.Errorf("a place that is gone is still sent %d", len(claimed))
	}
	if due, open, err := w.DB.NextDue(t.Context(), w.Now); err != nil || open {
		t.Errorf("a place that is gone has something due at %s (%v)", due, err)
	}
	if got, want := w.states(p), "alert held, alert held, alert held, test cancelled, alert held"; got != want {
		t.Errorf("while it is gone it is owed %s, want %s", got, want)
	}
	back := w.Now.Add(9 * time.Hour) // long after every alert would have been given up
	if err := w.DB.EnablePlace(t.Context(), p.ID, back); err != nil {
		t.Fatal(err)
	}
	if err := w.DB.EnablePlace(t.Context(), p.ID, back.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if again := w.placeOf(p); again.Disabled() || again.DisabledReason != "" || !again.GoneAt.IsZero() || !again.ProbeAt.IsZero() {
		t.Errorf("the place that is back is %+v", again)
	}
	if c := w.Claim(back, 10); len(c) != 1 || c[0].MoveID == 0 || !c[0].GiveUpAt.Equal(back.Add(store.ReturnPatience)) {
		t.Errorf("after its return the claim is %+v", c)
	}
	w.Move("session", "heard again")
	if n := w.Tell(store.Moves); n != 1 {
		t.Errorf("after its return it is owed %d", n)
	}
}

func goneIsFenced(t *testing.T, w *World) {
	p := owing(w)
	first := w.Claim(w.Now, 1)[0]
	heir := w.Claim(w.Now.Add(20*time.Second), 1)[0]
	w.Settle(first, store.OutcomeGone, nil) // too late: not its own any more
	if w.placeOf(p).Disabled() {
		t.Fatal("a worker that was fenced off disabled the place")
	}
	w.Settle(heir, store.OutcomeSent, nil)
	if got, want := w.states(p), "alert sent, alert waiting, alert waiting"; got != want {
		t.Errorf("the deliveries are %s, want %s", got, want)
	}
}

func placesAreProbed(t *testing.T, w *World) {
	p := owing(w)
	w.Place("still there", store.Moves)
	w.GoAway(w.Now)
	due := func(at time.Time) store.Place {
		t.Helper()
		gone, err := w.DB.Gone(t.Context(), at, 10)
		if err != nil || len(gone) > 1 {
			t.Fatalf("to be asked for are %+v (%v)", gone, err)
		}
		if len(gone) == 0 {
			return store.Place{}
		}
		return gone[0]
	}
	if early := due(w.Now.Add(time.Hour - time.Second)); early.ID != 0 {
		t.Errorf("it is asked for before its hour: %+v", early)
	}
	at := w.Now.Add(time.Hour)
	first := due(at)
	if first.ID != p.ID {
		t.Fatalf("after an hour %+v is asked for", first)
	}
	for i, want := range []bool{true, false} { // of two replicas that read the same, one asks
		if mine, err := w.DB.PutOffProbe(t.Context(), first, at.Add(time.Hour)); err != nil || mine != want {
			t.Errorf("replica %d: %v (%v)", i, mine, err)
		}
	}
	// The platform lets the bot in, but posting fails: the same absence goes on.
	if err := w.DB.ReturnPlace(t.Context(), p.ID, at); err != nil {
		t.Fatal(err)
	}
	w.GoAway(at)
	if again := w.placeOf(p); !again.GoneAt.Equal(w.Now) || !again.DisabledAt.Equal(at) || !again.ProbeAt.Equal(at.Add(time.Hour)) {
		t.Errorf("an absence that goes on is %+v", again)
	}
	late := w.Now.Add(25 * time.Hour)
	if err := w.DB.ReturnPlace(t.Context(), p.ID, late); err != nil {
		t.Fatal(err)
	}
	w.GoAway(late)
	if again := w.placeOf(p); !again.ProbeAt.Equal(late.Add(24 * time.Hour)) {
		t.Errorf("after a day it is asked for at %s", again.ProbeAt)
	}
	// Something arrives: the next absence is a new one.
	if err := w.DB.ReturnPlace(t.Context(), p.ID, late); err != nil {
		t.Fatal(err)
	}
	w.Settle(w.Claim(late, 1)[0], store.OutcomeSent, func(s *store.Settlement) { s.At = late })
	w.GoAway(late.Add(time.Minute))
	if again := w.placeOf(p); !again.GoneAt.Equal(late.Add(time.Minute)) {
		t.Errorf("a new absence began at %s", again.GoneAt)
	}
}

func absencesAreTold(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	p := w.Place("c", store.NoEvents)
	w.Subscribe(store.Subscription{PlaceID: p.ID, Target: Slug("session"), Events: store.Moves, CreatedBy: "ada"})
	w.Subscribe(store.Subscription{PlaceID: p.ID, Target: Everything, Events: store.Moves, CreatedBy: "bob"})
	nameless := w.Place("nameless", store.Moves, Everything)
	w.Move("session", "one")
	w.Tell(store.Moves)
	w.GoAway(w.Now)
	w.GoAway(w.Now)
	gone := w.placeOf(p)
	bob := w.placeOf(p.Member("bob"))
	notices, err := w.DB.Deliveries(t.Context(), bob.ID, 10)
	if err != nil || len(notices) != 1 || notices[0].Kind != store.DeliveryNotice || !notices[0].DueAt.Equal(w.Now.Add(store.NoticeAfter)) {
		t.Fatalf("the member is owed %+v (%v)", notices, err)
	}
	if id, at, ok := store.GonePlace(notices[0].Key); !ok || id != p.ID || !at.Equal(gone.DisabledAt) {
		t.Errorf("the notice is of place %d since %s (%v)", id, at, ok)
	}
	if all, err := w.DB.GoneOf(t.Context(), p.Platform, p.Workspace, "bob", 10); err != nil || len(all) != 1 || all[0].ID != p.ID {
		t.Errorf("bob's places that are gone are %+v (%v)", all, err)
	}
	if same, err := w.DB.Place(t.Context(), nameless.ID); err != nil || !same.Disabled() {
		t.Errorf("the other place is %+v (%v)", same, err)
	}
	if err := w.DB.ReturnPlace(t.Context(), p.ID, w.Now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	c := w.Claim(w.Now.Add(time.Hour), 10)
	for _, one := range c {
		w.Settle(one, store.OutcomeGone, func(s *store.Settlement) { s.At = w.Now.Add(time.Hour) })
	}
	if notices, err = w.DB.Deliveries(t.Context(), bob.ID, 10); err != nil || len(notices) != 1 {
		t.Errorf("of one absence the member is told %d times (%v)", len(notices), err)
	}
}

func heldIsBounded(t *testing.T, w *World) {
	p := owing(w)
	there := w.Place("still there", store.Moves, Everything)
	w.GoAway(w.Now)
	w.Move("session", "fourth")
	w.Tell(store.Moves)
	if last, n, err := w.DB.TrimGone(t.Context(), 0, w.Now, w.Now.Add(-time.Hour), 3, 100); err != nil || n != 1 || last != 0 {
		t.Errorf("trimming to three cancels %d (%d, %v)", n, last, err)
	}
	if got, want := w.states(p), "alert cancelled, alert held, alert held, alert held"; got != want {
		t.Errorf("then it is owed %s, want %s", got, want)
	}
	if _, n, err := w.DB.TrimGone(t.Context(), 0, w.Now, w.Now.Add(time.Hour), 3, 100); err != nil || n != 3 {
		t.Errorf("what is too old is cancelled %d times (%v)", n, err)
	}
	if got, want := w.states(there), "alert waiting"; got != want {
		t.Errorf("a place that is there is owed %s, want %s", got, want)
	}
}

// deletedPlacesLeaveNothing has somebody delete a place by SQL, also while another
// program is just about to owe it something. A delivery without a place would be
// claimed for ever.
func deletedPlacesLeaveNothing(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	deleted, stays := w.Place("deleted", store.Sparks, Everything), w.Place("stays", store.Sparks, Everything)
	w.Move("session", "funded")
	w.Tell(store.Sparks)

	tx, err := w.Outside.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `INSERT INTO deliveries (place_id, platform, kind, key, wake_at, give_up_at)
		SELECT place_id, platform, kind, 'late', wake_at, give_up_at FROM deliveries`); err != nil {
		t.Fatal(err)
	}
	var removal sync.WaitGroup
	removal.Go(func() { w.MustExec("DELETE FROM places WHERE id = $1", deleted.ID) })
	if w.DB.Dialect() == "postgres" {
		awaitBlocked(t, w)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	removal.Wait()
	var left int
	if err := w.Outside.QueryRowContext(t.Context(), "SELECT count(*) FROM deliveries WHERE place_id = $1", deleted.ID).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d deliveries of the place are left (%v)", left, err)
	}
	if got := w.Claim(w.Now, 10); len(got) != 1 || got[0].PlaceID != stays.ID {
		t.Errorf("the claim is %+v, want what the other place is owed", got)
	}
}

// awaitBlocked waits until somebody waits for a lock.
func awaitBlocked(t *testing.T, w *World) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var waiting bool
		if err := w.Outside.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
			WHERE NOT l.granted AND c.relname = 'deliveries' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if waiting {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal("nobody waits for the deliveries")
		case <-tick.C:
		}
	}
}
