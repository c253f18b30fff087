package deliver

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

func TestHealth(t *testing.T) {
	start := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	broken := &notify.Failure{Kind: notify.Ambiguous, Reason: "502"}
	away := &notify.Failure{Kind: notify.Transient, Scope: notify.ScopePlatform, Reason: "could not be reached"}
	refused := &notify.Failure{Kind: notify.Permanent, Reason: "too long"}
	slow := &notify.Failure{Kind: notify.Throttled, Reason: "slow down"}
	type step struct {
		place int64
		f     *notify.Failure
		down  bool
	}
	for name, steps := range map[string][]step{
		"one place that fails is no outage":            {{1, broken, false}, {1, broken, false}, {1, broken, false}, {1, broken, false}},
		"three places that fail alike are":             {{1, broken, false}, {2, broken, false}, {3, broken, true}, {1, broken, true}},
		"a success in between counts anew":             {{1, broken, false}, {2, broken, false}, {4, nil, false}, {3, broken, false}},
		"a refusal shows that the platform lives":      {{1, broken, false}, {2, broken, false}, {4, refused, false}, {3, broken, false}},
		"a throttle says nothing":                      {{1, broken, false}, {2, broken, false}, {4, slow, false}, {3, broken, true}, {4, slow, false}, {5, broken, true}},
		"what is never reached is away at once":        {{1, away, true}, {1, away, true}, {1, nil, false}, {1, broken, false}},
		"well again after one success, for all places": {{1, broken, false}, {2, broken, false}, {3, broken, true}, {1, nil, false}, {2, broken, false}},
	} {
		t.Run(name, func(t *testing.T) {
			h, now := newHealth(slog.New(slog.DiscardHandler)), start
			for i, s := range steps {
				until, down := h.note(s.place, s.f, now, now, 0.5)
				if down != s.down || down && !until.After(now) {
					t.Errorf("step %d: down %v until %s, want %v", i, down, until, s.down)
				}
				now = now.Add(time.Hour)
			}
		})
	}
	t.Run("posts that fail together make the wait longer once", func(t *testing.T) {
		h := newHealth(slog.New(slog.DiscardHandler))
		var first time.Time
		for place := range int64(64) {
			until, down := h.note(place, broken, start, start.Add(time.Second), 1)
			if down && first.IsZero() {
				first = until
			}
			if down && !until.Equal(first) {
				t.Fatalf("the wait became %s", until)
			}
		}
		if want := start.Add(2 * time.Second); !first.Equal(want) {
			t.Errorf("the first wait ends at %s, want %s", first, want)
		}
	})
}

func TestDownFor(t *testing.T) {
	for tries, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute} {
		if got := downFor(tries, 1); got != want {
			t.Errorf("after %d tries %s, want %s", tries, got, want)
		}
		if got := downFor(tries, 0); got != want/2 {
			t.Errorf("after %d tries at least %s, want %s", tries, got, want/2)
		}
	}
}

// TestAPlatformThatFailsForHoursCostsNothing lets a platform fail in every way for
// five hours; 40 places wait, and have their message soon after.
func TestAPlatformThatFailsForHoursCostsNothing(t *testing.T) {
	for name, f := range map[string]*notify.Failure{
		"a 500":           {Kind: notify.Ambiguous, Reason: "may have arrived"},
		"a 503":           {Kind: notify.Transient, Reason: "unavailable"},
		"nothing answers": {Kind: notify.Transient, Scope: notify.ScopePlatform, Reason: "could not be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, l := &fakeQueue{}, &bytes.Buffer{}
				for n := range int64(40) {
					q.owe(place(store.Discord, n+1), 1)
				}
				well := time.Now().Add(5 * time.Hour)
				s := &fakeSender{answer: func(context.Context, notify.Envelope) (notify.Receipt, error) {
					if time.Now().Before(well) {
						return notify.Receipt{}, f
					}
					return notify.Receipt{MessageID: "m"}, nil
				}}
				stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{Log: slog.New(slog.NewTextHandler(l, nil))})
				<-time.After(5*time.Hour - time.Minute)
				posts, questions := len(s.sent("")), len(s.asked)
				claims, settles, asked := q.calls()
				if posts > 1500 || questions > 3000 || claims+settles+asked > 60_000 {
					t.Errorf("in five hours there were %d posts, %d questions and %d+%d+%d queries", posts, questions, claims, settles, asked)
				}
				<-time.After(6 * time.Minute)
				stop()
				for n := range int64(40) {
					if c := q.get(n + 1); c.State != store.StateSent || c.Attempt > 2 {
						t.Errorf("delivery %d is %s after %d attempts: %s", c.ID, c.State, c.Attempt, c.Reason)
					}
				}
				for _, line := range []string{"the platform fails", "well again"} {
					if n := strings.Count(l.String(), line); n != 1 {
						t.Errorf("%q is logged %d times", line, n)
					}
				}
			})
		})
	}
}

// TestAMessageThatBreaksThePlatformIsGivenUp: one move that the platform cannot
// take fails everywhere, beside others that arrive.
func TestAMessageThatBreaksThePlatformIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		for n := range int64(6) {
			q.owe(place(store.Discord, n+1), 1)
		}
		s := &fakeSender{}
		poisoned := map[string]bool{}
		for n := range 6 {
			poisoned[fmt.Sprintf("c%d", n+1)] = true
		}
		s.answer = func(_ context.Context, e notify.Envelope) (notify.Receipt, error) {
			if poisoned[e.Channel] {
				return notify.Receipt{}, &notify.Failure{Kind: notify.Transient, Reason: "internal server error"}
			}
			return notify.Receipt{MessageID: "m"}, nil
		}
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
		for n := range int64(120) { // every minute another place hears of another move
			id := q.owe(place(store.Discord, 100+n), 2)
			<-time.After(time.Minute)
			if n > 3 && q.get(id-2).State != store.StateSent {
				t.Fatalf("after %d minutes a healthy message has waited for two: %+v", n, q.get(id-2).Delivery)
			}
		}
		stop()
		for n := range int64(6) {
			if c := q.get(n + 1); c.State != store.StateFailed || !strings.Contains(c.Reason, "gave up after 12 attempts") {
				t.Errorf("the poisoned delivery %d is %s after %d attempts: %s", c.ID, c.State, c.Attempt, c.Reason)
			}
		}
	})
}
