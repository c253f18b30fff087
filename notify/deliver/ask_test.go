package deliver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

func TestJudge(t *testing.T) {
	for _, tc := range []struct {
		name  string
		n     int
		id    string
		asked bool
		err   error
		want  verdict
	}{
		{"it stands there", 1, "m1", true, nil, arrived},
		{"it came in between", 2, "m1", true, nil, arrived},
		{"it is not there yet", 1, "", true, nil, askAgain},
		{"it is not there", 2, "", true, nil, absent},
		{"nobody may look", 1, "", false, nil, absent},
		{"nobody answers", 1, "", true, errAway, unanswered},
		{"nobody answers the second time", 2, "", false, errAway, unanswered},
	} {
		if got := judge(tc.n, tc.id, tc.asked, tc.err); got != tc.want {
			t.Errorf("%s: the verdict is %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestSearchFrom(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name            string
		unsure, created time.Duration // before now
		want            time.Duration
	}{
		{"since the doubt", 10 * time.Minute, time.Hour, 12 * time.Minute},
		{"since it was stored, where no doubt was noted", -1, time.Hour, 62 * time.Minute},
		{"a clock that was set back", -time.Hour, time.Hour, 2 * time.Minute},
	} {
		c := &store.Claimed{Delivery: store.Delivery{CreatedAt: now.Add(-tc.created)}}
		if tc.unsure != -1 {
			c.UnsureAt = now.Add(-tc.unsure)
		}
		if got := now.Sub(searchFrom(c, now)); got != tc.want {
			t.Errorf("%s: %s before now, want %s", tc.name, got, tc.want)
		}
	}
}

// TestADoubtIsSettledByAsking loses the answer to the first post, of a message
// that arrived or that did not, on a platform that answers questions or does not.
func TestADoubtIsSettledByAsking(t *testing.T) {
	lost := &notify.Failure{Kind: notify.Ambiguous, Reason: "the answer was lost"}
	for _, tc := range []struct {
		name             string
		arrives          bool
		find             func(n int, e notify.Envelope) (string, bool, error)
		posts, questions int
	}{
		{"it arrived", true, nil, 1, 1},
		{"it did not arrive", false, nil, 2, 2},
		{"it was on its way", false, func(n int, _ notify.Envelope) (string, bool, error) {
			if n == 1 {
				return "", true, nil
			}
			return "late", true, nil
		}, 1, 2},
		{"nobody may ask", true, func(int, notify.Envelope) (string, bool, error) { return "", false, nil }, 2, 1},
		{"the first question is not answered", true, func(n int, e notify.Envelope) (string, bool, error) {
			if n == 1 {
				return "", true, errAway
			}
			return "m", true, nil
		}, 1, 2},
		{"a question meets a closed place", true, func(n int, e notify.Envelope) (string, bool, error) {
			if n == 1 {
				return "", true, &notify.Failure{Kind: notify.Gone, Reason: "may not read"}
			}
			return "", false, nil
		}, 2, 2},
		{"a question panics", true, func(n int, e notify.Envelope) (string, bool, error) {
			if n == 1 {
				panic("no such channel")
			}
			return "m", true, nil
		}, 1, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &fakeQueue{}
				id := q.owe(place(store.Slack, 1), 1)
				s := &fakeSender{find: tc.find}
				s.answer = func(_ context.Context, e notify.Envelope) (notify.Receipt, error) {
					if len(s.sent("")) > 1 {
						return notify.Receipt{MessageID: "again"}, nil
					}
					if tc.arrives {
						s.arrive(e, "first")
					}
					return notify.Receipt{}, lost
				}
				stop := begin(t, q, map[store.Platform]Sender{store.Slack: s}, Options{})
				<-time.After(time.Minute)
				stop()
				if c := q.get(id); c.State != store.StateSent || c.MessageID == "" || c.UnsureAt.IsZero() {
					t.Errorf("the delivery is %+v", c.Delivery)
				}
				if len(s.sent("")) != tc.posts || len(s.asked) != tc.questions {
					t.Errorf("%d posts and %d questions, want %d and %d", len(s.sent("")), len(s.asked), tc.posts, tc.questions)
				}
			})
		})
	}
}

// TestADoubtIsSettledBeforeAnythingElse: a message that arrived is recorded as
// sent even where it would not be sent any more, so that it can be edited later.
func TestADoubtIsSettledBeforeAnythingElse(t *testing.T) {
	for name, change := range map[string]func(c *store.Claimed){
		"retracted":        func(c *store.Claimed) { c.Retracted = true },
		"muted":            func(c *store.Claimed) { c.MutedUntil = time.Now().Add(time.Hour) },
		"out of attempts":  func(c *store.Claimed) { c.Attempt = MaxAttempts },
		"out of its time":  func(c *store.Claimed) { c.GiveUpAt = time.Now() },
		"only just killed": func(*store.Claimed) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &fakeQueue{}
				id := q.owe(place(store.Discord, 1), 1)
				s := &fakeSender{}
				q.change(id, func(c *store.Claimed) { // left by a process that died after its post
					c.State, c.LeaseUntil, c.BegunAt, c.Fence = store.StateSending, time.Now(), time.Now().Add(-20*time.Second), 1
					s.arrive(envelope(c), "first")
					change(c)
				})
				stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
				<-time.After(time.Second)
				stop()
				if c := q.get(id); c.State != store.StateSent || c.MessageID != "first" {
					t.Errorf("the delivery is %+v", c.Delivery)
				}
				if n := len(s.sent("")); n != 0 {
					t.Errorf("it was posted %d times more", n)
				}
			})
		})
	}
}

func TestAQuestionObeysAThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		id := q.owe(place(store.Slack, 1), 1)
		q.change(id, func(c *store.Claimed) { c.UnsureAt = time.Now() })
		s := &fakeSender{find: func(n int, _ notify.Envelope) (string, bool, error) {
			if n == 1 {
				return "", true, &notify.Failure{Kind: notify.Throttled, After: 30 * time.Second, Reason: "slow down"}
			}
			return "m", true, nil
		}}
		start := time.Now()
		stop := begin(t, q, map[store.Platform]Sender{store.Slack: s}, Options{})
		<-time.After(time.Minute)
		stop()
		if c := q.get(id); c.State != store.StateSent || c.Attempt != 1 {
			t.Errorf("the delivery is %+v", c.Delivery)
		}
		if len(s.asked) != 2 || s.asked[1].Sub(start) < 30*time.Second {
			t.Errorf("the questions came at %v", s.asked)
		}
	})
}

func TestAboutTheQuestion(t *testing.T) {
	for kind, want := range map[notify.Kind]notify.Kind{
		notify.Gone: notify.Transient, notify.Permanent: notify.Transient, notify.Ambiguous: notify.Transient, notify.Throttled: notify.Throttled,
	} {
		if got := aboutTheQuestion(&notify.Failure{Kind: kind}).Kind; got != want {
			t.Errorf("%s becomes %s, want %s", kind, got, want)
		}
	}
	if f := aboutTheQuestion(errors.New("eof")); f.Kind != notify.Transient || f.Reason != "eof" {
		t.Errorf("a plain error becomes %v", f)
	}
}
