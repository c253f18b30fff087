package deliver

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

func texts(posts []post) []string {
	var out []string
	for _, p := range posts {
		out = append(out, p.text[len(p.text)-1:]) // a move's title ends with its number
	}
	return out
}

func TestAPlaceKeepsItsOrderWhileTheFirstIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		broken, healthy := place(store.Discord, 1), place(store.Discord, 2)
		for move := range int64(3) {
			q.owe(broken, move+1)
			q.owe(healthy, move+1)
		}
		var failures atomic.Int32
		s := &fakeSender{answer: func(_ context.Context, e notify.Envelope) (notify.Receipt, error) {
			if e.Channel == broken.Channel && failures.Add(1) <= 3 {
				return notify.Receipt{}, &notify.Failure{Reason: "502 Bad Gateway"}
			}
			return notify.Receipt{MessageID: "m"}, nil
		}}
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
		<-time.After(100 * time.Millisecond)
		if got := texts(s.sent(healthy.Channel)); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("the healthy place had to wait: it has %v", got)
		}
		<-time.After(10 * time.Second)
		posts := s.sent(broken.Channel)
		if got := texts(posts); !slices.Equal(got, []string{"1", "1", "1", "1", "2", "3"}) {
			t.Errorf("the broken place was sent %v", got)
		}
		for i, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second} {
			if got := posts[i+1].at.Sub(posts[i].at); got < want || got > want+50*time.Millisecond {
				t.Errorf("retry %d came after %v, want %v", i+1, got, want)
			}
			if posts[i+1].nonce != posts[0].nonce {
				t.Errorf("retry %d has the nonce %q instead of %q", i+1, posts[i+1].nonce, posts[0].nonce)
			}
		}
		if c := q.get(1); c.Attempt != 4 || c.State != store.StateSent {
			t.Errorf("the first message is %s after %d attempts", c.State, c.Attempt)
		}
		stop()
	})
}

func TestAPlaceThatHangsDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		for id := range int64(40) {
			q.owe(place(store.Slack, id+1), 1)
			q.owe(place(store.Discord, id+101), 1)
		}
		hanging := &fakeSender{latency: time.Hour}
		slack := &fakeSender{answer: func(ctx context.Context, e notify.Envelope) (notify.Receipt, error) {
			if e.Channel == "c1" {
				<-ctx.Done()
				return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "no answer"}
			}
			return notify.Receipt{MessageID: "m"}, nil
		}}
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: hanging, store.Slack: slack}, Options{Workers: 8})
		<-time.After(time.Second)
		if n := len(slack.sent("")); n != 40 {
			t.Errorf("%d Slack channels were written to beside a hanging one and a hanging platform, want 40", n)
		}
		<-time.After(DefaultSendTimeout)
		if c := q.get(1); c.Attempt != 1 || c.Reason != "no answer" {
			t.Errorf("the hanging channel's message has %d attempts and the reason %q", c.Attempt, c.Reason)
		}
		if took := stop(); took > DefaultGrace {
			t.Errorf("stopping took %v", took)
		}
	})
}

func TestThrottles(t *testing.T) {
	for _, tc := range []struct {
		scope notify.Scope
		wait  map[string]bool // the channels that wait with c1, of c1 to c6; c1 and c4 share a workspace
	}{
		{notify.ScopePlace, map[string]bool{}},
		{notify.ScopeWorkspace, map[string]bool{"c4": true}},
		{notify.ScopePlatform, map[string]bool{"c2": true, "c3": true, "c4": true, "c5": true, "c6": true}},
	} {
		t.Run(fmt.Sprint("scope ", tc.scope), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const pause = 7 * time.Second
				start := time.Now()
				q := &fakeQueue{}
				q.owe(place(store.Discord, 1), 1)
				var refused atomic.Bool
				s := &fakeSender{answer: func(context.Context, notify.Envelope) (notify.Receipt, error) {
					if refused.CompareAndSwap(false, true) {
						return notify.Receipt{}, &notify.Failure{Kind: notify.Throttled, Scope: tc.scope, After: pause, Reason: "429"}
					}
					return notify.Receipt{MessageID: "m"}, nil
				}}
				stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
				<-time.After(50 * time.Millisecond)
				for id := range int64(6) {
					q.owe(place(store.Discord, id+1), 2)
				}
				<-time.After(time.Minute)
				for id := range int64(6) {
					channel := fmt.Sprintf("c%d", id+1)
					posts := s.sent(channel)
					waited := posts[len(posts)-1].at.Sub(start) >= pause
					if want := tc.wait[channel] || id == 0; waited != want {
						t.Errorf("%s: waited %v, want %v", channel, waited, want)
					}
				}
				again := s.sent("c1")[1].at.Sub(start)
				if again < pause || again > pause+100*time.Millisecond {
					t.Errorf("c1 was tried again after %v, want %v", again, pause)
				}
				if c := q.get(1); c.Attempt != 1 {
					t.Errorf("the throttle cost an attempt: %d are counted", c.Attempt)
				}
				stop()
			})
		})
	}
}

func TestReceiptsAskForAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		q.owe(place(store.Discord, 1), 1)
		q.owe(place(store.Discord, 1), 2)
		s := &fakeSender{answer: func(context.Context, notify.Envelope) (notify.Receipt, error) {
			return notify.Receipt{MessageID: "m", Pause: 4 * time.Second}, nil
		}}
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
		<-time.After(10 * time.Second)
		posts := s.sent("")
		if gap := posts[1].at.Sub(posts[0].at); gap < 4*time.Second || gap > 4100*time.Millisecond {
			t.Errorf("the second message came after %v, want 4s", gap)
		}
		stop()
	})
}
