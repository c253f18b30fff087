package deliver

import (
	"context"
	"sync"
	"time"
)

// sharing is the part of its time by which a deadline may come early, so that those
// who begin within it share one.
const sharing = 100

// deadline gives contexts that end at a time. Those who begin at about the same time
// share one: at thousands of posts a second, a timer and a place among the children
// of the parent for each of them would cost as much as all else that is done for it.
// Each context ends by itself; its parent's end ends it before. It is safe for
// concurrent use.
type deadline struct {
	mu  sync.Mutex
	ctx context.Context
	at  time.Time
}

// until gives a context that ends with its parent, which is always the same, at a
// time that now is before, or earlier by up to a hundredth of what is left.
func (d *deadline) until(parent context.Context, at, now time.Time) context.Context {
	left := at.Sub(now)
	d.mu.Lock()
	defer d.mu.Unlock()
	if early := at.Sub(d.at); d.ctx != nil && early >= 0 && early <= left/sharing && d.ctx.Err() == nil {
		return d.ctx
	}
	ctx, cancel := context.WithTimeout(parent, left)
	context.AfterFunc(ctx, cancel)
	d.ctx, d.at = ctx, at
	return ctx
}
