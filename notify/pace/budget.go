package pace

import (
	"context"
	"slices"
	"sync"
	"time"
)

// atOnce is how many may begin together after a rest; beyond them the share is
// spread over the Window, so that nobody who asks waits for a burst to count no
// more.
const atOnce = 5

// Budget bounds how many requests reach a platform within Window. It is safe for
// concurrent use.
type Budget struct {
	now   func() time.Time
	limit int // of all replicas together; 0: no bound
	whole int // what is shared: the limit, or parts where there is none

	mu     sync.Mutex
	share  int       // of the whole, for this process
	until  time.Time // when the share lapses; zero: never
	closed time.Time // nothing begins before
	slots  slots
	last   time.Time   // when the last turn was given, or should have been
	asking []*turn     // those a person waits for, first come first served
	others []*turn     // whatever else
	timer  *time.Timer // runs while somebody could go on at a known time
}

// turn is one request that waits; ready is closed once it may begin.
type turn struct {
	ready  chan struct{}
	begins bool // as soon as it may; else the turn is kept for it
}

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
// Nothing begins while the share is 0 or has lapsed. The turn is for the request
// that begins next (see WithTurn), and is lost when none does within a Window.
func (b *Budget) Take(ctx context.Context) error { return b.take(ctx, &b.others, false) }

// TakeFirst is Take for what should not wait behind a long queue of messages:
// somebody waits for the answer. A turn that ctx carries is used up first.
func (b *Budget) TakeFirst(ctx context.Context) error {
	if err := ctx.Err(); err != nil || carried(ctx) {
		return err
	}
	return b.take(ctx, &b.asking, false)
}

// Begin is TakeFirst for a request that begins at once. It counts until a while
// after answered was called, which must be once the answer came or is awaited no
// more.
func (b *Budget) Begin(ctx context.Context) (answered func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !carried(ctx) || !b.use() {
		if err := b.take(ctx, &b.asking, true); err != nil {
			return nil, err
		}
	}
	began := b.now()
	return sync.OnceFunc(func() { b.answer(began) }), nil
}

// use lets a request begin with a turn that was taken; false when it was lost,
// or the share with it.
func (b *Budget) use() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	return !b.lapsed(now) && (b.limit == 0 || b.slots.use(now))
}

func (b *Budget) lapsed(now time.Time) bool { return !b.until.IsZero() && !now.Before(b.until) }

func (b *Budget) answer(began time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.limit > 0 {
		b.slots.answer(began, b.now())
		b.goOn()
	}
}

func (b *Budget) take(ctx context.Context, queue *[]*turn, begins bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &turn{make(chan struct{}), begins}
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
		t := (*queue)[0]
		*queue = slices.Delete(*queue, 0, 1)
		close(t.ready)
		if b.limit == 0 {
			continue
		}
		b.note(now)
		if t.begins {
			b.slots.underWay++
		} else {
			b.slots.granted = append(b.slots.granted, now)
		}
	}
}

// next is when a request may begin, now or later; false while nobody can say.
// A share that is given and an answer that comes have it asked again.
// The caller holds the lock.
func (b *Budget) next(now time.Time) (at time.Time, known bool) {
	if b.lapsed(now) {
		return at, false
	}
	at = now
	if b.closed.After(at) {
		at = b.closed
	}
	if b.share <= 0 || b.limit == 0 {
		return at, b.share > 0
	}
	room, known := b.slots.room(b.share, now)
	if !known {
		return at, false
	}
	at = latest(at, room)
	if b.slots.held(now) >= min(atOnce, b.share) && !b.last.After(now) {
		at = latest(at, b.last.Add(b.gap()))
	}
	return at, true
}

// gap is how far apart turns are given: a tenth less than the share would have it.
func (b *Budget) gap() time.Duration { return Window / time.Duration(b.share) * 9 / 10 }

// note has the next turn follow the one that is given now. A turn that is given
// late, by a timer on a busy machine, does not make those after it late too. The
// caller holds the lock.
func (b *Budget) note(now time.Time) {
	gap := b.gap()
	b.last = latest(b.last.Add(gap), now.Add(-2*gap))
	if b.last.After(now) {
		b.last = now
	}
}

// SetShare says how much of the whole is this process's, and until when. Whatever
// has begun counts against it.
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

// held is how much of the whole is in use, whatever the share is by now.
func (b *Budget) held() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.slots.held(b.now())
}

// Ahead is how many requests may begin within d at most; false for no bound.
// Nothing may while the share is 0 or has lapsed.
func (b *Budget) Ahead(d time.Duration) (n int, bounded bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.share <= 0, b.lapsed(b.now()):
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
