package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"sparkbot/store"
)

// membersShare lets many join a pool at once, each taking half of what the others
// have left, and looks at what they were told.
func membersShare(t *testing.T, w *World) {
	const limit, ttl = 49, time.Hour
	join := func(db *World, pool, holder string, ttl time.Duration, decide func([]store.Member) int) {
		if err := db.DB.Join(t.Context(), pool, holder, ttl, decide); err != nil {
			t.Error(err)
		}
	}
	half := func(others []store.Member) int {
		left := limit
		for _, o := range others {
			left -= o.Share
		}
		return (left + 1) / 2
	}
	var group sync.WaitGroup
	for i := range 8 {
		replica := w.Replica()
		group.Go(func() { join(replica, "discord", fmt.Sprint("replica ", i), ttl, half) })
	}
	group.Wait()
	look := func(pool string) (members []store.Member) {
		t.Helper()
		join(w, pool, "observer", -time.Second, func(others []store.Member) int {
			members = others
			return 0
		})
		return members
	}
	members, sum := look("discord"), 0
	for _, m := range members {
		sum += m.Share
		if m.JoinedAt.IsZero() {
			t.Errorf("%s has joined at no time", m.Holder)
		}
	}
	// 25+12+6+3+2+1+0+0: whoever decides has seen what all before it recorded.
	if len(members) != 8 || sum != limit {
		t.Errorf("%d members have %d of %d: %+v", len(members), sum, limit, members)
	}
	if others := look("slack"); len(others) != 0 {
		t.Errorf("another pool has %+v", others)
	}
	first := members[0]
	join(w, "discord", first.Holder, ttl, func(others []store.Member) int {
		if len(others) != 7 {
			t.Errorf("a member that renews is told of %d others", len(others))
		}
		return 3
	})
	if again := look("discord"); again[0].Holder != first.Holder || again[0].Share != 3 || !again[0].JoinedAt.Equal(first.JoinedAt) {
		t.Errorf("after it was renewed, %+v is %+v", first, again[0])
	}
	if err := w.DB.Leave(t.Context(), "discord", first.Holder, time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := len(look("discord")); n != 8 {
		t.Errorf("%d members are left before the time of the one that leaves is over", n)
	}
	if err := w.DB.Leave(t.Context(), "discord", first.Holder, 0); err != nil {
		t.Fatal(err)
	}
	if n := len(look("discord")); n != 7 {
		t.Errorf("%d members are left", n)
	}
}

// placesRest sends to a place that is then to be left alone, and to another one.
func placesRest(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	for _, name := range []string{"1", "2"} {
		w.Place(name, store.Moves, Everything)
	}
	w.Move("session", "first")
	w.Tell(store.Moves)
	claimed, until := w.Claim(w.Now, 10), w.Now.Add(time.Minute)
	if len(claimed) != 2 {
		t.Fatalf("%d are claimed, want 2", len(claimed))
	}
	w.Settle(claimed[0], store.OutcomeSent, func(s *store.Settlement) { s.RestUntil = until })
	w.Settle(claimed[1], store.OutcomeSent, nil)
	w.Move("session", "second")
	w.Tell(store.Moves)
	other := w.Replica()
	early := other.Claim(until.Add(-time.Millisecond), 10)
	if len(early) != 1 || early[0].PlaceID != claimed[1].PlaceID {
		t.Errorf("while a place rests, %+v is claimed", early)
	}
	if late := other.Claim(until, 10); len(late) != 1 || late[0].PlaceID != claimed[0].PlaceID {
		t.Errorf("once it has rested, %+v is claimed", late)
	}
}
