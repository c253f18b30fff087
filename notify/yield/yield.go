// Package yield answers one question: may work that nobody waits for go on, or
// does a member wait for the answer to a command?
//
// A fan-out takes every processor there is, and a command that shares them with it
// would wait behind hundreds of posts at each of its steps. Posts that come some
// milliseconds later are noticed by nobody.
//
// It orders nothing and stops nothing for long: whoever gives way goes on after
// Patience, however many ask.
package yield

import (
	"context"
	"sync"
	"time"
)

const (
	// Rest is how long after an answer others still give way: the answer is on its
	// way out, and where many ask the next one is on its way in.
	Rest = 3 * time.Millisecond
	// Patience is how long one step of what gives way is put off at most. A fan-out
	// with 64 posts under way so keeps 3,000 posts a second while commands never cease.
	Patience = 20 * time.Millisecond
)

// Gate knows whether somebody waits for an answer. It is safe for concurrent use;
// its zero value is ready.
type Gate struct {
	mu     sync.Mutex
	asking int           // questions without an answer
	calm   chan struct{} // closed when nobody has asked for Rest; nil while nobody asks
	rest   *time.Timer
}

// Asked notes that a member waits, until answered is called, which is to be done once.
func (g *Gate) Asked() (answered func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asking++
	if g.calm == nil {
		g.calm = make(chan struct{})
	}
	if g.rest != nil {
		g.rest.Stop()
	}
	return g.answered
}

func (g *Gate) answered() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asking--; g.asking > 0 {
		return
	}
	if g.rest == nil {
		g.rest = time.AfterFunc(Rest, g.end)
	} else {
		g.rest.Reset(Rest)
	}
}

// end lets everybody go on, unless somebody asked meanwhile.
func (g *Gate) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asking == 0 && g.calm != nil {
		close(g.calm)
		g.calm = nil
	}
}

// Pass gives way while members wait, for no longer than Patience, and reports whether
// it did. It ends early with ctx.
func (g *Gate) Pass(ctx context.Context) (gaveWay bool) {
	g.mu.Lock()
	calm := g.calm
	g.mu.Unlock()
	if calm == nil {
		return false
	}
	limit := time.NewTimer(Patience)
	defer limit.Stop()
	select {
	case <-calm:
	case <-limit.C:
	case <-ctx.Done():
	}
	return true
}
