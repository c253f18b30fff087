package pace

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sparkbot/store"
	"sparkbot/store/pulse"
)

// Pool is where the replicas that share a limit meet.
type Pool interface {
	// Join records what decide gives as the member's share for ttl.
	Join(ctx context.Context, pool, holder string, ttl time.Duration, decide func(others []store.Member) (share int)) error
	// Stay renews the share for ttl, if it is recorded still and the others are as they
	// were; otherwise it does nothing and gives false.
	Stay(ctx context.Context, pool, holder string, share int, ttl time.Duration, others []store.Member) (bool, error)
	// Leave gives the share back after a while.
	Leave(ctx context.Context, pool, holder string, after time.Duration) error
}

// Member keeps a budget's share in a pool.
type Member struct {
	pool         Pool
	name, holder string
	budget       *Budget
	now          func() time.Time
	log          *slog.Logger

	mu   sync.Mutex
	seat seat
	last *decision // what the database has of this member, as far as is known
	deaf bool
}

// decision is what a member records and uses beside these others.
type decision struct {
	others      []store.Member
	record, use int
}

// NewMember makes a member of the pool of that name, which must not hold a
// secret. Until Keep has a share, nothing of the budget may be used.
func NewMember(p Pool, name, holder string, b *Budget, now func() time.Time, log *slog.Logger) *Member {
	m := &Member{pool: p, name: name, holder: holder, budget: b, now: now, log: log.With("pool", name), seat: seat{limit: b.whole}}
	b.SetShare(0, time.Unix(0, 0))
	return m
}

// Keep renews the share until ctx ends and then gives it back, for others to use
// once what has begun counts no more. By then nothing may be sent any more.
func (m *Member) Keep(ctx context.Context) {
	for {
		m.renew(ctx)
		rest := time.NewTimer(pulse.Next(m.now(), renewEvery))
		select {
		case <-ctx.Done():
			rest.Stop()
			m.leave(ctx)
			return
		case <-rest.C:
		}
	}
}

// renew asks once. A call on a dead network may go on behind it; what it records
// is never more than what was free, and is not used.
func (m *Member) renew(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	asked, last := m.now(), m.known()
	type answer struct {
		decision
		err error
	}
	said := make(chan answer, 1)
	go func() {
		d, err := m.ask(ctx, last)
		said <- answer{d, err}
	}()
	select {
	case a := <-said:
		if a.err == nil {
			m.granted(a.decision, asked)
		}
		m.heard(ctx, a.err)
	case <-ctx.Done():
		m.heard(ctx, ctx.Err())
	}
}

// known gives what is known to be recorded. Until the next answer that is nothing.
func (m *Member) known() *decision {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.last
	m.last = nil
	return last
}

// ask stays where it is if nothing has changed, which is one short question; else it
// decides anew.
func (m *Member) ask(ctx context.Context, last *decision) (d decision, err error) {
	if last != nil {
		if d = m.decide(last.others); d.record == last.record {
			stays, err := m.pool.Stay(ctx, m.name, m.holder, d.record, ShareTTL, d.others)
			if stays || err != nil {
				return d, err
			}
		}
	}
	err = m.pool.Join(ctx, m.name, m.holder, ShareTTL, func(others []store.Member) (record int) {
		d = m.decide(others)
		return d.record
	})
	return d, err
}

func (m *Member) decide(others []store.Member) decision {
	m.mu.Lock()
	defer m.mu.Unlock()
	record, use := m.seat.decide(m.holder, others, m.budget.held(), m.now())
	return decision{others, record, use}
}

func (m *Member) granted(d decision, asked time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before := m.seat.holds(m.now()); before != d.use {
		m.log.Debug("this replica's share of the rate", "share", d.use, "of", m.seat.limit)
	}
	m.seat.granted(d.use, asked)
	m.budget.SetShare(d.use, m.seat.until)
	m.last = &d
}

// heard writes one line when the database stops answering.
func (m *Member) heard(ctx context.Context, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil && !m.deaf && ctx.Err() != context.Canceled {
		m.log.Warn("the share of the rate cannot be renewed; nothing is sent once it has lapsed", "error", err)
	}
	m.deaf = err != nil
}

func (m *Member) leave(ctx context.Context) {
	m.budget.SetShare(0, m.now())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewEvery)
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
