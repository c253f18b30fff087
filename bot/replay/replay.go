// Package replay remembers which signed requests came already, so that one that
// was overheard and is sent again has no second effect.
//
// It never checks a signature or a time: whoever asks has done so. It remembers
// for this process alone; what must happen once among replicas has a key in the
// database.
package replay

import (
	"crypto/sha256"
	"sync"
	"time"
)

// Most is how many requests a memory holds: 6 MB or so, in which the garbage
// collector finds nothing to follow.
const Most = 100_000

// Memory remembers requests for a time, but never more than Most of them: a flood
// of signed requests pushes out the oldest. It is safe for concurrent use.
type Memory struct {
	keep time.Duration

	mu    sync.Mutex
	known map[name]struct{}
	order []entry // oldest first
}

// name stands for a request's key. Two keys with one name would take 2^64 of them.
type name [16]byte

func nameOf(key string) name {
	sum := sha256.Sum256([]byte(key))
	return name(sum[:len(name{})])
}

type entry struct {
	name  name
	until int64 // in nanoseconds since 1970
}

// New makes a memory that keeps a request for the given time, which should be as
// long as any clock would take it.
func New(keep time.Duration) *Memory {
	return &Memory{keep: keep, known: map[name]struct{}{}}
}

// Before reports whether the request with this key came before, and remembers it.
func (m *Memory) Before(key string, now time.Time) bool {
	n := nameOf(key)
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.order) > 0 && m.order[0].until <= now.UnixNano() {
		m.forget()
	}
	if _, seen := m.known[n]; seen {
		return true
	}
	if len(m.order) >= Most {
		m.forget()
	}
	m.known[n] = struct{}{}
	m.order = append(m.order, entry{n, now.Add(m.keep).UnixNano()})
	return false
}

// Drop takes back that a request came, because it came to nothing.
func (m *Memory) Drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, nameOf(key))
}

func (m *Memory) forget() {
	delete(m.known, m.order[0].name)
	m.order = m.order[1:]
}
