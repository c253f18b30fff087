package pace

import (
	"slices"
	"sync"
	"time"
)

// Rate is a limit that a platform publishes but does not announce.
type Rate struct {
	N   int           // how many within Per; 0: as many as there are
	Per time.Duration // a minute, as Slack counts
	// Wary takes the place of N for a while after the platform refused, where the
	// limit itself is not published; 0: N stays.
	Wary int
	// Again is how long after its turn a place may come once more without another,
	// for what takes two requests: else those who wait for their second turn would
	// use up the first turns of all others for ever.
	Again time.Duration
	// Soon is how far ahead a turn is kept, while it is likely that N will grow: who
	// would wait longer keeps none, and is told to ask anew then. 0: however far.
	Soon time.Duration
}

// waryFor is how long a scope is treated with care after it refused.
const waryFor = 10 * time.Minute

// Turns keep limits of scopes such as a workspace's method. A request whose turn
// is later is told when, and finds its turn kept when it comes back: so a queue
// of thousands is spread over the minutes it takes, each of them told once. They
// are safe for concurrent use. What is over is swept as Routes do.
type Turns struct {
	mu      sync.Mutex
	scopes  map[string]*scope
	sweepAt int
}

type scope struct {
	taken   []time.Time          // turns within the last Per and in the future, in order
	kept    map[string]time.Time // turns of those who were told to come back
	had     map[string]time.Time // places that may come once more
	wary    time.Time
	closed  time.Time
	refused map[string]time.Time // places that were refused, until then
	over    time.Time            // when nothing of it matters any more
}

// NewTurns makes an empty memory.
func NewTurns() *Turns { return &Turns{scopes: map[string]*scope{}, sweepAt: fewest} }

// Take gives when place may do its next request in a scope. A time that is not
// after now is now, and takes the turn; a later one keeps it for the place.
func (t *Turns) Take(name, place string, r Rate, now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.scopes[name]
	if s == nil {
		if r.N == 0 {
			return now
		}
		s = t.open(name, now)
	}
	if until := s.refused[place]; until.After(now) {
		return until
	}
	if s.closed.After(now) {
		return s.closed
	}
	n := r.N
	if r.Wary > 0 && s.wary.After(now) {
		n = r.Wary
	}
	if n == 0 {
		return now
	}
	if had, there := s.had[place]; there {
		delete(s.had, place)
		if now.Sub(had) <= r.Again {
			return now
		}
	}
	at := s.turn(place, n, r, now)
	if r.Again > 0 && !at.After(now) {
		if s.had == nil {
			s.had = map[string]time.Time{}
		}
		s.had[place] = now
	}
	return at
}

// turn finds the turn kept for a place, or the next free one.
func (s *scope) turn(place string, n int, r Rate, now time.Time) time.Time {
	if at, told := s.kept[place]; told {
		if at.After(now) {
			return at
		}
		delete(s.kept, place)
		if now.Sub(at) < r.Per {
			return now
		}
	}
	s.taken = slices.DeleteFunc(s.taken, func(at time.Time) bool { return now.Sub(at) >= r.Per })
	at := now
	if i := len(s.taken) - n; i >= 0 {
		at = latest(at, s.taken[i].Add(r.Per))
	}
	if soon := now.Add(r.Soon); r.Soon > 0 && at.After(soon) {
		return soon
	}
	s.taken = append(s.taken, at)
	s.over = latest(s.over, at.Add(r.Per))
	if at.After(now) {
		if s.kept == nil {
			s.kept = map[string]time.Time{}
		}
		s.kept[place] = at
	}
	return at
}

// Refuse notes that the platform refused a place in a scope until then, without
// saying whom else that concerns. One place alone waits by itself; a second one
// within that time shows that it is the whole scope, which then waits, as the
// result says.
func (t *Turns) Refuse(name, place string, until, now time.Time) (all bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.scopes[name]
	if s == nil {
		s = t.open(name, now)
	}
	s.refused = kept(s.refused, func(until time.Time) bool { return until.After(now) })
	if s.refused == nil {
		s.refused = map[string]time.Time{}
	}
	s.refused[place] = latest(s.refused[place], until)
	s.over = latest(s.over, until)
	if len(s.refused) == 1 {
		return false
	}
	s.shut(until, now)
	return true
}

// Close lets a whole scope wait until then.
func (t *Turns) Close(name string, until, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.scopes[name]
	if s == nil {
		s = t.open(name, now)
	}
	s.shut(until, now)
}

func (s *scope) shut(until, now time.Time) {
	s.closed = latest(s.closed, until)
	s.wary = latest(s.wary, now.Add(waryFor))
	s.over = latest(s.over, latest(s.closed, s.wary))
}

// open makes a scope. The caller holds the lock.
func (t *Turns) open(name string, now time.Time) *scope {
	if len(t.scopes) >= t.sweepAt {
		t.sweep(now)
	}
	s := &scope{over: now}
	t.scopes[name] = s
	return s
}

// Sweep forgets what is over.
func (t *Turns) Sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
}

func (t *Turns) sweep(now time.Time) {
	t.scopes = kept(t.scopes, func(s *scope) bool { return s.over.After(now) })
	t.sweepAt = max(fewest, 2*len(t.scopes))
	for _, s := range t.scopes { // a turn nobody came back for
		s.kept = kept(s.kept, func(at time.Time) bool { return now.Sub(at) < time.Hour })
		s.had = kept(s.had, func(at time.Time) bool { return now.Sub(at) < time.Minute })
	}
}
