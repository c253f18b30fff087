package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

const (
	// bodyAge is how long an encoded body is used. It holds ages and a velocity,
	// which a minute does not change in a way that a reader sees.
	bodyAge = time.Minute
	// maxBodies bounds the cache; a body has a few kilobytes, and up to 60 more
	// with a picture.
	maxBodies = 256
)

// bodyKey names a body that is the same for every place of a platform.
type bodyKey struct {
	kind     store.DeliveryKind
	move     int64
	turning  int64
	revision int64
	parts    string // of a message of several moves: all of them with their revisions
	caughtUp bool
	edition  int64
	delivery int64 // of a message that no other place gets
}

func keyOf(c *store.Claimed) bodyKey {
	switch {
	case saysMore(c):
		k := bodyKey{kind: c.Kind, caughtUp: caughtUp(c)}
		for _, p := range c.Parts {
			k.parts += fmt.Sprintf("%d:%d:%d ", p.MoveID, p.Revision, p.TurningID)
		}
		return k
	case c.Kind == store.DeliveryNotice:
		return bodyKey{kind: c.Kind, delivery: c.ID}
	default:
		return bodyKey{kind: c.Kind, move: c.MoveID, turning: c.TurningID, revision: c.Revision, edition: c.EditionID}
	}
}

// caughtUp reports whether the message of a claim is a catch-up.
func caughtUp(c *store.Claimed) bool {
	if c.Kind == store.DeliveryEdit {
		return c.Target.Held
	}
	return c.Held
}

// body is one encoded message, or the final reason why it cannot be encoded.
// Its fields may be read once ready is closed.
type body struct {
	ready chan struct{}
	at    time.Time
	body  notify.Body
	err   error
}

// bodies keep what was encoded for one platform, so that a move heard by
// thousands of places is read, composed and encoded once.
type bodies struct {
	mu   sync.Mutex
	kept map[bodyKey]*body
}

// wait gives a body once it is made, unless ctx ends before.
func (e *body) wait(ctx context.Context) (notify.Body, error) {
	select {
	case <-e.ready:
		return e.body, e.err
	default:
	}
	select {
	case <-e.ready:
		return e.body, e.err
	case <-ctx.Done():
		return notify.Body{}, ctx.Err()
	}
}

// made hands a body to all who wait for it. A reason that is not final concerns
// just those.
func (b *bodies) made(k bodyKey, e *body) {
	if _, final := errors.AsType[*encodeError](e.err); e.err != nil && !final {
		b.forget(k, e)
	}
	close(e.ready)
}

// entry finds what is kept under k and not too old at now, or makes room for it and
// says that the caller is the first, who must make it.
func (b *bodies) entry(k bodyKey, now time.Time) (e *body, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.kept[k]; e != nil && now.Sub(e.at) < bodyAge {
		return e, false
	}
	if b.kept == nil {
		b.kept = map[bodyKey]*body{}
	}
	delete(b.kept, k)
	if len(b.kept) >= maxBodies {
		b.evict(now)
	}
	e = &body{ready: make(chan struct{}), at: now}
	b.kept[k] = e
	return e, true
}

// evict drops every body that is too old, and one more, the oldest, when there
// is none.
func (b *bodies) evict(now time.Time) {
	var oldest bodyKey
	var at time.Time
	for k, e := range b.kept {
		if now.Sub(e.at) >= bodyAge {
			delete(b.kept, k)
		} else if at.IsZero() || e.at.Before(at) {
			oldest, at = k, e.at
		}
	}
	if len(b.kept) >= maxBodies {
		delete(b.kept, oldest)
	}
}

// forget drops e, so that the next who asks tries anew.
func (b *bodies) forget(k bodyKey, e *body) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept[k] == e {
		delete(b.kept, k)
	}
}
