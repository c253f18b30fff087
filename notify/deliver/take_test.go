package deliver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/pace"
	"sparkbot/store"
)

// taken owes alerts to n new places and claims them, as an expansion does.
func (q *fakeQueue) taken(platform store.Platform, n int) (claims []store.Claimed) {
	for range n {
		id := q.owe(place(platform, int64(1000+len(q.rows))), 1)
		q.change(id, func(c *store.Claimed) {
			c.State, c.Fence, c.BegunAt, c.LeaseUntil = store.StateSending, 1, time.Now(), time.Now().Add(DefaultLease)
		})
		claims = append(claims, q.get(id))
	}
	return claims
}

func (q *fakeQueue) count(state store.State) (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range q.rows {
		if c.State == state {
			n++
		}
	}
	return n
}

// first is how many alerts a worker has met before it is handed any.
const first = 20

// serving runs a worker that has posted a few alerts, so that it knows how long a
// post takes.
func serving(t *testing.T, q *fakeQueue, s *fakeSender, o Options) (w *Worker, stop func()) {
	t.Helper()
	for id := range int64(first) {
		q.owe(place(store.Slack, id+1), 1)
	}
	o.Now, o.Rand = time.Now, func() float64 { return 0.5 }
	w = New(q, &fakeLibrary{}, map[store.Platform]Sender{store.Slack: s}, o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx, nil) }()
	<-time.After(time.Second)
	return w, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run gave %v", err)
		}
	}
}

func TestClaimsMadeElsewhereArePostedAndRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{latency: 5 * time.Millisecond}
		w, stop := serving(t, q, s, Options{})
		defer stop()
		room := w.Reserve(t.Context(), 600, true)
		if room.Claims != 600 || room.Lease != DefaultLease || len(room.Platforms) != 1 || room.Platforms[0] != store.Slack {
			t.Fatalf("kept is %+v", room)
		}
		if more := w.Reserve(t.Context(), 600, true); more.Claims > maxAhead-600 {
			t.Errorf("room for %d more is kept", more.Claims)
		} else {
			more.Take(nil)
		}
		room.Take(q.taken(store.Slack, 400)) // and room for 200 is given back
		<-time.After(time.Second)
		if sent := q.count(store.StateSent); sent != 400+first {
			t.Errorf("%d are sent, want 400 and the first", sent)
		}
		if room = w.Reserve(t.Context(), maxAhead, true); room.Claims != maxAhead {
			t.Fatalf("then there is room for %d, want all of it", room.Claims)
		}
		room.Take(nil)
	})
}

func TestRoomIsWaitedForButNotLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{latency: 5 * time.Millisecond}
		w, stop := serving(t, q, s, Options{})
		defer stop()
		room := w.Reserve(t.Context(), maxAhead, true)
		began := time.Now()
		if twice := w.Reserve(t.Context(), maxAhead, true); len(twice.Platforms) > 0 {
			t.Errorf("room for %d is kept twice", twice.Claims)
		}
		if took := time.Since(began); took < roomWait || took > 2*roomWait {
			t.Errorf("it was waited for for %v", took)
		}
		room.Take(q.taken(store.Slack, maxAhead)) // 64 at a time, 5 ms each
		if room = w.Reserve(t.Context(), maxAhead, true); room.Claims < worthwhile {
			t.Fatalf("when posts have ended there is room for %d", room.Claims)
		}
		room.Take(nil)
	})
}

func TestWhoeverCannotKeepUpIsHandedNothing(t *testing.T) {
	for name, world := range map[string]struct {
		o       Options
		latency time.Duration
		answer  bool // the platform fails
	}{
		"a platform whose rate is known": {o: Options{Budgets: map[store.Platform]*pace.Budget{store.Slack: pace.NewBudget(50, time.Now)}}},
		"a platform that is slow":        {latency: 4 * time.Second},
		"a platform that fails":          {answer: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, s := &fakeQueue{}, &fakeSender{latency: world.latency}
				if world.answer {
					s.answer = func(context.Context, notify.Envelope) (notify.Receipt, error) {
						return notify.Receipt{}, &notify.Failure{Kind: notify.Transient, Reason: "it is down"}
					}
				}
				w, stop := serving(t, q, s, world.o)
				defer stop()
				<-time.After(10 * time.Second)
				if room := w.Reserve(t.Context(), maxAhead, true); len(room.Platforms) > 0 {
					t.Errorf("room for %d is kept", room.Claims)
				}
			})
		})
	}
}

func TestWhatIsHandedOverTooLateIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{latency: time.Millisecond}
		w, stop := serving(t, q, s, Options{})
		room := w.Reserve(t.Context(), 300, true)
		stop()
		room.Take(q.taken(store.Slack, 300))
		if left := q.count(store.StateWaiting); left != 300 {
			t.Errorf("%d wait again, want all 300", left)
		}
		if room = w.Reserve(t.Context(), 300, true); len(room.Platforms) > 0 {
			t.Errorf("a worker that has stopped keeps room for %d", room.Claims)
		}
	})
}
