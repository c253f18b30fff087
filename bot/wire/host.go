package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// host is where requests go, and the connections to it.
type host struct {
	route
	slots chan struct{} // one a connection that may be

	mu    sync.Mutex
	kept  []*line     // the longest idle first
	timer *time.Timer // nil while nothing is kept
}

// ErrAddress says that a request has no address of the web.
var ErrAddress = errors.New("the address is not readable")

// to finds the host of an address and what is asked of it. The address stands in
// no error.
func (c *Client) to(address string) (*host, string, error) {
	if origin, path, ok := split(address); ok {
		c.mu.RLock()
		h := c.hosts[origin]
		c.mu.RUnlock()
		if h != nil {
			return h, h.before + path, nil
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, "", ErrAddress
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	origin := u.Scheme + "://" + u.Host
	h := c.hosts[origin]
	if h == nil {
		via, err := c.proxy(&http.Request{URL: u})
		if err != nil {
			return nil, "", errors.New("the proxy's address is not readable; check HTTP_PROXY and HTTPS_PROXY")
		}
		h = &host{route: routeTo(u, via, c.tls), slots: make(chan struct{}, most)}
		c.hosts[origin] = h
	}
	return h, h.before + u.RequestURI(), nil
}

// split takes an address apart that needs no escaping.
func split(address string) (origin, path string, ok bool) {
	start := strings.Index(address, "://") + len("://")
	end := strings.IndexByte(address[start:], '/')
	if start < len("://") || end < 0 {
		return "", "", false
	}
	origin, path = address[:start+end], address[start+end:]
	for i := range len(path) {
		if b := path[i]; (b|0x20 < 'a' || b|0x20 > 'z') && (b < '0' || b > '9') && strings.IndexByte("/-_.~?=&%:@+,", b) < 0 {
			return "", "", false
		}
	}
	return origin, path, true
}

// enter waits until one connection more may be used.
func (h *host) enter(ctx context.Context, deadline time.Time) error {
	select {
	case h.slots <- struct{}{}:
		return ctx.Err()
	default:
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errors.New("no connection was free in time")
	}
}

func (h *host) leave() { <-h.slots }

// take gives the connection that was used last and is still open, or nil.
func (h *host) take() *line {
	for {
		h.mu.Lock()
		n := len(h.kept) - 1
		if n < 0 {
			h.mu.Unlock()
			return nil
		}
		l := h.kept[n]
		h.kept[n] = nil
		h.kept = h.kept[:n]
		h.mu.Unlock()
		if l.ready() {
			return l
		}
		l.close()
	}
}

// keep puts a connection aside for the next request.
func (h *host) keep(l *line) {
	l.since = time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept = append(h.kept, l)
	if h.timer == nil {
		h.timer = time.AfterFunc(idleFor, h.expire)
	}
}

// expire closes what has been idle for too long, and comes back for the rest.
func (h *host) expire() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, old := time.Now(), 0
	for old < len(h.kept) && now.Sub(h.kept[old].since) >= idleFor {
		h.kept[old].close()
		old++
	}
	h.kept = append(h.kept[:0], h.kept[old:]...)
	clear(h.kept[len(h.kept):cap(h.kept)])
	if len(h.kept) == 0 {
		h.timer = nil
	} else if h.timer != nil {
		h.timer.Reset(h.kept[0].since.Add(idleFor).Sub(now))
	}
}

func (h *host) closeIdle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.kept {
		l.close()
	}
	h.kept = nil
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
}

// hostPort gives an address to dial.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "1080" // of SOCKS
	}
	return net.JoinHostPort(u.Hostname(), port)
}
