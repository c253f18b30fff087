package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sparkbot/store"
)

// Fetcher asks a feed's server.
type Fetcher interface {
	Fetch(ctx context.Context, q Request) (Answer, error)
}

// Store remembers feeds and keeps what they become.
type Store interface {
	// FeedStates gives what is remembered of the feeds with the keys.
	FeedStates(ctx context.Context, keys []string) (map[string]store.FeedState, error)
	// SaveFeed remembers a feed that brought nothing.
	SaveFeed(ctx context.Context, st store.FeedState) error
	// StoreFeed stores what is new or changed of a feed, and its state, or nothing.
	StoreFeed(ctx context.Context, r store.FeedRead) (added, edited int, err error)
	// ProjectBySlug gives store.ErrNotFound when there is none.
	ProjectBySlug(ctx context.Context, slug string) (store.Project, error)
}

// Options say how a Reader works. Now is required.
type Options struct {
	Sources []Source
	Now     func() time.Time
	Rand    func() float64 // chance from 0 up to 1; called from many goroutines
	Log     *slog.Logger
	// Read, when set, is told of every time a feed was asked. It must be quick.
	Read func(Event)
}

// Event is a feed that was asked.
type Event struct {
	Source        Source
	Unchanged     bool
	Added, Edited int
	Err           error
	Took          time.Duration
}

const (
	together = 4 // how many feeds are asked at once
	// restless is how long to wait when the database fails.
	restless = 30 * time.Second
)

// Reader reads feeds when they are due.
type Reader struct {
	store Store
	fetch Fetcher
	o     Options
	slots chan struct{}
	hosts sync.Map // host → *sync.Mutex: a server is asked one thing at a time
}

// New makes a Reader.
func New(s Store, f Fetcher, o Options) *Reader {
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Read == nil {
		o.Read = func(Event) {}
	}
	return &Reader{store: s, fetch: f, o: o, slots: make(chan struct{}, together)}
}

// Sources are the feeds that are read.
func (r *Reader) Sources() []Source { return r.o.Sources }

// Run reads the feeds until ctx ends. Only one replica should run it at a time;
// if two do, both ask, and what they find is still stored once.
func (r *Reader) Run(ctx context.Context) error {
	keys := make([]string, len(r.o.Sources))
	for i, s := range r.o.Sources {
		keys[i] = s.Key()
	}
	states, err := r.store.FeedStates(ctx, keys)
	for err != nil {
		r.o.Log.Warn("the feeds are not read while the database is away", "error", err)
		if !rest(ctx, restless) {
			return nil
		}
		states, err = r.store.FeedStates(ctx, keys)
	}
	var group errgroup.Group
	for _, s := range r.o.Sources {
		st := states[s.Key()]
		st.Key = s.Key()
		group.Go(func() error { return r.follow(ctx, s, st) })
	}
	return group.Wait()
}

// follow reads one feed whenever it is due.
func (r *Reader) follow(ctx context.Context, s Source, st store.FeedState) error {
	for rest(ctx, st.NextAt.Sub(r.o.Now())) {
		if !r.begin(ctx) {
			break
		}
		st = r.Once(ctx, s, st)
		<-r.slots
	}
	return nil
}

// begin takes one of the slots.
func (r *Reader) begin(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case r.slots <- struct{}{}:
		return true
	}
}

// Once asks one feed, stores what it brings and gives what is remembered of it.
func (r *Reader) Once(ctx context.Context, s Source, st store.FeedState) store.FeedState {
	began := r.o.Now()
	e := Event{Source: s}
	next, err := r.read(ctx, s, st, &e)
	if ctx.Err() != nil {
		return st // it was not the feed that failed
	}
	now := r.o.Now()
	if err != nil {
		next = After(st, Answer{}, err, s.Interval, now, r.o.Rand())
		if err := r.store.SaveFeed(ctx, next); err != nil {
			r.o.Log.Warn("the state of a feed is not stored", "project", s.Project, "error", err)
			next.NextAt = later(next.NextAt, now.Add(restless))
		}
	}
	e.Err, e.Took = err, now.Sub(began)
	r.tell(e, next)
	return next
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// read asks the feed and stores what it brings.
func (r *Reader) read(ctx context.Context, s Source, st store.FeedState, e *Event) (store.FeedState, error) {
	p, err := r.store.ProjectBySlug(ctx, s.Project)
	if errors.Is(err, store.ErrNotFound) {
		return st, fmt.Errorf("there is no project %q; import it, and its feed is read", s.Project)
	}
	if err != nil {
		return st, err
	}
	answer, err := r.ask(ctx, s, st)
	if err != nil {
		return st, err
	}
	now := r.o.Now()
	next := After(st, answer, nil, s.Interval, now, r.o.Rand())
	if answer.Unchanged {
		e.Unchanged = true
		return next, r.store.SaveFeed(ctx, next)
	}
	d, err := Parse(s.Kind, answer.URL, answer.Body, now)
	if err != nil {
		return st, err
	}
	read := store.FeedRead{State: next, ProjectID: p.ID, History: st.ReadAt.IsZero()}
	for _, i := range identify(d, s.Key()) {
		read.Entries = append(read.Entries, store.FeedEntry{Names: i.names, Move: s.Become(i.Entry, i.source, p.Name, d.Title, now)})
	}
	e.Added, e.Edited, err = r.store.StoreFeed(ctx, read)
	return next, err
}

// ask fetches the feed where it is now.
func (r *Reader) ask(ctx context.Context, s Source, st store.FeedState) (Answer, error) {
	address := orElse(st.MovedTo, Address(s.Kind, s.URL))
	if u, err := url.Parse(address); err == nil {
		host, _ := r.hosts.LoadOrStore(u.Host, &sync.Mutex{})
		host.(*sync.Mutex).Lock()
		defer host.(*sync.Mutex).Unlock()
	}
	return r.fetch.Fetch(ctx, Request{URL: address, ETag: st.ETag, LastModified: st.LastModified})
}

// tell writes to the log: news, and failures ever more seldom.
func (r *Reader) tell(e Event, st store.FeedState) {
	r.o.Read(e)
	log := r.o.Log.With("project", e.Source.Project, "feed", e.Source.Shown())
	switch n := st.Failures; {
	case e.Err != nil && n&(n-1) == 0:
		log.Warn("a feed is not read", "error", e.Err, "failures", n, "next", st.NextAt)
	case e.Added+e.Edited > 0:
		log.Info("a feed brought moves", "added", e.Added, "edited", e.Edited, "took", e.Took)
	}
}

// rest waits, and reports whether ctx lasts.
func rest(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
