package pace

import (
	"sync"
	"time"
)

// fewest is how many entries are kept without a look at which of them are over.
const fewest = 1024

// Routes remember how much is left of a platform's limits per route and place,
// as its answers said. They are safe for concurrent use.
//
// What is over says nothing any more and is swept: when there are twice as many
// as were left by the last sweep, and whenever Sweep is called.
type Routes struct {
	mu      sync.Mutex
	shared  map[string]string // the bucket of a route, once an answer named it
	buckets map[routeKey]bucket
	sweepAt int
}

// routeKey is a bucket, or a route whose bucket is unknown, and the place it is
// counted for.
type routeKey struct{ bucket, place string }

type bucket struct {
	left  int
	reset time.Time
}

// Heard is what an answer said of a route's limit.
type Heard struct {
	Bucket string        // what shares the limit; empty: the route alone
	Left   int           // requests until the reset
	Reset  time.Duration // how long until then
}

// NewRoutes makes an empty memory.
func NewRoutes() *Routes {
	return &Routes{shared: map[string]string{}, buckets: map[routeKey]bucket{}, sweepAt: fewest}
}

// Take counts a request to a route and gives 0, or gives how long the route asks
// to wait, and counts nothing. Whatever has no known limit may begin.
func (r *Routes) Take(route, place string, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := r.key(route, place)
	b, known := r.buckets[key]
	if !known || !now.Before(b.reset) {
		return 0
	}
	if b.left <= 0 {
		return b.reset.Sub(now)
	}
	b.left--
	r.buckets[key] = b
	return 0
}

// Hear notes what an answer said. Answers may overtake each other: within one
// span the lower number stands.
func (r *Routes) Hear(route, place string, h Heard, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h.Bucket != "" {
		r.shared[route] = h.Bucket
	}
	if h.Reset <= 0 {
		return
	}
	key := r.key(route, place)
	if b, known := r.buckets[key]; known && now.Before(b.reset) {
		h.Left = min(h.Left, b.left)
	} else if !known && len(r.buckets) >= r.sweepAt {
		r.sweep(now)
	}
	r.buckets[key] = bucket{max(h.Left, 0), now.Add(h.Reset)}
}

// Sweep forgets what is over.
func (r *Routes) Sweep(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now)
}

func (r *Routes) sweep(now time.Time) {
	r.buckets = kept(r.buckets, func(b bucket) bool { return now.Before(b.reset) })
	r.sweepAt = max(fewest, 2*len(r.buckets))
}

func (r *Routes) key(route, place string) routeKey {
	if b, known := r.shared[route]; known {
		route = b
	}
	return routeKey{route, place}
}

// kept gives a map with what is to be kept: a new one when that is little,
// because a map never gives its memory back.
func kept[K comparable, V any](m map[K]V, keep func(V) bool) map[K]V {
	n := 0
	for _, v := range m {
		if keep(v) {
			n++
		}
	}
	if n == len(m) {
		return m
	}
	smaller := make(map[K]V, n)
	for k, v := range m {
		if keep(v) {
			smaller[k] = v
		}
	}
	return smaller
}
