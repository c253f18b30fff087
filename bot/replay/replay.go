// Package replay remembers which signed requests came already, so that one that
// was overheard and is sent again has no second effect.
//
// It never checks a signature or a time: whoever asks has done so. It remembers
// for this process alone; what must happen once among replicas has a key in the
// database.
package replay

import (
	"sync"
	"time"
)

// Most is how many requests a memory holds: 10 MB or so of signatures.
const Most = 100_000

// Memory remembers requests for a time, but never more than Most of them: a flood
// of signed requests pushes out the oldest. It is safe for concurrent use.
type Memory struct {
	keep time.Duration

	mu    sync.Mutex
	known map[string]struct{}
	order []entry // oldest first
}

type entry struct {
	key   string
	until time.Time
}

// New makes a memory that keeps a request for the given time, which should be as
// long as any clock would take it.
func New(keep time.Duration) *Memory {
	return &Memory{keep: keep, known: map[string]struct{}{}}
}

// Before reports whether the request with this key came before, and remembers it.
func (m *Memory) Before(key string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.order) > 0 && !now.Before(m.order[0].until) {
		m.forget()
	}
	if _, seen := m.known[key]; seen {
		return true
	}
	if len(m.order) >= Most {
		m.forget()
	}
	m.known[key] = struct{}{}
	m.order = append(m.order, entry{key, now.Add(m.keep)})
	return false
}

// Drop takes back that a request came, because it came to nothing.
func (m *Memory) Drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, key)
}

func (m *Memory) forget() {
	delete(m.known, m.order[0].key)
	m.order = m.order[1:]
}
