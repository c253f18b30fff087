package fanout

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/store"
)

// desk is whoever sends: it has so much room each time it is asked.
type desk struct {
	room        []int
	asked, kept int
	handed      int
}

func (d *desk) reserve(_ context.Context, most int, _ bool) Room {
	d.asked++
	var n int
	if len(d.room) > 0 {
		n, d.room = min(d.room[0], most), d.room[1:]
	}
	if n == 0 {
		return Room{}
	}
	d.kept++
	return Room{n, []store.Platform{store.Slack}, time.Minute, func(c []store.Claimed) { d.kept--; d.handed += len(c) }}
}

func TestAlertsAreHandedOverWhereManyHear(t *testing.T) {
	sizes := func(s *fakeStore) (all []int) {
		for _, e := range s.expanded {
			all = append(all, e.Chunk)
		}
		return all
	}
	edited := stored(1)
	edited.Move.Revision = 2
	for name, world := range map[string]struct {
		places  int64 // 0: 3000
		changes []store.Change
		room    []int
		burst   int
		chunks  []int
		handed  int
	}{
		"as many as there is room for, the rest through the queue": {
			changes: []store.Change{stored(1)}, room: []int{0, 300, 0, 900, 0}, chunks: []int{small, 300, 600, 900, 1800}, handed: 300 + 900,
		},
		"the first chunk, when it is full": {
			changes: []store.Change{stored(1)}, room: []int{9000}, chunks: []int{small, 2 * small, 4 * small, 8 * small, 2000}, handed: small,
		},
		"no more than a chunk, which grows": {
			places: 6000, changes: []store.Change{stored(1)}, room: []int{0, 0, 0, 0, 9000}, chunks: []int{small, 2 * small, 4 * small, 8 * small, 2000, 2000}, handed: 2000,
		},
		"what few hear of stays in the queue": {
			places: small - 1, changes: []store.Change{stored(1)}, room: []int{9000}, chunks: []int{small},
		},
		"a burst is told together": {
			changes: []store.Change{stored(1), stored(2)}, room: []int{900, 900, 900}, burst: 1,
			chunks: []int{small, 400, 800, 1600, 2000, small, 400, 800, 1600, 2000},
		},
		"an edit comes after its post": {changes: []store.Change{edited}, room: []int{900, 900}, chunks: []int{small, 400, 800, 1600}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, d := newFake(cmp.Or(world.places, 3000), world.changes...), &desk{room: world.room}
				if world.changes[0].Move.Revision > 1 {
					s.queue = append(s.queue, owed{1, 1, time.Now()})
					s.changes[0].Cursor = 500
				}
				f := New(s, options(Options{Chunk: 2000, Burst: world.burst, Reserve: d.reserve}))
				if _, err := f.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := sizes(s); !slices.Equal(got, world.chunks) {
					t.Errorf("the chunks are %v, want %v", got, world.chunks)
				}
				if d.handed != world.handed || d.kept != 0 {
					t.Errorf("%d alerts are handed over, want %d; %d rooms are kept for nothing", d.handed, world.handed, d.kept)
				}
				for _, e := range s.expanded {
					if (len(e.Take) > 0) != (e.Lease > 0) {
						t.Errorf("taken on %v for %v", e.Take, e.Lease)
					}
				}
			})
		})
	}
}

func TestRoomIsGivenBackWhenTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, d := newFake(3000, stored(1)), &desk{room: []int{900}}
		s.changes[0].Cursor = 1
		s.broken = store.ErrBusy
		_, err := New(s, options(Options{Chunk: 2000, Reserve: d.reserve})).Drain(t.Context())
		if d.asked != 1 || d.kept != 0 || d.handed != 0 {
			t.Errorf("after %v room was asked for %d times and is kept %d times", err, d.asked, d.kept)
		}
	})
}
