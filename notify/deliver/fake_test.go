package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sparkbot/store"
)

var errAway = errors.New("connection refused")

// fakeQueue keeps deliveries in memory by the rules of the real queue: one of a
// place at a time, the oldest; leases; fences.
type fakeQueue struct {
	mu      sync.Mutex
	rows    []*store.Claimed
	away    error // what every call answers while the database is away
	refuse  int64 // a delivery whose records are refused
	claims  int
	settles int
	asked   int
	history []store.Settlement
	rests   map[int64]time.Time // until when places are left alone
}

// owe adds an alert of a move to a place and gives its id.
func (q *fakeQueue) owe(place store.Place, move int64) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	id := int64(len(q.rows) + 1)
	q.rows = append(q.rows, &store.Claimed{
		Place: place, Revision: 1,
		Delivery: store.Delivery{
			ID: id, PlaceID: place.ID, Kind: store.DeliveryAlert, MoveID: move, State: store.StateWaiting,
			DueAt: time.Now(), GiveUpAt: time.Now().Add(6 * time.Hour), CreatedAt: time.Now(),
		},
	})
	return id
}

// change edits a delivery as another program would.
func (q *fakeQueue) change(id int64, edit func(c *store.Claimed)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	edit(q.rows[id-1])
}

func (q *fakeQueue) get(id int64) store.Claimed {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *q.rows[id-1]
}

// calls gives how often the queue was claimed from, settled and asked.
func (q *fakeQueue) calls() (claims, settles, asked int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.claims, q.settles, q.asked
}

func (q *fakeQueue) setAway(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.away = err
}

func (q *fakeQueue) Claim(_ context.Context, r store.ClaimRequest) ([]store.Claimed, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.claims++
	if q.away != nil {
		return nil, q.away
	}
	var turn []*store.Claimed
	open := map[int64]bool{}
	for _, c := range q.rows {
		blocked := open[c.PlaceID]
		open[c.PlaceID] = blocked || c.State == store.StateWaiting || c.State == store.StateSending ||
			c.State == store.StateHeld && due(c, r.Now)
		if blocked || !due(c, r.Now) || c.Place.Disabled() || !slices.Contains(r.Platforms, c.Place.Platform) ||
			slices.Contains(r.SkipPlaces, c.PlaceID) || q.rests[c.PlaceID].After(r.Now.Add(r.Early)) ||
			slices.Contains(r.SkipWorkspaces, store.Workspace{Platform: c.Place.Platform, ID: c.Place.Workspace}) {
			continue
		}
		turn = append(turn, c)
	}
	slices.SortStableFunc(turn, func(a, b *store.Claimed) int { return a.DueAt.Compare(b.DueAt) })
	var out []store.Claimed
	for _, c := range turn[:min(r.Limit, len(turn))] {
		if c.State == store.StateSending {
			c.Again = true
			c.Attempt++
			c.UnsureAt = firstOf(c.UnsureAt, c.BegunAt)
		}
		c.State, c.LeaseUntil, c.BegunAt = store.StateSending, r.Now.Add(r.Lease), r.Now
		c.Fence++
		claimed := *c
		claimed.Company = q.company(c, r.Company)
		if until := q.rests[c.PlaceID]; until.After(r.Now) {
			claimed.RestUntil = until
		}
		out = append(out, claimed)
	}
	return out, nil
}

// company gives the other open alerts of the place of c.
func (q *fakeQueue) company(c *store.Claimed, all bool) (company []store.Companion) {
	for _, o := range q.rows {
		open := o.State == store.StateWaiting || o.State == store.StateHeld
		if o != c && open && o.PlaceID == c.PlaceID && alerts(o) && alerts(c) && (all || o.Held || o.MergedInto == c.ID) {
			company = append(company, store.Companion{
				Part:       store.Part{DeliveryID: o.ID, MoveID: o.MoveID, TurningID: o.TurningID, Revision: o.Revision, Retracted: o.Retracted},
				MergedInto: o.MergedInto, Held: o.Held, Muted: o.MutedUntil.After(time.Now()), DueAt: o.DueAt, Roles: o.Roles,
			})
		}
	}
	return company
}

func (q *fakeQueue) Merge(_ context.Context, delivery, fence int64, others []int64) (joined []int64, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.away != nil {
		return nil, q.away
	}
	head := q.rows[delivery-1]
	for _, id := range others {
		if o := q.rows[id-1]; head.Fence == fence && head.State == store.StateSending && (o.State == store.StateWaiting || o.State == store.StateHeld) {
			o.MergedInto = delivery
			joined = append(joined, id)
		}
	}
	return joined, nil
}

func due(c *store.Claimed, now time.Time) bool {
	switch c.State {
	case store.StateWaiting, store.StateHeld:
		return !c.DueAt.After(now)
	case store.StateSending:
		return !c.LeaseUntil.After(now)
	default:
		return false
	}
}

func (q *fakeQueue) Settle(_ context.Context, all []store.Settlement) (stale []int64, freed bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settles++
	if q.away != nil {
		return nil, false, q.away
	}
	for _, s := range all {
		if s.DeliveryID == q.refuse {
			return nil, false, errors.New("check constraint")
		}
	}
	for _, s := range all {
		c := q.rows[s.DeliveryID-1]
		if c.Fence != s.Fence || c.State != store.StateSending {
			stale = append(stale, s.DeliveryID)
			continue
		}
		q.history = append(q.history, s)
		if !s.RestUntil.IsZero() {
			q.rest(c.PlaceID, s.RestUntil)
		}
		q.apply(c, s)
		freed = freed || s.Outcome != store.OutcomeSent || slices.ContainsFunc(q.rows, func(o *store.Claimed) bool {
			return o.PlaceID == c.PlaceID && (o.State == store.StateWaiting || o.State == store.StateHeld)
		})
	}
	return stale, freed, nil
}

// rest has a place left alone until then. The caller holds the lock, or is alone.
func (q *fakeQueue) rest(place int64, until time.Time) {
	if q.rests == nil {
		q.rests = map[int64]time.Time{}
	}
	q.rests[place] = until
}

func (q *fakeQueue) apply(c *store.Claimed, s store.Settlement) {
	c.Reason = s.Reason
	if !s.UnsureAt.IsZero() {
		c.UnsureAt = firstOf(c.UnsureAt, s.UnsureAt)
	}
	if !s.GiveUpAt.IsZero() {
		c.GiveUpAt = s.GiveUpAt
	}
	switch s.Outcome {
	case store.OutcomeSent:
		c.State, c.MessageID = store.StateSent, s.MessageID
		c.Attempt++
		for _, part := range s.Shown {
			for _, o := range q.rows {
				if o.ID == part.DeliveryID && o.MergedInto == c.ID {
					o.State, o.MessageID = store.StateSent, s.MessageID
				}
			}
		}
	case store.OutcomeRetry:
		c.State, c.DueAt = store.StateWaiting, s.DueAt
		c.Attempt++
	case store.OutcomeReleased:
		c.State, c.DueAt = store.StateWaiting, s.DueAt
	case store.OutcomeHeld:
		c.State, c.DueAt, c.Held = store.StateHeld, s.DueAt, true
	case store.OutcomeCancelled:
		c.State = store.StateCancelled
	case store.OutcomeFailed:
		c.State = store.StateFailed
		c.Attempt++
	case store.OutcomeGone:
		c.State = store.StateHeld
		c.Attempt++
	}
	if c.State == store.StateHeld || c.State == store.StateFailed || c.State == store.StateCancelled || s.Apart {
		for _, o := range q.rows {
			if o.MergedInto == c.ID && o.State != store.StateSent {
				o.MergedInto = 0
			}
		}
	}
	if s.Outcome != store.OutcomeGone {
		return
	}
	for _, other := range q.rows {
		if other.PlaceID == c.PlaceID {
			other.Place.DisabledAt = s.At
			if other.State == store.StateWaiting || other.State == store.StateHeld {
				other.State = store.StateHeld
			}
		}
	}
}

func (q *fakeQueue) MendTimes(_ context.Context, now, latest, lease time.Time) (n int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range q.rows {
		switch {
		case c.State == store.StateWaiting && c.DueAt.After(latest):
			c.DueAt = now
		case c.State == store.StateSending && c.LeaseUntil.After(lease):
			c.LeaseUntil = lease
		default:
			continue
		}
		n++
	}
	return n, q.away
}

func (q *fakeQueue) NextDue(context.Context, time.Time) (next time.Time, open bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked++
	for _, c := range q.rows {
		at := c.DueAt
		switch c.State {
		case store.StateSending:
			at = c.LeaseUntil
		case store.StateWaiting, store.StateHeld:
		default:
			continue
		}
		if !open || at.Before(next) {
			next, open = at, true
		}
	}
	return next, open, q.away
}

func place(platform store.Platform, id int64) store.Place {
	return store.Place{ID: id, Platform: platform, Workspace: fmt.Sprintf("w%d", id%3), Channel: fmt.Sprintf("c%d", id)}
}

// begin runs a worker on synctest's clock and gives a function that ends it and
// waits until it has ended.
func begin(t *testing.T, q Queue, senders map[store.Platform]Sender, o Options) (stop func() time.Duration) {
	t.Helper()
	return beginWith(t, q, &fakeLibrary{}, senders, o)
}

func beginWith(t *testing.T, q Queue, l Library, senders map[store.Platform]Sender, o Options) (stop func() time.Duration) {
	t.Helper()
	o.Now = time.Now
	if o.Rand == nil {
		o.Rand = func() float64 { return 0.5 }
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- New(q, l, senders, o).Run(ctx, nil) }()
	return func() time.Duration {
		start := time.Now()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run gave %v after its context ended", err)
		}
		return time.Since(start)
	}
}
