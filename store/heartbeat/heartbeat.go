// Package heartbeat answers one question: does this process still hold what it holds
// for a time? It asks for all of that at once, every two seconds and while the process is
// alone every four, since a processor at rest is woken for milliseconds by each question
// (docs/adr/0014-one-heartbeat.md).
//
// It never takes anything: what is free, has lapsed or has changed is for its part to
// ask for. Nor does it end anything: each part counts its own time, and stops by itself
// when it hears nothing.
package heartbeat

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"sparkbot/store"
	"sparkbot/store/pulse"
)

const (
	// Every is how often everything is asked for. An answer is waited for until the next
	// question: later ones count no more.
	Every = 2 * time.Second
	// AtRest takes its place while there is no other process, which would wait for what
	// this one holds. Nothing lasts longer for that, so there is less time for a question
	// that fails: it is put again after Every.
	AtRest = 2 * Every
)

// mostAskers bounds the questions that wait for a dead network.
const mostAskers = 4

var (
	// errLate is told when there is no answer by the next beat.
	errLate = errors.New("the database did not answer in time")
	// errUnanswered is told while as many questions as may be are waiting.
	errUnanswered = errors.New("the database has not answered the last questions")
)

// Store is where the replicas meet.
type Store interface {
	// Renew holds for longer what is as it is said to be, waiting for nobody, and says of
	// each what came of it, in their order.
	Renew(ctx context.Context, all []store.Holding) ([]store.Tenure, error)
	// Alone gives a channel that is closed when another process comes, or nil when one is
	// there, or may be.
	Alone() <-chan struct{}
}

// Part is something that is held. Its methods must not wait, nor call the Heart.
type Part interface {
	// Ask gives what is held; false when there is nothing to renew now.
	Ask() (store.Holding, bool)
	// Told is told the answer before the next Ask.
	Told(t store.Tenure, err error)
}

// Heart asks for as long as it has parts.
type Heart struct {
	store  Store
	askers chan struct{}

	mu    sync.Mutex
	parts []*seat
	stop  context.CancelFunc
}

// seat tells parts that are equal from each other.
type seat struct{ Part }

// New makes a Heart without parts.
func New(s Store) *Heart { return &Heart{store: s, askers: make(chan struct{}, mostAskers)} }

// Add has a part asked for from now on, until remove is called. After that it is neither
// asked nor told any more, but a question under way may yet be answered to nobody.
func (h *Heart) Add(p Part) (remove func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &seat{p}
	h.parts = append(h.parts, s)
	if len(h.parts) == 1 {
		ctx, stop := context.WithCancel(context.Background())
		h.stop = stop
		go h.beat(ctx)
	}
	return func() { h.remove(s) }
}

func (h *Heart) remove(s *seat) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.Index(h.parts, s)
	if i < 0 {
		return
	}
	if h.parts = slices.Delete(h.parts, i, i+1); len(h.parts) == 0 {
		h.stop()
	}
}

// answer is what came of a question.
type answer struct {
	all []store.Tenure
	err error
}

// calm reports whether everything is held that was asked for, or another's.
func (a answer) calm() bool { return a.err == nil && !slices.Contains(a.all, store.Unsure) }

// question waits for nobody to hear its answer.
type question struct {
	all  []store.Holding
	said chan answer
}

func (h *Heart) beat(ctx context.Context) {
	next := time.NewTimer(pulse.Next(time.Now(), Every))
	defer next.Stop()
	var asker chan question // nil when none is free
	defer func() { dismiss(asker) }()
	var company <-chan struct{} // nil when another is there
	for late, calm := false, false; ; {
		if !late {
			select {
			case <-ctx.Done():
				return
			case <-company:
			case <-next.C:
			}
		}
		// The timer is set to where it mostly stays: a processor at rest is woken at the
		// moment that it was first set to, even if it was put off since.
		rest := Every
		if company = h.store.Alone(); company != nil && calm {
			rest = AtRest
		}
		next.Reset(pulse.Next(time.Now(), rest))
		late, calm = false, false
		asked, all := h.asked(ctx)
		if len(all) == 0 {
			continue
		}
		if asker == nil {
			if asker = h.engage(); asker == nil {
				h.tell(ctx, asked, answer{err: errUnanswered})
				continue
			}
		}
		q := question{all, make(chan answer, 1)}
		asker <- q
		select {
		case <-ctx.Done():
			return
		case a := <-q.said:
			h.tell(ctx, asked, a)
			if calm = a.calm(); !calm && rest != Every {
				next.Reset(pulse.Next(time.Now(), Every))
			}
		case <-next.C:
			dismiss(asker)
			asker, late = nil, true
			h.tell(ctx, asked, answer{err: errLate})
		}
	}
}

// engage gives a goroutine that asks, or nil when too many wait for an answer. A call on
// a dead network may go on behind the heart; what it renews is then held for longer by
// nobody who knows, which harms none. The same one asks at each beat, whose stack is
// large enough by then, and on a context that cannot end, for whose end the driver and
// its pool would each have a goroutine wait.
func (h *Heart) engage() chan question {
	select {
	case h.askers <- struct{}{}:
	default:
		return nil
	}
	asker := make(chan question)
	go func() {
		defer func() { <-h.askers }()
		for q := range asker {
			all, err := h.store.Renew(context.Background(), q.all)
			q.said <- answer{all, err}
		}
	}()
	return asker
}

// dismiss has an asker end once its question is answered.
func dismiss(asker chan question) {
	if asker != nil {
		close(asker)
	}
}

// asked gives what is to be renewed now, and whose it is.
func (h *Heart) asked(ctx context.Context) (parts []*seat, all []store.Holding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil { // another beats for those who came since
		return nil, nil
	}
	for _, p := range h.parts {
		if holding, ok := p.Ask(); ok {
			parts, all = append(parts, p), append(all, holding)
		}
	}
	return parts, all
}

// tell passes the answers to those who are there still.
func (h *Heart) tell(ctx context.Context, asked []*seat, a answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	for i, p := range asked {
		if !slices.Contains(h.parts, p) {
			continue
		}
		if a.err != nil {
			p.Told(store.Unsure, a.err)
			continue
		}
		p.Told(a.all[i], nil)
	}
}
