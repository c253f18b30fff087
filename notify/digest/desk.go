package digest

import (
	"context"
	"errors"
	"sync"
	"time"

	"sparkbot/store"
)

const (
	// freshness is how long facts are used: an edit or a retraction reaches the
	// digests that are sent a minute later.
	freshness = time.Minute
	// maxWindows bounds what is kept. Places that are due together share a window,
	// unless something held a few of them up.
	maxWindows = 64
)

var errInterrupted = errors.New("reading the facts of a digest was interrupted")

// Editions finds what a digest is about.
type Editions interface {
	// Edition gives store.ErrNotFound when there is none with the id.
	Edition(ctx context.Context, id int64) (store.Edition, error)
}

// Desk says what editions have to say. It scores every project once for all the
// places whose weeks close together. It is safe for concurrent use.
type Desk struct {
	library  Library
	editions Editions

	mu   sync.Mutex
	kept map[window]*keeping
}

// keeping is what one window's facts are, once ready is closed.
type keeping struct {
	at    time.Time
	ready chan struct{}
	facts *facts
	err   error
}

// NewDesk makes a Desk.
func NewDesk(l Library, e Editions) *Desk {
	return &Desk{library: l, editions: e, kept: map[window]*keeping{}}
}

// Digest gives what a stored edition has to say; store.ErrNotFound when it is
// stored no more.
func (d *Desk) Digest(ctx context.Context, edition int64, now time.Time) (Week, error) {
	e, err := d.editions.Edition(ctx, edition)
	if err != nil {
		return Week{}, err
	}
	return d.Week(ctx, e, now)
}

// Week gives what an edition has to say.
func (d *Desk) Week(ctx context.Context, e store.Edition, now time.Time) (Week, error) {
	follows, err := e.Followed()
	if err != nil {
		return Week{}, err
	}
	f, err := d.facts(ctx, windowOf(e), now)
	if err != nil {
		return Week{}, err
	}
	return f.rank(e, follows), nil
}

// facts gives a window's, and reads them when nobody did within the last minute.
// Whoever asks while they are being read waits.
func (d *Desk) facts(ctx context.Context, w window, now time.Time) (*facts, error) {
	k, first := d.keep(w, now)
	if first {
		d.read(ctx, w, k)
	}
	select {
	case <-k.ready:
		return k.facts, k.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read fills k. Whoever waits for it goes on even when reading panics.
func (d *Desk) read(ctx context.Context, w window, k *keeping) {
	k.err = errInterrupted
	defer func() {
		if k.err != nil {
			d.forget(w, k)
		}
		close(k.ready)
	}()
	k.facts, k.err = gather(ctx, d.library, w)
}

func (d *Desk) keep(w window, now time.Time) (k *keeping, first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if k := d.kept[w]; k != nil && now.Sub(k.at).Abs() < freshness {
		return k, false
	}
	for other, k := range d.kept {
		if now.Sub(k.at).Abs() >= freshness || len(d.kept) >= maxWindows {
			delete(d.kept, other)
		}
	}
	k = &keeping{at: now, ready: make(chan struct{})}
	d.kept[w] = k
	return k, true
}

func (d *Desk) forget(w window, k *keeping) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kept[w] == k {
		delete(d.kept, w)
	}
}
