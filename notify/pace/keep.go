package pace

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sparkbot/store"
	"sparkbot/store/heartbeat"
)

// joinWithin is how long one question is waited for: the next beat comes after it.
const joinWithin = heartbeat.Every * 9 / 10

// Pool is where the replicas that share a limit meet. What is recorded there is renewed
// by the heartbeat.
type Pool interface {
	// Join records what decide gives as the member's share for ttl.
	Join(ctx context.Context, pool, holder string, ttl time.Duration, decide func(others []store.Member) (share int)) error
	// Leave gives the share back after a while.
	Leave(ctx context.Context, pool, holder string, after time.Duration) error
}

// Member keeps a budget's share in a pool.
type Member struct {
	pool         Pool
	heart        *heartbeat.Heart
	name, holder string
	budget       *Budget
	now          func() time.Time
	log          *slog.Logger
	anew         chan struct{} // says that the share must be decided anew

	mu      sync.Mutex
	seat    seat
	last    *decision // what the database has of this member, as far as is known
	staying *decision // what the heart asks to renew
	asked   time.Time // when it asked last
	joining bool
	deaf    bool
}

// decision is what a member records and uses beside these others.
type decision struct {
	others      []store.Member
	record, use int
}

// NewMember makes a member of the pool of that name, which must not hold a
// secret. Until Keep has a share, nothing of the budget may be used.
func NewMember(p Pool, h *heartbeat.Heart, name, holder string, b *Budget, now func() time.Time, log *slog.Logger) *Member {
	m := &Member{
		pool: p, heart: h, name: name, holder: holder, budget: b, now: now, log: log.With("pool", name),
		anew: make(chan struct{}, 1), seat: seat{limit: b.whole},
	}
	b.SetShare(0, time.Unix(0, 0))
	return m
}

// Keep keeps the share until ctx ends and then gives it back, for others to use
// once what has begun counts no more. By then nothing may be sent any more.
func (m *Member) Keep(ctx context.Context) {
	m.begin()
	remove := m.heart.Add(part{m})
	for {
		m.join(ctx)
		select {
		case <-ctx.Done():
			remove()
			m.leave(ctx)
			return
		case <-m.anew:
			m.begin()
		}
	}
}

// begin has the heart leave the member alone until it has joined.
func (m *Member) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.joining, m.last = true, nil
}

// join asks once. A call on a dead network may go on behind it; what it records
// is never more than what was free, and is not used.
func (m *Member) join(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, joinWithin)
	defer cancel()
	asked := m.now()
	type answer struct {
		decision
		err error
	}
	said := make(chan answer, 1)
	go func() {
		var d decision
		err := m.pool.Join(ctx, m.name, m.holder, ShareTTL, func(others []store.Member) (record int) {
			d = m.decide(others)
			return d.record
		})
		said <- answer{d, err}
	}()
	select {
	case a := <-said:
		m.joined(ctx, a.decision, asked, a.err)
	case <-ctx.Done():
		m.joined(ctx, decision{}, asked, ctx.Err())
	}
}

func (m *Member) joined(ctx context.Context, d decision, asked time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.joining = false
	if err == nil {
		m.granted(d, asked)
	}
	m.heard(ctx, err)
}

// part is the share as the heart renews it.
type part struct{ *Member }

// Ask implements heartbeat.Part. It stays where it is if nothing has changed here; else
// it is decided anew.
func (m part) Ask() (store.Holding, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.joining {
		return store.Holding{}, false
	}
	last := m.last
	m.last, m.asked = nil, m.now() // until the answer nothing is known
	if last != nil {
		record, use := m.seat.decide(m.holder, last.others, m.budget.held(), m.asked)
		if record == last.record {
			m.staying = &decision{last.others, record, use}
			return store.Holding{Pool: m.name, Holder: m.holder, Share: record, Others: last.others, TTL: ShareTTL}, true
		}
	}
	m.again()
	return store.Holding{}, false
}

// Told implements heartbeat.Part.
func (m part) Told(tenure store.Tenure, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heard(context.Background(), err)
	switch {
	case err != nil:
	case tenure == store.Renewed:
		m.granted(*m.staying, m.asked)
	default:
		m.again()
	}
}

// again has the share decided anew.
func (m *Member) again() {
	select {
	case m.anew <- struct{}{}:
	default:
	}
}

func (m *Member) decide(others []store.Member) decision {
	m.mu.Lock()
	defer m.mu.Unlock()
	record, use := m.seat.decide(m.holder, others, m.budget.held(), m.now())
	return decision{others, record, use}
}

// granted takes what was decided into use. m.mu is held.
func (m *Member) granted(d decision, asked time.Time) {
	if before := m.seat.holds(m.now()); before != d.use {
		m.log.Debug("this replica's share of the rate", "share", d.use, "of", m.seat.limit)
	}
	m.seat.granted(d.use, asked)
	m.budget.SetShare(d.use, m.seat.until)
	m.last = &d
}

// heard writes one line when the database stops answering. m.mu is held.
func (m *Member) heard(ctx context.Context, err error) {
	if err != nil && !m.deaf && ctx.Err() != context.Canceled {
		m.log.Warn("the share of the rate cannot be renewed; nothing is sent once it has lapsed", "error", err)
	}
	m.deaf = err != nil
}

func (m *Member) leave(ctx context.Context) {
	m.budget.SetShare(0, m.now())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), joinWithin)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- m.pool.Leave(ctx, m.name, m.holder, Window) }()
	select {
	case err := <-done:
		if err != nil {
			m.log.Debug("the share was not given back; it lapses", "error", err)
		}
	case <-ctx.Done():
	}
}
