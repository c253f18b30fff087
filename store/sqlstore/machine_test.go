package sqlstore_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sparkbot/store"
	"sparkbot/store/storetest"
)

// TestQueueIsTheMachineItSays plays at random with the queue and with a model of
// its rules in plain Go, and compares what both answer.
func TestQueueIsTheMachineItSays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		w.Project("session", "COMMS")
		begin, games := w.Now, 0
		rapid.Check(t, func(rt *rapid.T) {
			games++
			m := &machine{w: w, now: begin, gone: map[int64]bool{}, all: map[int64]*store.Delivery{}, revisions: map[int64]int64{}}
			for i := range 3 {
				m.places = append(m.places, w.Place(fmt.Sprintf("game %d place %d", games, i), store.NoEvents).ID)
			}
			defer m.finish()
			rt.Repeat(map[string]func(*rapid.T){
				"enqueue": m.enqueue, "claim": m.claim, "settle": m.settle, "wait": m.wait, "unmute": m.unmute, "enable": m.enable,
				"edit": m.edit, "merge": m.merge, "": m.check,
			})
		})
	})
}

// machine is the model: every delivery as it ought to be.
type machine struct {
	w      *storetest.World
	now    time.Time
	places []int64
	gone   map[int64]bool
	all    map[int64]*store.Delivery
	claims []store.Claimed // every claim ever made, so that late workers can be played
	keys   int

	revisions map[int64]int64 // of the moves, as they are now
}

func (m *machine) ordered() []*store.Delivery {
	return slices.SortedFunc(maps.Values(m.all), func(a, b *store.Delivery) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.ID, b.ID))
	})
}

func wakes(d *store.Delivery) time.Time {
	if d.State == store.StateSending {
		return d.LeaseUntil
	}
	return d.DueAt
}

func isOpen(d *store.Delivery) bool {
	return d.State == store.StateWaiting || d.State == store.StateHeld || d.State == store.StateSending
}

// eligible are the deliveries that may be claimed now: the first of each place
// that is there, if it is due. What is held counts once it is due.
func (m *machine) eligible() map[int64]bool {
	ids, passed := map[int64]bool{}, map[int64]bool{}
	for _, d := range m.ordered() {
		due := !wakes(d).After(m.now)
		if !isOpen(d) || (d.State == store.StateHeld && !due) || passed[d.PlaceID] || m.gone[d.PlaceID] {
			continue
		}
		passed[d.PlaceID] = true
		if due {
			ids[d.ID] = true
		}
	}
	return ids
}

func (m *machine) enqueue(rt *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(rt, "count") {
		m.keys++
		d := store.Delivery{
			PlaceID: rapid.SampledFrom(m.places).Draw(rt, "place"), Key: fmt.Sprintf("key:%d", m.keys),
			Kind:  rapid.SampledFrom([]store.DeliveryKind{store.DeliveryAlert, store.DeliveryTest}).Draw(rt, "kind"),
			DueAt: m.now, GiveUpAt: m.now.Add(time.Hour), State: store.StateWaiting, Rank: rapid.IntRange(store.RankNews, store.RankDigest).Draw(rt, "rank"),
		}
		if d.Kind == store.DeliveryAlert {
			d.MoveID, d.Rank = m.move(rt), store.RankNews
		}
		stored, added, err := m.w.DB.Enqueue(m.w.T.Context(), d)
		if err != nil || !added {
			rt.Fatalf("enqueue: %v, %v", added, err)
		}
		d.ID = stored.ID
		m.all[d.ID] = &d
	}
}

func (m *machine) claim(rt *rapid.T) {
	limit, want := rapid.IntRange(1, 4).Draw(rt, "limit"), m.eligible()
	got := m.w.Claim(m.now, limit)
	if len(got) != min(limit, len(want)) {
		rt.Fatalf("claimed %d of %d that may be, limit %d", len(got), len(want), limit)
	}
	for _, c := range got {
		d := m.all[c.ID]
		if !want[c.ID] {
			rt.Fatalf("claimed %d, which may not be: %+v", c.ID, d)
		}
		again := d.State == store.StateSending
		if again {
			d.Attempt++
			d.UnsureAt = m.now
		}
		if d.UnsureAt.IsZero() {
			d.Shown = m.revisions[d.MoveID]
		}
		d.State, d.LeaseUntil = store.StateSending, m.now.Add(20*time.Second)
		d.Fence++
		if c.Fence != d.Fence || c.Attempt != d.Attempt || c.Again != again || !c.LeaseUntil.Equal(d.LeaseUntil) ||
			c.Shown != d.Shown || c.Revision != m.revisions[d.MoveID] {
			rt.Fatalf("the claim is %+v, the model %+v (again %v)", c.Delivery, *d, again)
		}
		m.aimed(rt, c)
		m.claims = append(m.claims, c)
	}
}

func (m *machine) settle(rt *rapid.T) {
	if len(m.claims) == 0 {
		rt.Skip("nothing was claimed yet")
	}
	c := rapid.SampledFrom(m.claims).Draw(rt, "claim")
	outcome := rapid.SampledFrom([]store.Outcome{
		store.OutcomeSent, store.OutcomeSent, store.OutcomeRetry, store.OutcomeReleased, store.OutcomeHeld, store.OutcomeFailed,
		store.OutcomeCancelled, store.OutcomeGone,
	}).Draw(rt, "outcome")
	due := m.now.Add(time.Duration(rapid.IntRange(0, 60).Draw(rt, "seconds")) * time.Second)
	d := m.all[c.ID]
	own := d.State == store.StateSending && d.Fence == c.Fence
	shown := m.shows(c)
	if took := m.w.Settle(c, outcome, func(s *store.Settlement) { s.At, s.DueAt, s.Reason, s.Shown = m.now, due, "why", shown }); took != own {
		rt.Fatalf("settling %s took effect: %v, want %v", outcome, took, own)
	}
	if !own {
		return
	}
	m.apply(d, outcome, due)
	if outcome == store.OutcomeSent {
		m.posted(rt, d, shown)
	} else if outcome != store.OutcomeRetry && outcome != store.OutcomeReleased {
		m.free(d.ID)
	}
}

func (m *machine) apply(d *store.Delivery, outcome store.Outcome, due time.Time) {
	switch outcome {
	case store.OutcomeSent:
		d.State, d.Attempt = store.StateSent, d.Attempt+1
	case store.OutcomeRetry:
		d.State, d.Attempt, d.DueAt = store.StateWaiting, d.Attempt+1, due
	case store.OutcomeReleased:
		d.State, d.DueAt = store.StateWaiting, due
	case store.OutcomeHeld:
		d.State, d.DueAt = store.StateHeld, due
	case store.OutcomeCancelled:
		d.State = store.StateCancelled
	case store.OutcomeFailed:
		d.State, d.Attempt = store.StateFailed, d.Attempt+1
	case store.OutcomeGone:
		d.State, d.Attempt, d.DueAt = store.StateHeld, d.Attempt+1, d.LeaseUntil
		m.gone[d.PlaceID] = true
		for _, d := range m.unsent(d.PlaceID) {
			switch d.Kind {
			case store.DeliveryAlert:
				d.State = store.StateHeld
			case store.DeliveryEdit: // waits for the return as it is
			default:
				d.State = store.StateCancelled
			}
		}
	}
}

// unsent is what is owed to a place and not being sent.
func (m *machine) unsent(place int64) (all []*store.Delivery) {
	for _, d := range m.all {
		if d.PlaceID == place && (d.State == store.StateWaiting || d.State == store.StateHeld) {
			all = append(all, d)
		}
	}
	return all
}

func (m *machine) wait(rt *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 30).Draw(rt, "seconds")) * time.Second)
}

func (m *machine) unmute(rt *rapid.T) {
	place := rapid.SampledFrom(m.places).Draw(rt, "place")
	if _, err := m.w.DB.ClearMutes(m.w.T.Context(), place, m.now); err != nil {
		rt.Fatal(err)
	}
	for _, d := range m.all {
		if d.PlaceID == place && d.State == store.StateHeld {
			d.DueAt = m.now
		}
	}
}

func (m *machine) enable(rt *rapid.T) {
	place := rapid.SampledFrom(m.places).Draw(rt, "place")
	if err := m.w.DB.EnablePlace(m.w.T.Context(), place, m.now); err != nil {
		rt.Fatal(err)
	}
	if m.gone[place] {
		delete(m.gone, place)
		for _, d := range m.unsent(place) {
			if d.Kind == store.DeliveryAlert {
				d.State, d.DueAt, d.Attempt = store.StateHeld, m.now, 0
			}
		}
	}
}

// check compares every delivery with the model.
func (m *machine) check(rt *rapid.T) {
	n := 0
	for _, place := range m.places {
		stored, err := m.w.DB.Deliveries(m.w.T.Context(), place, 1000)
		if err != nil {
			rt.Fatal(err)
		}
		n += len(stored)
		for _, s := range stored {
			d := m.all[s.ID]
			if s.State != d.State || s.Attempt != d.Attempt || s.Fence != d.Fence || (isOpen(d) && !wakes(&s).Equal(wakes(d))) ||
				s.MergedInto != d.MergedInto || s.Shown != d.Shown {
				rt.Fatalf("stored %+v, the model %+v", s, *d)
			}
		}
	}
	if n != len(m.all) {
		rt.Fatalf("%d deliveries are stored, the model has %d", n, len(m.all))
	}
}

// finish takes the game's deliveries out of the way of the next one.
func (m *machine) finish() {
	m.w.MustExec("DELETE FROM places")
	m.w.MustExec("DELETE FROM moves")
}
