package deliver

import (
	"context"
	"sync"
	"time"

	"sparkbot/notify/pace"
	"sparkbot/store"
)

// Worker delivers to every platform that has a sender. Deliveries to other
// platforms stay in the queue.
type Worker struct {
	queue   Queue
	library Library
	senders map[store.Platform]Sender
	o       Options

	mu      sync.Mutex
	running []*lane // while Run does
}

// New makes a Worker.
func New(q Queue, l Library, senders map[store.Platform]Sender, o Options) *Worker {
	return &Worker{queue: q, library: l, senders: senders, o: o.withDefaults()}
}

// Run delivers until ctx ends. Then it claims no more, releases what was not
// begun without counting an attempt, waits Options.Grace at most for the posts
// under way, records how they ended, and gives nil. A receive from wake makes
// it look at the queue at once.
func (w *Worker) Run(ctx context.Context, wake <-chan struct{}) error {
	sending, stopSending := outlive(ctx, w.o.Grace-w.o.Grace/10)
	defer stopSending()
	settling, stopSettling := outlive(ctx, w.o.Grace)
	defer stopSettling()

	lanes, records := w.lanes()
	last, recorded := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(recorded)
		records.run(settling, last)
	}()
	w.admit(lanes)
	defer w.admit(nil)
	var claiming sync.WaitGroup
	for _, l := range lanes {
		claiming.Go(func() { l.run(ctx, sending) })
	}
	forward(ctx, wake, records.kick)
	claiming.Wait()
	waitFor(settling, lanes)
	close(last)
	<-recorded
	return nil
}

// admit says which lanes may be handed claims.
func (w *Worker) admit(lanes []*lane) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = lanes
}

// lanes makes a lane for each platform and the settler they share.
func (w *Worker) lanes() ([]*lane, *settler) {
	var lanes []*lane
	outage := &outage{log: w.o.Log}
	records := newSettler(w.queue, w.o, outage)
	for platform, sender := range w.senders {
		budget := w.o.Budgets[platform]
		if budget == nil {
			budget = pace.NewBudget(0, w.o.Now)
		}
		l := &lane{
			queue: w.queue, library: w.library, sender: sender, platform: platform,
			limit: w.o.Limits[platform], o: w.o, settler: records, outage: outage,
			budget: budget, throttles: newThrottles(), health: newHealth(w.o.Log.With("platform", platform)),
			wake: make(chan struct{}, 1), jobs: make(chan *store.Claimed, max(w.o.Workers, maxAhead)),
		}
		lanes = append(lanes, l)
	}
	records.lanes = lanes
	return lanes, records
}

// forward hands every wake-up to kick until ctx ends.
func forward(ctx context.Context, wake <-chan struct{}, kick func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-wake:
			if !open {
				wake = nil
			}
			kick()
		}
	}
}

// waitFor waits until every post under way has ended, or ctx does: a sender
// that ignores its context must not keep the process from ending.
func waitFor(ctx context.Context, lanes []*lane) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, l := range lanes {
			l.sends.Wait()
		}
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// outlive gives a context that ends d after ctx does, or when cancelled.
func outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(d, cancel)
		context.AfterFunc(longer, func() { timer.Stop() })
	})
	return longer, func() {
		stop()
		cancel()
	}
}
