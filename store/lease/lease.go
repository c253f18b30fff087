// Package lease answers one question: is it this replica's turn to do what only
// one should do at a time.
//
// It never does the work itself, and knows neither the database nor what the
// work is. A lease is no lock: a process that was stopped or suspended for
// longer than its lease may go on for a moment while another has begun, so what
// is done in a turn must do no harm when two do it.
//
// # Time
//
// The database's clock alone says when a lease lapses, so replicas' clocks need
// not agree. A holder counts its term from the moment before it asked, and ends
// its work a fifth of the term early: it has stopped before another can begin,
// also when it cannot reach the database any more.
package lease

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sparkbot/store"
	"sparkbot/store/heartbeat"
)

const (
	// TTL is how long a lease lasts without being renewed. Those who wait look at every
	// beat, so a holder that was killed is followed within 12 s.
	TTL = 5 * heartbeat.Every
	// term is how long after a question its answer is surely still true, less the time
	// that work may take to stop.
	term = TTL * 4 / 5
	// patience is how long one question is waited for.
	patience = heartbeat.Every * 9 / 10
)

// ErrLost is the cause with which the context of the work ends when the lease is
// lost, or can no longer be known to be held.
var ErrLost = errors.New("the lease is lost")

// Leases are where the replicas meet. What is held is renewed by the heartbeat.
type Leases interface {
	// Hold takes or renews the lease for ttl; false means that another has it.
	Hold(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// Release gives it up, if it is holder's.
	Release(ctx context.Context, name, holder string) error
}

// Options say which lease, and for whom. Log may be left nil.
type Options struct {
	Name   string // what is done, such as "discord gateway"
	Holder string // this process, by a name no other has
	Log    *slog.Logger
}

// Turn is the wish to do something alone. Only one Do may run at a time.
type Turn struct {
	leases Leases // nil when it is always this one's turn
	heart  *heartbeat.Heart
	o      Options
	held   atomic.Bool
	others atomic.Bool   // another had it when last asked
	deaf   atomic.Bool   // the database did not answer the last question
	asking chan struct{} // bounds the questions that wait for a dead network
	anew   chan struct{} // says that the lease must be asked for

	mu    sync.Mutex
	end   *time.Timer // fires when the lease is no longer sure to be held
	asked time.Time   // when the heart asked last
}

// New makes a Turn.
func New(l Leases, h *heartbeat.Heart, o Options) *Turn {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = o.Log.With("lease", o.Name)
	return &Turn{leases: l, heart: h, o: o, asking: make(chan struct{}, 4), anew: make(chan struct{}, 1)}
}

// Free makes a Turn that is always this process's, for a database that one process
// serves alone.
func Free() *Turn { return &Turn{} }

// Held reports whether the work is this replica's at present.
func (t *Turn) Held() bool { return t.held.Load() }

// Waiting reports whether another replica is known to do the work, so that this
// one stands by.
func (t *Turn) Waiting() bool { return t.others.Load() }

// Do waits for the lease, works, gives the lease back and returns what work
// returned. The context of work ends when ctx does and, with the cause ErrLost,
// when the lease is lost; work must then return without delay, and Do waits for
// the next turn. It returns nil when ctx ends while it waits.
func (t *Turn) Do(ctx context.Context, work func(context.Context) error) error {
	if t.leases == nil { // there is nothing to wait for, nor to renew
		t.held.Store(true)
		defer t.held.Store(false)
		return work(ctx)
	}
	defer t.heart.Add(part{t})()
	for {
		if !t.await(ctx) {
			return nil
		}
		t.o.Log.Debug("this replica's turn")
		if err := t.serve(ctx, work); !errors.Is(err, ErrLost) {
			return err
		}
		t.o.Log.Warn("the lease is lost; another replica may go on")
	}
}

// await asks until the lease is held; false when ctx has ended.
func (t *Turn) await(ctx context.Context) bool {
	for ctx.Err() == nil {
		asked := time.Now()
		if held, err := t.ask(ctx); held && err == nil {
			t.mu.Lock()
			t.end = time.NewTimer(time.Until(asked.Add(term)))
			t.mu.Unlock()
			return true
		}
		select {
		case <-ctx.Done():
		case <-t.anew:
		}
	}
	return false
}

// extend holds the lease for a term after a question that was asked then.
func (t *Turn) extend(asked time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end.Reset(time.Until(asked.Add(term)))
}

// answer is what came of one question.
type answer struct {
	asked time.Time
	held  bool
	err   error
}

// serve runs work for as long as the lease can be renewed.
func (t *Turn) serve(ctx context.Context, work func(context.Context) error) error {
	during, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	t.held.Store(true)
	defer t.held.Store(false)
	defer t.end.Stop()
	ended := make(chan error, 1)
	go func() { ended <- work(during) }()
	answers := make(chan answer, cap(t.asking))
	lost := func() error {
		stop(ErrLost)
		if err := <-ended; err != nil {
			t.o.Log.Debug("the work stopped", "error", err)
		}
		return ErrLost
	}
	for {
		select {
		case err := <-ended:
			stop(nil) // a question under way must not take the lease again
			t.release(ctx)
			return err
		case <-t.end.C:
			return lost()
		case <-t.anew:
			asked := time.Now()
			go func() {
				held, err := t.ask(during)
				answers <- answer{asked, held, err}
			}()
		case a := <-answers:
			switch {
			case a.err != nil: // perhaps the next question is answered
			case !a.held:
				return lost()
			default:
				t.extend(a.asked)
			}
		}
	}
}

// part is the lease as the heart renews it.
type part struct{ *Turn }

// Ask implements heartbeat.Part.
func (t part) Ask() (store.Holding, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = time.Now()
	return store.Holding{Lease: t.o.Name, Holder: t.o.Holder, TTL: TTL}, true
}

// Told implements heartbeat.Part. Whatever it did not expect it has asked for anew, on
// its own.
func (t part) Told(tenure store.Tenure, err error) {
	_ = t.unheard(context.Background(), err)
	switch held := t.held.Load(); {
	case err != nil:
		t.others.Store(false)
	case held && tenure == store.Renewed:
		t.extend(t.asked)
	case !held && tenure == store.Anothers:
		t.others.Store(true)
	default:
		select {
		case t.anew <- struct{}{}:
		default:
		}
	}
}

// ask puts one question, and waits for the answer no longer than it is worth. A
// call on a dead network may go on behind it; its answer, whatever it is, counts
// no more.
func (t *Turn) ask(ctx context.Context) (held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case t.asking <- struct{}{}:
	case <-ctx.Done():
		return false, t.unheard(ctx, ctx.Err())
	}
	said := make(chan answer, 1)
	go func() {
		defer func() { <-t.asking }()
		held, err := t.leases.Hold(ctx, t.o.Name, t.o.Holder, TTL)
		said <- answer{held: held, err: err}
	}()
	select {
	case a := <-said:
		t.others.Store(!a.held && a.err == nil)
		return a.held, t.unheard(ctx, a.err)
	case <-ctx.Done():
		return false, t.unheard(ctx, ctx.Err())
	}
}

// unheard writes one line when the database stops answering.
func (t *Turn) unheard(ctx context.Context, err error) error {
	if was := t.deaf.Swap(err != nil); err != nil && !was && !errors.Is(ctx.Err(), context.Canceled) {
		t.o.Log.Warn("the database does not say whose turn it is", "error", err)
	}
	return err
}

// release lets another begin at once. When that fails the lease lapses.
func (t *Turn) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- t.leases.Release(ctx, t.o.Name, t.o.Holder) }()
	select {
	case err := <-done:
		if err != nil {
			t.o.Log.Debug("the lease was not given back; it lapses", "error", err)
		}
	case <-ctx.Done():
	}
}
