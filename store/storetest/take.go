package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sparkbot/store"
)

// alertsAreTaken owes a spark to places of every kind and takes what may be taken
// at once. It is to be just what a claim would have given.
func alertsAreTaken(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	hears := func(channel string) store.Place { return w.Place(channel, store.Sparks|store.Moves, Slug("session")) }
	plain, muted, quiet := hears("plain"), hears("muted"), hears("quiet")
	busy, resting, gone := hears("busy"), hears("resting"), hears("gone")
	discord, err := w.DB.EnsurePlace(t.Context(), store.Place{Platform: store.Discord, Workspace: "1", Channel: "2"})
	if err != nil {
		t.Fatal(err)
	}
	w.Subscribe(store.Subscription{PlaceID: discord.ID, Target: Everything, Events: store.Sparks, Role: "7"})
	if _, _, err := w.DB.Enqueue(t.Context(), store.Delivery{PlaceID: busy.ID, Kind: store.DeliveryTest, Key: "test:1", DueAt: w.Now, GiveUpAt: w.Now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	w.Move("session", "funded")
	c := w.Changes()[0]
	for _, query := range []string{
		"UPDATE places SET disabled_at = created_at, disabled_reason = 'it was archived' WHERE channel = 'gone'",
		"UPDATE places SET quiet_from = 60, quiet_to = 120, quiet_zone = 'UTC' WHERE channel = 'quiet'",
	} {
		w.MustExec(query)
	}
	w.rest(resting, w.Now.Add(time.Second))
	if err := w.DB.SetMute(t.Context(), store.Mute{PlaceID: muted.ID, Until: w.Now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	x, err := w.DB.Expand(t.Context(), store.Expansion{
		Change: c, Project: w.projectOf(c), Events: store.Sparks | store.Moves, Now: w.Now, GiveUpAt: w.Now.Add(time.Hour), Chunk: 100,
		Take: []store.Platform{store.Slack}, Lease: 20 * time.Second,
	})
	if err != nil || x.Owed != 7 || !x.Done {
		t.Fatalf("it owes %d, done %v (%v)", x.Owed, x.Done, err)
	}
	var who []string
	for _, c := range x.Claimed {
		who = append(who, c.Place.Channel)
	}
	if want := []string{"plain", "muted", "quiet"}; !slices.Equal(who, want) {
		t.Fatalf("taken are the alerts of %v, want those of %v", who, want)
	}
	for place, want := range map[store.Place]string{
		plain: "alert sending", quiet: "alert sending", busy: "test waiting, alert waiting", resting: "test sent, alert waiting", gone: "alert held", discord: "alert waiting",
	} {
		if got := w.queue(place); got != want {
			t.Errorf("%s has %q, want %q", place.Channel, got, want)
		}
	}
	for _, taken := range x.Claimed {
		if stored, err := w.DB.Delivery(t.Context(), taken.ID); err != nil || !cmp.Equal(stored, taken.Delivery) {
			t.Errorf("what is stored of %s differs (%v): %s", taken.Place.Channel, err, cmp.Diff(taken.Delivery, stored))
		}
	}

	for _, taken := range x.Claimed {
		if !w.Settle(taken, store.OutcomeReleased, func(s *store.Settlement) { s.DueAt = w.Now }) {
			t.Errorf("the alert of %s is not the taker's to release", taken.Place.Channel)
		}
	}
	again := w.Claim(w.Now, 100)
	for i, taken := range x.Claimed {
		at := slices.IndexFunc(again, func(c store.Claimed) bool { return c.ID == taken.ID })
		if at < 0 {
			t.Fatalf("what was released at %s is not claimed: %+v", taken.Place.Channel, again)
		}
		again[at].Fence = taken.Fence
		if diff := cmp.Diff(again[at], x.Claimed[i]); diff != "" {
			t.Errorf("a claim at %s gives something else: %s", taken.Place.Channel, diff)
		}
	}
}

// whatIsTakenPassesOn takes an alert and dies.
func whatIsTakenPassesOn(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	w.Place("C", store.Moves, Slug("session"))
	w.Move("session", "funded")
	c := w.Changes()[0]
	x, err := w.DB.Expand(t.Context(), store.Expansion{
		Change: c, Project: w.projectOf(c), Events: store.Moves, Now: w.Now, GiveUpAt: w.Now.Add(time.Hour), Chunk: 100,
		Take: []store.Platform{store.Slack}, Lease: 20 * time.Second,
	})
	if err != nil || len(x.Claimed) != 1 {
		t.Fatalf("it takes %+v (%v)", x.Claimed, err)
	}
	if early := w.Claim(w.Now.Add(19*time.Second), 10); len(early) != 0 {
		t.Errorf("within the lease %+v is claimed", early)
	}
	heir := w.Claim(w.Now.Add(20*time.Second), 10)
	if len(heir) != 1 || !heir[0].Again || heir[0].Attempt != 1 || !heir[0].UnsureAt.Equal(x.Claimed[0].BegunAt) {
		t.Fatalf("the heir has %+v", heir)
	}
	if w.Settle(x.Claimed[0], store.OutcomeSent, nil) {
		t.Error("who lost the lease settled it")
	}
}

// whatWasPrunedIsNotTaken has a move told again after the records of its first
// telling were pruned in one of two places.
func whatWasPrunedIsNotTaken(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	told, other := w.Place("told", store.Moves, Slug("session")), w.Place("other", store.Moves, Slug("session"))
	w.Move("session", "funded")
	w.MustExec("UPDATE moves SET title = 'funded again'")
	c := w.Changes()[0]
	w.MustExec("INSERT INTO delivery_keys (place_id, key) VALUES ($1, $2)", told.ID, fmt.Sprintf("move:%d", c.Move.ID))
	x, err := w.DB.Expand(t.Context(), store.Expansion{
		Change: c, Project: w.projectOf(c), Events: store.Moves, Now: w.Now, GiveUpAt: w.Now.Add(time.Hour), Chunk: 100,
		Take: []store.Platform{store.Slack}, Lease: 20 * time.Second,
	})
	if err != nil || x.Owed != 1 || len(x.Claimed) != 1 || x.Claimed[0].PlaceID != other.ID || x.Claimed[0].Shown != 2 {
		t.Fatalf("it owes %d and takes %+v (%v)", x.Owed, x.Claimed, err)
	}
	if got := w.queue(told); got != "" {
		t.Errorf("the place that was told has %s", got)
	}
}

// rest has a place left alone until then.
func (w *World) rest(p store.Place, until time.Time) {
	w.T.Helper()
	d, _, err := w.DB.Enqueue(w.T.Context(), store.Delivery{PlaceID: p.ID, Kind: store.DeliveryTest, Key: "test:rest", DueAt: w.Now, GiveUpAt: w.Now.Add(time.Hour)})
	if err != nil {
		w.T.Fatal(err)
	}
	for _, c := range w.Claim(w.Now, 100) {
		outcome := store.OutcomeReleased
		if c.ID == d.ID {
			outcome = store.OutcomeSent
		}
		w.Settle(c, outcome, func(s *store.Settlement) {
			if s.DueAt = w.Now; c.ID == d.ID {
				s.RestUntil = until
			}
		})
	}
}

func (w *World) projectOf(c store.Change) store.Project {
	w.T.Helper()
	p, err := w.DB.Project(w.T.Context(), c.Move.ProjectID)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// fullChunksAreTaken tells two chunks of two places and one of one.
func fullChunksAreTaken(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	for i := range 5 {
		w.Place(fmt.Sprint("place", i), store.Sparks, Everything)
	}
	w.Move("session", "funded")
	c := w.Changes()[0]
	var taken []int
	for done := false; !done; {
		x, err := w.DB.Expand(t.Context(), store.Expansion{
			Change: c, Project: w.projectOf(c), Events: store.Sparks, Now: w.Now, GiveUpAt: w.Now.Add(time.Hour), Chunk: 2,
			Take: []store.Platform{store.Slack}, Lease: 20 * time.Second, TakeFull: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		taken, done = append(taken, len(x.Claimed)), x.Done
	}
	if want := []int{2, 2, 0}; !slices.Equal(taken, want) {
		t.Errorf("taken are %v, want %v", taken, want)
	}
	if waiting := w.Claim(w.Now, 10); len(waiting) != 1 {
		t.Errorf("%d alerts wait in the queue, want the one of the last chunk", len(waiting))
	}
}
