package deliver

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sparkbot/store"
)

const (
	// linger is how long a record waits for others to share its transaction, while any
	// are under way.
	linger = 5 * time.Millisecond
	// maxSettle is how many records one transaction holds at most: half of what a lane
	// may hold, since a transaction costs its wait for the disk, and the other half can
	// be posted meanwhile.
	maxSettle = 1024
	// hopeless is how long after the end of its lease a record is dropped that
	// the database refuses although it answers. It is far longer than another
	// program may keep the tables locked.
	hopeless = 5 * time.Minute
)

// ended is a claim that ended and is not recorded yet. It holds its slot in the
// lane until it is.
type ended struct {
	event Event
	lane  *lane
}

// settler records how claims ended, many in one transaction. A record is
// repeated until the database takes it: the fence makes that harmless even when
// the lease has run out meanwhile, and as long as a record waits nothing new is
// claimed, so that a single process never repeats a message because of an outage.
type settler struct {
	queue  Queue
	o      Options
	outage *outage
	lanes  []*lane

	mu    sync.Mutex
	came  []ended       // ended since the settler last looked; no more than there are slots
	first chan struct{} // something came
	ready chan struct{} // nothing is gained by waiting for more

	behind   atomic.Bool // records wait for the database
	size     int         // how many records the next try holds
	failures int
	records  []store.Settlement // of the present try
}

func newSettler(q Queue, o Options, outage *outage) *settler {
	return &settler{queue: q, o: o, outage: outage, first: make(chan struct{}, 1), ready: make(chan struct{}, 1)}
}

// add takes a claim that ended. It wakes the settler for the first and the last, and
// not for each, since thousands may come in a second.
func (s *settler) add(e *Event, l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came = append(s.came, ended{event: *e, lane: l})
	if len(s.came) == 1 {
		signal(s.first)
	}
	if s.enough() {
		signal(s.ready)
	}
}

// enough reports whether as many came as one transaction holds, or all that is under
// way. The caller holds the lock.
func (s *settler) enough() bool {
	held := 0
	for _, l := range s.lanes {
		held += int(l.busy.Load())
	}
	return len(s.came) >= min(held, maxSettle)
}

// take adds what came to those waiting.
func (s *settler) take(waiting []ended) []ended {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ready: // for what is taken now
	default:
	}
	if len(waiting) == 0 { // the two change places, so that neither is made anew
		waiting, s.came = s.came, waiting
		return waiting
	}
	waiting = append(waiting, s.came...)
	s.came = s.came[:0]
	return waiting
}

// signal lets whoever waits for c go on, or the next who does.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run records until last is closed and nothing is left, or ctx ends.
func (s *settler) run(ctx context.Context, last <-chan struct{}) {
	s.size = maxSettle
	var waiting []ended
	for more := true; ; {
		if more && len(waiting) == 0 {
			select {
			case <-s.first:
			case <-last:
				more = false
			}
		}
		waiting = s.gather(waiting, more)
		if len(waiting) == 0 && !more {
			return
		}
		waiting = s.flush(ctx, waiting)
		if ctx.Err() != nil {
			if n := len(s.take(waiting)); n > 0 {
				s.o.Log.Error("stopped before everything was recorded; what was sent may be sent again", "records", n)
			}
			return
		}
	}
}

// gather adds what else has ended, or ends within a moment. A record that nothing
// else is under way beside waits for nothing.
func (s *settler) gather(waiting []ended, more bool) []ended {
	if more && len(waiting) == 0 && s.failures == 0 {
		timer := time.NewTimer(linger)
		defer timer.Stop()
		select {
		case <-s.ready:
		case <-timer.C:
		}
	}
	return s.take(waiting)
}

// kick lets every lane look at the queue again.
func (s *settler) kick() {
	for _, l := range s.lanes {
		l.poke()
	}
}

// flush tries to record the first of those waiting and gives those that are
// left. A try that fails is followed by a smaller one that begins with others,
// so that one record the database refuses while it answers otherwise can hold up
// neither those nor new claims.
func (s *settler) flush(ctx context.Context, waiting []ended) []ended {
	n := min(s.size, len(waiting))
	if n == 0 {
		return waiting
	}
	batch := waiting[:n]
	s.records = s.records[:0]
	for i := range batch {
		s.records = append(s.records, batch[i].event.Settlement)
	}
	stale, freed, err := s.queue.Settle(ctx, s.records)
	if err == nil {
		s.recorded(batch, stale, freed)
		return slices.Delete(waiting, 0, n)
	}
	s.failures++
	s.outage.began(s, err)
	s.size = max(1, n/2)
	refused := n == 1 && s.answers(ctx)
	s.behind.Store(!refused)
	if refused && s.o.Now().Sub(batch[0].event.Delivery.LeaseUntil) > hopeless {
		s.o.Log.Error("a record is refused and dropped; the delivery is claimed again", "delivery", batch[0].event.Delivery.ID, "err", err)
		s.goOn(batch, true)
		return slices.Delete(waiting, 0, n)
	}
	if refused {
		s.kick() // the database answers, so claims go on beside the record it refuses
	}
	sleep(ctx, pause(s.failures, s.o.Rand()))
	return append(slices.Clone(waiting[n:]), batch...)
}

// answers reports whether the database answers a question, so that it is the
// record it refuses.
func (s *settler) answers(ctx context.Context) bool {
	_, _, err := s.queue.NextDue(ctx, s.o.Now())
	return err == nil
}

func (s *settler) recorded(batch []ended, stale []int64, freed bool) {
	s.size = min(2*s.size, maxSettle)
	s.outage.ended(s)
	s.goOn(batch, freed)
	for i := range batch {
		e := &batch[i].event
		e.Stale = slices.Contains(stale, e.Delivery.ID)
		s.tell(e)
	}
}

// goOn gives the slots of batch back and lets the lanes claim again. Where nothing
// became due by the records, those that wait for something due need not look.
func (s *settler) goOn(batch []ended, freed bool) {
	for i := range batch {
		batch[i].lane.busy.Add(-1)
	}
	for i := range batch {
		if l := batch[i].lane; freed {
			l.poke()
		} else {
			l.ease()
		}
	}
	if s.failures > 0 {
		s.failures = 0
		s.behind.Store(false)
		s.kick()
	}
}

// tell logs how a claim ended, and tells the hook.
func (s *settler) tell(e *Event) {
	switch e.Settlement.Outcome {
	case store.OutcomeFailed, store.OutcomeGone:
		s.logOf(e).Warn("a message could not be delivered", "reason", e.Settlement.Reason)
	case store.OutcomeRetry:
		s.logOf(e).Info("a message is tried again later", "reason", e.Settlement.Reason, "due", e.Settlement.DueAt)
	default: // most of thousands, so nothing is made that nobody reads
		if s.o.Log.Enabled(context.Background(), slog.LevelDebug) {
			s.logOf(e).Debug("a claim ended", "message", e.Settlement.MessageID, "reason", e.Settlement.Reason, "took", e.Took, "stale", e.Stale)
		}
	}
	s.o.Sent(*e)
}

// logOf is the log with what names a delivery.
func (s *settler) logOf(e *Event) *slog.Logger {
	return s.o.Log.With("delivery", e.Delivery.ID, "platform", e.Place.Platform, "channel", e.Place.Channel,
		"kind", e.Delivery.Kind, "move", e.Delivery.MoveID, "edits", e.Delivery.TargetID, "outcome", e.Settlement.Outcome, "attempt", e.Delivery.Attempt+1)
}

// sleep waits for d, and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
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
