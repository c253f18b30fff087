package storetest

import (
	"fmt"
	"slices"
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
	membersStay(t, w, look)
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

// membersStay renews what a member has, which must be as it says.
func membersStay(t *testing.T, w *World, look func(string) []store.Member) {
	t.Helper()
	const ttl = time.Hour
	all := look("discord")
	me, others := all[3], slices.Delete(slices.Clone(all), 3, 4)
	changed, swapped := slices.Clone(others), slices.Clone(others)
	changed[2].Share++
	// Two have no share at all, and may be the first where several joined in one millisecond.
	other := slices.IndexFunc(others, func(m store.Member) bool { return m.Share != others[0].Share })
	swapped[0].Share, swapped[other].Share = swapped[other].Share, swapped[0].Share
	for _, c := range []struct {
		name         string
		pool, holder string
		share        int
		others       []store.Member
		want         store.Tenure
	}{
		{"all is as it was", "discord", me.Holder, me.Share, others, store.Renewed},
		{"its share is another", "discord", me.Holder, me.Share + 1, others, store.Unsure},
		{"another's share is another", "discord", me.Holder, me.Share, changed, store.Unsure},
		{"others have changed their shares", "discord", me.Holder, me.Share, swapped, store.Unsure},
		{"somebody has joined", "discord", me.Holder, me.Share, others[1:], store.Unsure},
		{"somebody has left", "discord", me.Holder, me.Share, all, store.Unsure},
		{"it is no member", "discord", "nobody", 1, all, store.Unsure},
		{"it is no member of this pool", "slack", me.Holder, me.Share, nil, store.Unsure},
	} {
		if got := renew(t, w, store.Holding{Pool: c.pool, Holder: c.holder, Share: c.share, Others: c.others, TTL: ttl}); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if got := look("discord"); !slices.EqualFunc(got, all, func(a, b store.Member) bool {
		return a.Holder == b.Holder && a.Share == b.Share && a.JoinedAt.Equal(b.JoinedAt)
	}) {
		t.Errorf("staying has changed the members from %+v to %+v", all, got)
	}
	// One whose time is over has no place to stay in, nor is it one of the others.
	mine := store.Holding{Pool: "discord", Holder: me.Holder, Share: me.Share, Others: others, TTL: -time.Second}
	if got := renew(t, w, mine); got != store.Renewed {
		t.Fatal(got)
	}
	if got := renew(t, w, mine); got != store.Unsure {
		t.Errorf("one whose time was over is renewed: %v", got)
	}
	first := others[0]
	if got := renew(t, w, store.Holding{Pool: "discord", Holder: first.Holder, Share: first.Share, Others: others[1:], TTL: ttl}); got != store.Renewed {
		t.Errorf("beside one whose time was over another is not renewed: %v", got)
	}
	if err := w.DB.Join(t.Context(), "discord", me.Holder, ttl, func([]store.Member) int { return me.Share }); err != nil {
		t.Fatal(err)
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
	waiter := store.ClaimRequest{
		Platforms: []store.Platform{store.Slack}, Now: until.Add(-time.Millisecond), Lease: 20 * time.Second, Limit: 10, Early: time.Millisecond,
	}
	waiting := other.ClaimAs(waiter)
	if len(waiting) != 1 || waiting[0].PlaceID != claimed[0].PlaceID || !waiting[0].RestUntil.Equal(until) {
		t.Fatalf("whoever would wait for the end of the rest claims %+v", waiting)
	}
	other.Settle(waiting[0], store.OutcomeReleased, func(s *store.Settlement) { s.DueAt = until })
	if late := other.Claim(until, 10); len(late) != 1 || late[0].PlaceID != claimed[0].PlaceID || !late[0].RestUntil.IsZero() {
		t.Errorf("once it has rested, %+v is claimed", late)
	}
	w.Move("session", "third")
	w.Tell(store.Moves)
	other.Settle(early[0], store.OutcomeSent, nil)
	waiter.Now = until
	if late := other.ClaimAs(waiter); len(late) != 1 || !late[0].RestUntil.IsZero() {
		t.Errorf("of a place whose rest is over %+v is claimed", late)
	}
}
