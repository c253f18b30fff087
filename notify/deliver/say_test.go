package deliver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// play runs a worker for a while over what prepare owes.
func play(t *testing.T, d time.Duration, q *fakeQueue, s *fakeSender, o Options) {
	t.Helper()
	stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, o)
	<-time.After(d)
	stop()
}

func TestAMuteHoldsAnAlertUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{}
		start := time.Now()
		muted := q.owe(place(store.Discord, 1), 1)
		q.change(muted, func(c *store.Claimed) { c.MutedUntil = start.Add(48 * time.Hour) })
		q.owe(place(store.Discord, 1), 2) // of a project that is not muted
		play(t, 49*time.Hour, q, s, Options{})
		posts := s.sent("")
		if len(posts) != 2 || !strings.HasSuffix(posts[0].text, "2") || posts[0].at.Sub(start) > time.Second {
			t.Fatalf("the posts are %+v", posts)
		}
		if held := posts[1].at.Sub(start); held < 48*time.Hour || held > 48*time.Hour+time.Second {
			t.Errorf("the muted alert came after %v", held)
		}
		if c := q.get(muted); c.State != store.StateSent || c.Attempt != 1 {
			t.Errorf("the muted alert is %s after %d attempts", c.State, c.Attempt)
		}
	})
}

func TestARetractedMoveIsNotPosted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{}
		id := q.owe(place(store.Discord, 1), 1)
		q.change(id, func(c *store.Claimed) { c.Retracted = true })
		play(t, time.Second, q, s, Options{})
		if c := q.get(id); c.State != store.StateCancelled || len(s.sent("")) != 0 {
			t.Errorf("it is %s with %d posts", c.State, len(s.sent("")))
		}
	})
}

func TestAMoveDeletedAfterTheClaimIsNotPosted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{}
		id := q.owe(place(store.Discord, 1), 1)
		stop := beginWith(t, q, &fakeLibrary{err: store.ErrNotFound}, map[store.Platform]Sender{store.Discord: s}, Options{})
		<-time.After(time.Second)
		stop()
		if c := q.get(id); c.State != store.StateCancelled || len(s.sent("")) != 0 {
			t.Errorf("it is %s with %d posts", c.State, len(s.sent("")))
		}
	})
}

func TestAPlaceThatIsGoneHearsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		for move := range int64(3) {
			q.owe(place(store.Discord, 1), move+1)
		}
		s := &fakeSender{answer: func(context.Context, notify.Envelope) (notify.Receipt, error) {
			return notify.Receipt{}, &notify.Failure{Kind: notify.Gone, Reason: "the channel was deleted"}
		}}
		var events []Event
		play(t, time.Minute, q, s, Options{Sent: func(e Event) { events = append(events, e) }})
		if n := len(s.sent("")); n != 1 {
			t.Errorf("a place that is gone was written to %d times", n)
		}
		if c := q.get(1); c.State != store.StateHeld || c.Reason != "the channel was deleted" {
			t.Errorf("the delivery is %s for %q", c.State, c.Reason)
		}
		if len(events) != 1 || events[0].Failure.Kind != notify.Gone || events[0].Place.Channel != "c1" {
			t.Errorf("the events are %+v", events)
		}
	})
}

func TestTwelveAttemptsAreTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		id := q.owe(place(store.Discord, 1), 1)
		s := &fakeSender{answer: func(context.Context, notify.Envelope) (notify.Receipt, error) {
			return notify.Receipt{}, errors.New("502 Bad Gateway")
		}}
		play(t, 6*time.Hour, q, s, Options{})
		if c := q.get(id); c.State != store.StateFailed || c.Reason != "gave up after 12 attempts: 502 Bad Gateway" {
			t.Errorf("the delivery is %s for %q", c.State, c.Reason)
		}
		if n := len(s.sent("")); n != MaxAttempts {
			t.Errorf("%d posts", n)
		}
	})
}

func TestAPanicIsTriedAgain(t *testing.T) {
	for name, where := range map[string]func(s *fakeSender, once func()){
		"in a post": func(s *fakeSender, once func()) {
			s.answer = func(context.Context, notify.Envelope) (notify.Receipt, error) {
				once()
				return notify.Receipt{MessageID: "m"}, nil
			}
		},
		"in an encoder": func(s *fakeSender, once func()) {
			s.encode = func(notify.Message) (notify.Body, error) { once(); return notify.Body{}, nil }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, s := &fakeQueue{}, &fakeSender{}
				id := q.owe(place(store.Discord, 1), 1)
				var panicked atomic.Bool
				where(s, func() {
					if panicked.CompareAndSwap(false, true) {
						panic("index out of range")
					}
				})
				play(t, 5*time.Second, q, s, Options{})
				if c := q.get(id); c.State != store.StateSent || c.Attempt != 2 {
					t.Errorf("the delivery is %s after %d attempts", c.State, c.Attempt)
				}
				if got := q.history[0]; got.Outcome != store.OutcomeRetry || strings.Contains(got.Reason, "index") {
					t.Errorf("the panic was settled as %+v", got)
				}
			})
		})
	}
}

func TestWhatCannotBeEncodedFailsAtOnceAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		for id := range int64(50) {
			q.owe(place(store.Discord, id+1), 1)
		}
		s := &fakeSender{encode: func(notify.Message) (notify.Body, error) {
			return notify.Body{}, errors.New("41 components, 40 are allowed")
		}}
		play(t, 10*time.Second, q, s, Options{})
		for id := range int64(50) {
			if c := q.get(id + 1); c.State != store.StateFailed || c.Reason != "cannot be encoded: 41 components, 40 are allowed" {
				t.Fatalf("delivery %d is %s for %q", c.ID, c.State, c.Reason)
			}
		}
		if s.encodes != 1 || len(s.sent("")) != 0 {
			t.Errorf("%d tries to encode and %d posts", s.encodes, len(s.sent("")))
		}
	})
}

func TestABodyIsMadeOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, l := &fakeQueue{}, &fakeSender{}, &fakeLibrary{}
		stop := beginWith(t, q, l, map[store.Platform]Sender{store.Discord: s}, Options{})
		for round := range int64(3) {
			for id := range int64(20) {
				q.owe(place(store.Discord, 100*round+id+1), 1)
			}
			<-time.After(40 * time.Second)
		}
		stop()
		if n := len(s.sent("")); n != 60 || s.encodes != 2 || l.reads != 2 {
			t.Errorf("%d posts in 80s took %d bodies and %d readings, want 60, 2 and 2", n, s.encodes, l.reads)
		}
	})
}

func TestTheCacheOfBodiesIsBounded(t *testing.T) {
	var b bodies
	for move := range int64(3 * maxBodies) {
		at := noon.Add(time.Duration(move) * time.Millisecond)
		k := bodyKey{move: move}
		e, _ := b.entry(k, at)
		b.made(k, e)
		if _, err := e.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.kept) != maxBodies || b.kept[bodyKey{move: 3*maxBodies - 1}] == nil {
		t.Errorf("%d bodies are kept", len(b.kept))
	}
	b.entry(bodyKey{move: -1}, noon.Add(time.Hour))
	if len(b.kept) != 1 {
		t.Errorf("%d bodies are kept an hour later", len(b.kept))
	}
}

func TestADatabaseThatCannotBeReadCostsNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, l := &fakeQueue{}, &fakeSender{}, &fakeLibrary{err: errAway}
		id := q.owe(place(store.Discord, 1), 1)
		stop := beginWith(t, q, l, map[store.Platform]Sender{store.Discord: s}, Options{})
		<-time.After(time.Minute)
		l.mu.Lock()
		l.err = nil
		l.mu.Unlock()
		<-time.After(3 * time.Second)
		stop()
		if c := q.get(id); c.State != store.StateSent || c.Attempt != 1 || l.reads > 62 {
			t.Errorf("the delivery is %s after %d attempts and %d readings", c.State, c.Attempt, l.reads)
		}
	})
}

func TestADeliveryOfALaterVersionIsLeftToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{}
		id := q.owe(place(store.Discord, 1), 0)
		q.change(id, func(c *store.Claimed) { c.Kind = "carrier-pigeon" })
		play(t, time.Second, q, s, Options{})
		if c := q.get(id); c.State != store.StateWaiting || c.Attempt != 0 || !c.DueAt.After(time.Now()) {
			t.Errorf("the delivery is %s after %d attempts", c.State, c.Attempt)
		}
	})
}

func TestATestMessageGoesThroughTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{latency: 80 * time.Millisecond}
		id := q.owe(place(store.Discord, 1), 0)
		q.change(id, func(c *store.Claimed) { c.Kind, c.Roles = store.DeliveryTest, []string{"r1"} })
		var envelope notify.Envelope
		s.answer = func(_ context.Context, e notify.Envelope) (notify.Receipt, error) {
			envelope = e
			return notify.Receipt{MessageID: "m1"}, nil
		}
		var events []Event
		play(t, time.Second, q, s, Options{Sent: func(e Event) { events = append(events, e) }})
		if c := q.get(id); c.State != store.StateSent || c.MessageID != "m1" {
			t.Errorf("the test is %s as %q", c.State, c.MessageID)
		}
		want := fmt.Sprint(notify.Envelope{Workspace: "w1", Channel: "c1", Nonce: Nonce(q.get(id).Delivery), Roles: []string{"r1"}})
		if got := fmt.Sprint(envelope); got != want {
			t.Errorf("the envelope is %s, want %s", got, want)
		}
		if len(events) != 1 || events[0].Took != 80*time.Millisecond || events[0].Receipt.MessageID != "m1" {
			t.Errorf("the events are %+v", events)
		}
	})
}
