// Package wire carries a request to a platform and its answer back, over
// connections that it keeps. It knows HTTP/1.1, TLS and proxies, and no platform.
//
// It never follows a redirect, never sends anything twice, never says in an error
// where a request went, and never leaves it open whether a byte of a request may
// have left: see Unsent.
//
// Its clock is the system's: deadlines of sockets know no other, and a clock that a
// demo moves by a week would end every request.
package wire

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"
)

const (
	// Within bounds one request with its answer. A context may bound it further.
	Within = 10 * time.Second
	// MaxAnswer bounds what is read of an answer: a longer one is an answer without
	// a body.
	MaxAnswer = 4 << 20
	// most is how many connections there are to one host, at most. More requests
	// wait for one of them.
	most = 128
	// idleFor is how long a connection is kept that carries nothing. Servers close
	// them sooner or later, and what is about to be closed is better not used.
	idleFor = time.Minute
)

// Request is one request.
type Request struct {
	Method, URL string
	// ContentType is the body's, and Authorization a header; an empty one is not
	// sent. Agent is who asks; networks in front of platforms refuse who does not say.
	ContentType, Authorization, Agent string
	Body                              []byte
}

// Client keeps the connections. It is safe for concurrent use, and no goroutine of
// its own outlives a request.
type Client struct {
	proxy func(*http.Request) (*url.URL, error)
	tls   *tls.Config // nil: as the system trusts
	mu    sync.RWMutex
	hosts map[string]*host // by scheme and host
}

// New makes a client that obeys HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
func New() *Client {
	return &Client{proxy: http.ProxyFromEnvironment, hosts: map[string]*host{}}
}

// unsent is an error that came before the first byte of a request left.
type unsent struct{ err error }

func (e *unsent) Error() string { return e.err.Error() }
func (e *unsent) Unwrap() error { return e.err }

// Unsent reports whether an error of Do came before anything of the request had
// left. After any other the request may have arrived, and its answer was lost.
func Unsent(err error) bool {
	_, ok := errors.AsType[*unsent](err)
	return ok
}

// Do sends one request and reads the whole answer, whatever its status. It takes
// until ctx ends or Within is over, at most, the wait for a connection included.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	h, path, err := c.to(r.URL)
	if err != nil {
		return Answer{}, &unsent{err}
	}
	deadline := time.Now().Add(Within) // of sockets, which know no other clock
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := h.enter(ctx, deadline); err != nil {
		return Answer{}, &unsent{err}
	}
	defer h.leave()
	for {
		l := h.take()
		kept := l != nil
		if !kept {
			if l, err = h.dial(ctx, deadline); err != nil {
				return Answer{}, &unsent{cmp.Or(ctx.Err(), err)}
			}
		}
		a, err := l.exchange(ctx, deadline, path, r)
		if err == nil && !l.spent {
			h.keep(l)
		} else {
			l.close()
		}
		if kept && err != nil && l.raw.sent == 0 && ctx.Err() == nil && time.Now().Before(deadline) {
			continue // it was closed just now, and nothing had left
		}
		if err == nil {
			return a, nil
		}
		if err = sayLate(ctx, err); l.raw.sent == 0 {
			err = &unsent{err}
		}
		return Answer{}, err
	}
}

// errLate stands for the many errors of time that is over.
var errLate = errors.New("no answer in time")

// sayLate gives the reason why a context or a deadline ended something.
func sayLate(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		return errLate
	default:
		return err
	}
}

// CloseIdle closes the connections that carry nothing.
func (c *Client) CloseIdle() {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, h := range c.hosts {
		h.closeIdle()
	}
}
