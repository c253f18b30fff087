//go:build unix

package deliver

import (
	"context"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// crowd is how many places hear of the move of BenchmarkFanOut.
const crowd = 10_000

// readyQueue is a queue that costs nothing: it hands out what it is given, and says
// when all of that has ended.
type readyQueue struct {
	mu    sync.Mutex
	due   []store.Claimed
	open  int
	ended chan struct{}
}

func (q *readyQueue) give(claims []store.Claimed) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.due, q.open = claims, len(claims)
}

func (q *readyQueue) Claim(_ context.Context, r store.ClaimRequest) ([]store.Claimed, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.due), r.Limit)
	claimed := q.due[:n]
	q.due = q.due[n:]
	for i := range claimed {
		claimed[i].LeaseUntil, claimed[i].BegunAt = r.Now.Add(r.Lease), r.Now
	}
	return claimed, nil
}

func (q *readyQueue) Settle(_ context.Context, all []store.Settlement) (stale []int64, freed bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.open -= len(all); q.open == 0 {
		q.ended <- struct{}{}
	}
	return nil, false, nil
}

func (q *readyQueue) Merge(context.Context, int64, int64, []int64) ([]int64, error) { return nil, nil }

func (q *readyQueue) NextDue(context.Context, time.Time) (next time.Time, open bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return next, len(q.due) > 0, nil
}

func (q *readyQueue) MendTimes(context.Context, time.Time, time.Time, time.Time) (int, error) {
	return 0, nil
}

// readySender accepts everything at once.
type readySender struct{}

func (readySender) Encode(notify.Message) (notify.Body, error) { return notify.Body{}, nil }

func (readySender) Post(context.Context, notify.Envelope, notify.Body) (notify.Receipt, error) {
	return notify.Receipt{MessageID: "1764331200.000001"}, nil
}

func (readySender) Edit(context.Context, notify.Envelope, string, notify.Body) error { return nil }

func (readySender) Find(context.Context, notify.Envelope, time.Time) (string, bool, error) {
	return "", false, nil
}

// BenchmarkFanOut takes moves to 10,000 places of Slack each through a Worker whose
// queue and platform cost nothing, and prints what a delivery costs in all that is
// between: in processor time, in allocations, and in how many times what it costs 64
// goroutines that do nothing but post what a channel brings them.
func BenchmarkFanOut(b *testing.B) {
	claims := make([]store.Claimed, crowd)
	q, wake := &readyQueue{ended: make(chan struct{}, 1)}, make(chan struct{}, 1)
	w := New(q, &fakeLibrary{}, map[store.Platform]Sender{store.Slack: readySender{}}, Options{Now: time.Now, Burst: 4})
	ctx, cancel := context.WithCancel(b.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- w.Run(ctx, wake) }()
	var took, bare time.Duration
	var mallocs, bytes uint64
	round := func(move int64) {
		owe(claims, move)
		bare += spent(b, func() { channelled(claims) })
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		took += spent(b, func() {
			q.give(claims)
			wake <- struct{}{}
			<-q.ended
		})
		runtime.ReadMemStats(&after)
		mallocs += after.Mallocs - before.Mallocs
		bytes += after.TotalAlloc - before.TotalAlloc
	}
	round(1) // after it all that stays is there
	took, bare, mallocs, bytes = 0, 0, 0, 0
	for move := int64(2); b.Loop(); move++ {
		round(move)
	}
	cancel()
	if err := <-stopped; err != nil {
		b.Fatal(err)
	}
	n := float64(b.N * crowd)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(took.Nanoseconds())/n, "cpu-ns/delivery")
	b.ReportMetric(float64(mallocs)/n, "allocs/delivery")
	b.ReportMetric(float64(bytes)/n, "B/delivery")
	b.ReportMetric(float64(took)/float64(bare), "over-channel")
}

// owe makes claims alerts of a move, each to a place that had none before.
func owe(claims []store.Claimed, move int64) {
	now := time.Now()
	for i := range claims {
		p := place(store.Slack, move*crowd+int64(i))
		claims[i] = store.Claimed{Place: p, Revision: 1, StoredAt: now, Delivery: store.Delivery{
			ID: p.ID, PlaceID: p.ID, Kind: store.DeliveryAlert, MoveID: move, State: store.StateSending, Fence: 1,
			DueAt: now, GiveUpAt: now.Add(time.Hour), CreatedAt: now,
		}}
	}
}

// channelled is the yardstick: workers that post what a channel brings them.
func channelled(claims []store.Claimed) {
	jobs := make(chan store.Claimed, maxAhead)
	var workers sync.WaitGroup
	for range DefaultWorkers {
		workers.Go(func() {
			for c := range jobs {
				_, _ = readySender{}.Post(context.Background(), envelope(&c), notify.Body{})
			}
		})
	}
	for _, c := range claims {
		jobs <- c
	}
	close(jobs)
	workers.Wait()
}

// spent is the processor time that this process uses while do runs.
func spent(b *testing.B, do func()) time.Duration {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	do()
	return used() - before
}
