package pace

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Window is the span in which no more than the limit begins. It is a little
// longer than the second the platforms count in, since requests that begin a
// second apart may arrive closer together.
const Window = 1020 * time.Millisecond

// atOnce is how many may begin together after a rest; beyond them the rest of
// the window's share is spread, so that a late burst and an early one cannot
// meet in the platform's second.
const atOnce = 5

// Budget bounds how many requests begin within Window. It is safe for concurrent
// use.
type Budget struct {
	now   func() time.Time
	limit int // of all replicas together; 0: no bound
	whole int // what is shared: the limit, or parts where there is none

	mu     sync.Mutex
	share  int         // of the whole, for this process
	until  time.Time   // when the share lapses; zero: never
	closed time.Time   // nothing begins before
	begun  []time.Time // within the last Window, oldest first
	asking []*turn     // those a person waits for, first come first served
	others []*turn     // whatever else
	timer  *time.Timer // runs while somebody could go on at a known time
}

// turn is one request that waits; ready is closed once it may begin.
type turn struct{ ready chan struct{} }

// NewBudget makes a budget of limit requests in each Window, all of them this
// process's until SetShare says otherwise. Limit 0 bounds nothing.
func NewBudget(limit int, now func() time.Time) *Budget {
	whole := limit
	if limit == 0 {
		whole = parts
	}
	return &Budget{now: now, limit: limit, whole: whole, share: whole}
}

// parts is what is shared of a budget without a bound: the right to send at all,
// and other limits.
const parts = 1000

// Take waits until a request may begin, or ctx ends, whose error it gives then.
// Nothing begins while the share is 0 or has lapsed. A turn that ctx carries is
// used up first (see WithTurn).
func (b *Budget) Take(ctx context.Context) error { return b.take(ctx, &b.others) }

// TakeFirst is Take for what should not wait behind a long queue of messages:
// somebody waits for the answer.
func (b *Budget) TakeFirst(ctx context.Context) error { return b.take(ctx, &b.asking) }

func (b *Budget) take(ctx context.Context, queue *[]*turn) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if carried(ctx) {
		return nil
	}
	t := &turn{ready: make(chan struct{})}
	b.mu.Lock()
	*queue = append(*queue, t)
	b.goOn()
	b.mu.Unlock()
	select {
	case <-t.ready:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(*queue, t)
	if i < 0 { // it may begin after all
		return nil
	}
	*queue = slices.Delete(*queue, i, i+1)
	return ctx.Err()
}

// goOn lets begin what may, and has itself called when the next may. The caller
// holds the lock.
func (b *Budget) goOn() {
	if b.timer != nil {
		b.timer.Stop()
	}
	for len(b.asking)+len(b.others) > 0 {
		now := b.now()
		at, known := b.next(now)
		if !known {
			return
		}
		if wait := at.Sub(now); wait > 0 {
			b.timer = time.AfterFunc(wait, func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.goOn()
			})
			return
		}
		queue := &b.asking
		if len(*queue) == 0 {
			queue = &b.others
		}
		close((*queue)[0].ready)
		*queue = slices.Delete(*queue, 0, 1)
		if b.limit > 0 {
			b.begun = append(b.begun, now)
		}
	}
}

// next is when a request may begin, now or later; false while nobody can say.
// The caller holds the lock.
func (b *Budget) next(now time.Time) (at time.Time, known bool) {
	if !b.until.IsZero() && !now.Before(b.until) {
		return at, false
	}
	at = now
	if b.closed.After(at) {
		at = b.closed
	}
	if b.share <= 0 || b.limit == 0 {
		return at, b.share > 0
	}
	// What lies ahead was noted before the clock was set back.
	b.begun = slices.DeleteFunc(b.begun, func(t time.Time) bool { return now.Sub(t) >= Window || t.After(now) })
	n := len(b.begun)
	if n >= b.share {
		at = latest(at, b.begun[n-b.share].Add(Window))
	}
	if n >= min(atOnce, b.share) {
		gap := Window / time.Duration(b.share)
		at = latest(at, b.begun[n-1].Add(gap*9/10)) // a tenth to make up for late timers
	}
	return at, true
}

// SetShare says how much of the whole is this process's, and until when. A
// request that has begun counts against it.
func (b *Budget) SetShare(share int, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.share, b.until = min(share, b.whole), until
	b.goOn()
}

// Shared reports whether other replicas have a part of the budget.
func (b *Budget) Shared() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.share < b.whole
}

// Ahead is how many requests may begin within d at most; false for no bound.
// Nothing may while the share is 0 or has lapsed.
func (b *Budget) Ahead(d time.Duration) (n int, bounded bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.share <= 0, !b.until.IsZero() && !b.now().Before(b.until):
		return 0, true
	case b.limit == 0:
		return 0, false
	default:
		return max(1, int(d*time.Duration(b.share)/Window)), true
	}
}

// Close lets nothing begin before until. It never shortens a wait.
func (b *Budget) Close(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = latest(b.closed, until)
	b.goOn()
}

// Closed is when the budget opens again; a time that is past means that it is
// open.
func (b *Budget) Closed() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// PartOf gives this process's part of some other limit that the replicas share:
// all of it where there is one, and never less than 1.
func (b *Budget) PartOf(n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(n*b.share/b.whole, 1)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
