package pace

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// road is how long requests are on their way to a platform and answers on theirs
// back: so long all of them, and each some time more, of which nobody knows on
// which leg.
type road struct {
	out, back time.Duration
	more      func(*rand.Rand) (out, back time.Duration)
}

// upTo delays by anything up to d on each leg; one in eight goes undelayed.
func upTo(d time.Duration) func(*rand.Rand) (out, back time.Duration) {
	return func(chance *rand.Rand) (out, back time.Duration) {
		if d == 0 || chance.IntN(8) == 0 {
			return 0, 0
		}
		return time.Duration(chance.Int64N(int64(d))), time.Duration(chance.Int64N(int64(d)))
	}
}

// mostly delays by up to d, and by up to ten times as much now and then.
func mostly(d time.Duration) func(*rand.Rand) (out, back time.Duration) {
	usual, seldom := upTo(d), upTo(10*d)
	return func(chance *rand.Rand) (out, back time.Duration) {
		if chance.IntN(20) == 0 {
			return seldom(chance)
		}
		return usual(chance)
	}
}

// traffic are senders that always have something to send.
type traffic struct {
	budget *Budget
	road   road
	seed   uint64
	seen   *starts // by the platform
}

// send goes on until ctx ends. Half of the senders ask for their turn before they
// make the request, as messages of the queue do, and some of them dawdle.
func (f traffic) send(ctx context.Context, senders *sync.WaitGroup) {
	for i := range 64 {
		chance := rand.New(rand.NewPCG(f.seed, uint64(i)))
		senders.Go(func() {
			for f.one(ctx, chance, i%2 == 0) {
			}
		})
	}
}

// pass lets time go by, perhaps none. It sleeps, since receiving from a timer of a bubble
// that is due at once crashes the race detector of Go 1.26 now and then, on some
// machines in most runs of these tests (runtime.(*timer).maybeRunChan).
func pass(d time.Duration) { time.Sleep(d) }

func (f traffic) one(ctx context.Context, chance *rand.Rand, queued bool) bool {
	if queued {
		if f.budget.Take(ctx) != nil {
			return false
		}
		if ctx = WithTurn(ctx); chance.IntN(50) == 0 {
			<-time.After(time.Duration(chance.Int64N(int64(2 * Window))))
		}
	}
	answered, err := f.budget.Begin(ctx)
	if err != nil {
		return false
	}
	defer answered()
	out, back := f.road.more(chance)
	pass(f.road.out + out)
	f.seen.add()
	pass(f.road.back + back)
	return true
}

// TestNoSecondOfThePlatformHoldsMore sends over roads of all kinds, and counts
// what arrives in any second.
func TestNoSecondOfThePlatformHoldsMore(t *testing.T) {
	roads := []road{
		{0, 0, upTo(0)},
		{0, 0, upTo(3 * time.Millisecond)},
		{0, 0, upTo(5 * time.Second)},
		{40 * time.Millisecond, 60 * time.Millisecond, mostly(10 * time.Millisecond)},
		{150 * time.Millisecond, 20 * time.Millisecond, mostly(30 * time.Millisecond)},
		{10 * time.Millisecond, 600 * time.Millisecond, upTo(100 * time.Millisecond)},
	}
	rapid.Check(t, func(r *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 3, 16, 49}).Draw(r, "limit")
		seed := rapid.Uint64().Draw(r, "seed")
		over := rapid.SampledFrom(roads).Draw(r, "road")
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var senders sync.WaitGroup
			f := traffic{NewBudget(limit, time.Now), over, seed, &starts{}}
			f.send(ctx, &senders)
			<-time.After(20 * time.Second)
			cancel()
			senders.Wait()
			if most := f.seen.most(); most > limit {
				t.Errorf("%d arrived within a second, over %v and %v", most, over.out, over.back)
			}
		})
	})
}

// TestTheWayCostsLittle has a platform near and far, and asks how near to its
// limit of fifty a second one process comes, and three.
func TestTheWayCostsLittle(t *testing.T) {
	for _, far := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond} {
		for _, replicas := range []int{1, 3} {
			t.Run(fmt.Sprint(replicas, " over ", far), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					table, seen := &fakePool{rows: map[string]row{}}, &starts{}
					var stops []func()
					for i := range replicas {
						over := road{far / 3, far - far/3, upTo(far / 20)}
						stops = append(stops, replica(t, &way{fakePool: table}, fmt.Sprint(i), over, seen))
					}
					<-time.After(25 * time.Second) // each has learnt its way by then
					before := seen.count()
					<-time.After(20 * time.Second)
					n := seen.count() - before
					for _, stop := range stops {
						stop()
					}
					if ideal := 20 * 50; n*105 < ideal*100 {
						t.Errorf("%d arrived in twenty seconds, of %d that the platform allows", n, ideal)
					}
					if most := seen.most(); most > 49 {
						t.Errorf("%d arrived within a second", most)
					}
				})
			})
		}
	}
}
