package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"sparkbot/notify/deliver"
	"sparkbot/notify/fanout"
	"sparkbot/store"
)

// observed is the store of fan-out with somebody who is told of every change it
// reads.
type observed struct {
	fanout.Store
	noticed func([]store.Change)
}

// Changes reads the changes and tells of them.
func (o observed) Changes(ctx context.Context, limit int) ([]store.Change, error) {
	changes, err := o.Store.Changes(ctx, limit)
	if len(changes) > 0 {
		o.noticed(changes)
	}
	return changes, err
}

// traces is how many moves a trace remembers.
const traces = 6

// trace remembers when each of the last moves was stored, noticed, queued and
// sent, by the real clock.
type trace struct {
	mu    sync.Mutex
	moves []*traced // newest first
}

// traced is one move. Times are milliseconds since it was stored.
type traced struct {
	Move   int64         `json:"move"`
	Title  string        `json:"title"`
	Lanes  []*tracedLane `json:"lanes"`
	stored time.Time
	seen   time.Time
}

// tracedLane is what became of a move in one place.
type tracedLane struct {
	Platform store.Platform `json:"platform"`
	Channel  string         `json:"channel"`
	Noticed  *int64         `json:"noticed,omitempty"`
	Queued   *int64         `json:"queued,omitempty"`
	Sent     *int64         `json:"sent,omitempty"`
	Attempts int            `json:"attempts"`
	State    string         `json:"state"`
}

// noticed notes that fan-out has read changes, at the real time now. What
// happened before the given time is history.
func (t *trace) noticed(changes []store.Change, now, news time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range changes {
		known := slices.ContainsFunc(t.moves, func(m *traced) bool { return m.Move == c.Move.ID })
		if c.Kind != store.ChangeStored || known || c.Move.OccurredAt.Before(news) {
			continue
		}
		t.moves = slices.Insert(t.moves, 0, &traced{Move: c.Move.ID, Title: c.Move.Title, Lanes: []*tracedLane{}, stored: c.Move.StoredAt, seen: now})
	}
	t.moves = t.moves[:min(len(t.moves), traces)]
}

// settled notes how a claim ended, at the real time now.
func (t *trace) settled(e deliver.Event, channel string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.IndexFunc(t.moves, func(m *traced) bool { return m.Move == e.Delivery.MoveID })
	if at < 0 || e.Delivery.Kind != store.DeliveryAlert {
		return
	}
	m := t.moves[at]
	since := func(when time.Time) *int64 {
		ms := max(0, when.Sub(m.stored).Milliseconds())
		return &ms
	}
	at = slices.IndexFunc(m.Lanes, func(l *tracedLane) bool { return l.Platform == e.Place.Platform && l.Channel == channel })
	if at < 0 {
		m.Lanes = append(m.Lanes, &tracedLane{Platform: e.Place.Platform, Channel: channel, Noticed: since(m.seen), Queued: since(e.Delivery.CreatedAt)})
		at = len(m.Lanes) - 1
	}
	lane := m.Lanes[at]
	lane.State = string(e.Settlement.Outcome)
	switch e.Settlement.Outcome {
	case store.OutcomeSent:
		lane.Sent = since(now)
		lane.Attempts++
	case store.OutcomeRetry, store.OutcomeFailed, store.OutcomeGone:
		lane.Attempts++
	default: // nothing was tried
	}
}

// list gives a copy that nobody writes to any more.
func (t *trace) list() []traced {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]traced, len(t.moves))
	for i, m := range t.moves {
		all[i] = *m
		all[i].Lanes = make([]*tracedLane, len(m.Lanes))
		for n, lane := range m.Lanes {
			l := *lane
			all[i].Lanes[n] = &l
		}
	}
	return all
}
