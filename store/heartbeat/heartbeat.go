// Package heartbeat answers one question: does this process still hold what it holds
// for a time? It asks for all of that at once, every two seconds, since a processor at
// rest is woken for milliseconds by each question (docs/adr/0014-one-heartbeat.md).
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

// Every is how often everything is asked for. It is also how long an answer is waited
// for: later ones count no more.
const Every = 2 * time.Second

// mostAsked bounds the questions that wait for a dead network.
const mostAsked = 4

// errUnanswered is told while that many are waiting.
var errUnanswered = errors.New("the database has not answered the last questions")

// Store is where the replicas meet.
type Store interface {
	// Renew holds for longer what is as it is said to be, waiting for nobody, and says of
	// each what came of it, in their order.
	Renew(ctx context.Context, all []store.Holding) ([]store.Tenure, error)
}

// Part is something that is held. Its methods must not wait, nor call the Heart.
type Part interface {
	// Ask gives what is held; false when there is nothing to renew now.
	Ask() (store.Holding, bool)
	// Told is told the answer, at the latest Every after Ask.
	Told(t store.Tenure, err error)
}

// Heart asks for as long as it has parts.
type Heart struct {
	store   Store
	waiting chan struct{}

	mu    sync.Mutex
	parts []*seat
	stop  context.CancelFunc
}

// seat tells parts that are equal from each other.
type seat struct{ Part }

// New makes a Heart without parts.
func New(s Store) *Heart { return &Heart{store: s, waiting: make(chan struct{}, mostAsked)} }

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

func (h *Heart) beat(ctx context.Context) {
	rest := time.NewTimer(pulse.Next(time.Now(), Every))
	defer rest.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rest.C:
		}
		rest.Reset(pulse.Next(time.Now(), Every))
		if asked, all := h.asked(ctx); len(all) > 0 {
			answers, err := h.ask(ctx, all)
			h.tell(ctx, asked, answers, err)
		}
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

// ask puts one question. A call on a dead network may go on behind it; what it renews is
// held for longer by nobody who knows, which harms none.
func (h *Heart) ask(ctx context.Context, all []store.Holding) ([]store.Tenure, error) {
	select {
	case h.waiting <- struct{}{}:
	default:
		return nil, errUnanswered
	}
	ctx, cancel := context.WithTimeout(ctx, Every*9/10)
	defer cancel()
	type answer struct {
		all []store.Tenure
		err error
	}
	said := make(chan answer, 1)
	go func() {
		defer func() { <-h.waiting }()
		answers, err := h.store.Renew(ctx, all)
		said <- answer{answers, err}
	}()
	select {
	case a := <-said:
		return a.all, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// tell passes the answers to those who are there still.
func (h *Heart) tell(ctx context.Context, asked []*seat, answers []store.Tenure, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	for i, p := range asked {
		if !slices.Contains(h.parts, p) {
			continue
		}
		if err != nil {
			p.Told(store.Unsure, err)
			continue
		}
		p.Told(answers[i], nil)
	}
}
