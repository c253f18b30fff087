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
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"sparkbot/store/pulse"
)

// DefaultTTL is how long a lease lasts without being renewed. Those who wait ask
// every fifth of it, so a holder that was killed is followed within 12 s.
const DefaultTTL = 10 * time.Second

// ErrLost is the cause with which the context of the work ends when the lease is
// lost, or can no longer be known to be held.
var ErrLost = errors.New("the lease is lost")

// Leases are where the replicas meet.
type Leases interface {
	// Hold takes or renews the lease for ttl; false means that another has it.
	Hold(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// Release gives it up, if it is holder's.
	Release(ctx context.Context, name, holder string) error
}

// Options say which lease, and for whom. TTL and Log may be left zero.
type Options struct {
	Name   string // what is done, such as "discord gateway"
	Holder string // this process, by a name no other has
	TTL    time.Duration
	Log    *slog.Logger
}

// Free gives every lease to whoever asks, for a database that one process serves
// alone.
type Free struct{}

// Hold always says yes.
func (Free) Hold(context.Context, string, string, time.Duration) (bool, error) { return true, nil }

// Release has nothing to give back.
func (Free) Release(context.Context, string, string) error { return nil }

// Turn is the wish to do something alone. Only one Do may run at a time.
type Turn struct {
	leases Leases
	o      Options
	held   atomic.Bool
	others atomic.Bool   // another had it when last asked
	deaf   atomic.Bool   // the database did not answer the last question
	asking chan struct{} // bounds the questions that wait for a dead network
}

// New makes a Turn.
func New(l Leases, o Options) *Turn {
	o.TTL = cmp.Or(o.TTL, DefaultTTL)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = o.Log.With("lease", o.Name)
	return &Turn{leases: l, o: o, asking: make(chan struct{}, 4)}
}

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
	if _, free := t.leases.(Free); free { // there is nothing to wait for, nor to renew
		t.held.Store(true)
		defer t.held.Store(false)
		return work(ctx)
	}
	for {
		end := t.await(ctx)
		if end == nil {
			return nil
		}
		t.o.Log.Debug("this replica's turn")
		if err := t.serve(ctx, end, work); !errors.Is(err, ErrLost) {
			return err
		}
		t.o.Log.Warn("the lease is lost; another replica may go on")
	}
}

// await asks until the lease is held, and gives a timer that fires when it is no
// longer sure to be; nil when ctx has ended.
func (t *Turn) await(ctx context.Context) *time.Timer {
	for ctx.Err() == nil {
		end := time.NewTimer(t.term())
		if held, err := t.ask(ctx); held && err == nil {
			return end
		}
		end.Stop()
		rest := time.NewTimer(pulse.Next(time.Now(), t.o.TTL/5))
		select {
		case <-ctx.Done():
		case <-rest.C:
		}
		rest.Stop()
	}
	return nil
}

// term is how long after a question its answer is surely still true, less the
// time that work may take to stop.
func (t *Turn) term() time.Duration { return t.o.TTL * 4 / 5 }

// answer is what came of one question.
type answer struct {
	end  *time.Timer
	held bool
	err  error
}

// serve runs work for as long as the lease can be renewed.
func (t *Turn) serve(ctx context.Context, end *time.Timer, work func(context.Context) error) error {
	during, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	t.held.Store(true)
	defer t.held.Store(false)
	ended := make(chan error, 1)
	go func() { ended <- work(during) }()
	every := t.o.TTL / 5
	renew := time.NewTimer(pulse.Next(time.Now(), every))
	defer renew.Stop()
	defer func() { end.Stop() }()
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
		case <-end.C:
			return lost()
		case <-renew.C:
			renew.Reset(pulse.Next(time.Now(), every))
			next := time.NewTimer(t.term())
			go func() {
				held, err := t.ask(during)
				answers <- answer{next, held, err}
			}()
		case a := <-answers:
			switch {
			case a.err != nil: // perhaps the next question is answered
				a.end.Stop()
			case !a.held:
				a.end.Stop()
				return lost()
			default:
				end.Stop()
				end = a.end
			}
		}
	}
}

// ask puts one question, and waits for the answer no longer than it is worth. A
// call on a dead network may go on behind it; its answer, whatever it is, counts
// no more.
func (t *Turn) ask(ctx context.Context) (held bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.o.TTL/5)
	defer cancel()
	select {
	case t.asking <- struct{}{}:
	case <-ctx.Done():
		return false, t.unheard(ctx, ctx.Err())
	}
	said := make(chan answer, 1)
	go func() {
		defer func() { <-t.asking }()
		held, err := t.leases.Hold(ctx, t.o.Name, t.o.Holder, t.o.TTL)
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.o.TTL/5)
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
