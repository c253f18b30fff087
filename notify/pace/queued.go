package pace

import (
	"context"
	"sync/atomic"
)

// ticket is a turn that was taken before the request was made.
type ticket struct{ used atomic.Bool }

type ticketKey struct{}

// WithTurn gives a context that carries a turn its caller took: the first request
// under it begins with that turn, and any further one takes its own. It marks the
// requests as those of a message in the queue.
func WithTurn(ctx context.Context) context.Context {
	return context.WithValue(ctx, ticketKey{}, &ticket{})
}

// Queue gives a context that marks requests as those of a message in the queue,
// with the turn that ctx carries or, if it carries none, without.
func Queue(ctx context.Context) context.Context {
	if Queued(ctx) {
		return ctx
	}
	t := &ticket{}
	t.used.Store(true)
	return context.WithValue(ctx, ticketKey{}, t)
}

// Queued reports whether a request belongs to a message in the queue. Such a one
// is better refused than kept waiting: the queue waits for it, and holds up
// nobody else meanwhile.
func Queued(ctx context.Context) bool {
	_, is := ctx.Value(ticketKey{}).(*ticket)
	return is
}

// carried uses the turn that ctx carries up, if there is one.
func carried(ctx context.Context) bool {
	t, is := ctx.Value(ticketKey{}).(*ticket)
	return is && t.used.CompareAndSwap(false, true)
}
