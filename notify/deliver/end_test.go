package deliver

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/pace"
	"sparkbot/store"
)

func TestStoppingFinishesWhatWasBegunAndReleasesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		for id := range int64(30) {
			q.owe(place(store.Discord, id+1), 1)
		}
		s := &fakeSender{latency: 3 * time.Second}
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s},
			Options{Budgets: map[store.Platform]*pace.Budget{store.Discord: pace.NewBudget(2, time.Now)}})
		<-time.After(100 * time.Millisecond)
		if took := stop(); took < 2*time.Second || took > 4*time.Second {
			t.Errorf("stopping took %v, want what the post under way needs", took)
		}
		ends := map[store.Outcome]int{}
		for _, settled := range q.history {
			ends[settled.Outcome]++
		}
		if ends[store.OutcomeSent] != 2 || ends[store.OutcomeReleased] != 6 || len(q.history) != 8 {
			t.Errorf("the claims ended as %v", ends)
		}
		for id := range int64(30) {
			if c := q.get(id + 1); c.State == store.StateSending || c.State == store.StateWaiting && c.Attempt != 0 {
				t.Errorf("delivery %d is left %s with %d attempts", c.ID, c.State, c.Attempt)
			}
		}
	})
}

func TestStoppingWaitsForNobodyLongerThanItsGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		q.owe(place(store.Discord, 1), 1)
		deaf := make(chan struct{})
		s := &fakeSender{answer: func(context.Context, notify.Envelope) (notify.Receipt, error) {
			<-deaf
			return notify.Receipt{}, errors.New("at last")
		}}
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
		<-time.After(time.Second)
		if took := stop(); took > DefaultGrace {
			t.Errorf("a sender that ignores its context kept the process for %v", took)
		}
		close(deaf)
	})
}

func TestAPostThatCouldOutlastItsLeaseIsNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		id := q.owe(place(store.Discord, 1), 1)
		s := &fakeSender{}
		first := true
		s.encode = func(m notify.Message) (notify.Body, error) {
			if first {
				first = false
				<-time.After(15 * time.Second) // the machine was asleep
			}
			return title(m), nil
		}
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
		<-time.After(15*time.Second + 500*time.Millisecond)
		stop()
		if q.history[0].Outcome != store.OutcomeReleased || q.history[1].Outcome != store.OutcomeSent {
			t.Errorf("the claims ended as %+v", q.history)
		}
		if c := q.get(id); c.Attempt != 1 || len(s.sent("")) != 1 {
			t.Errorf("%d attempts are counted for %d posts", c.Attempt, len(s.sent("")))
		}
	})
}

func TestAnotherWorkerTakesOverWithTheSameNonce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		id := q.owe(place(store.Discord, 1), 1)
		var log bytes.Buffer
		s := &fakeSender{answer: func(context.Context, notify.Envelope) (notify.Receipt, error) {
			q.setAway(errAway) // the post arrives, its record does not
			return notify.Receipt{MessageID: "m"}, nil
		}}
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		<-time.After(time.Second)
		stop()
		if !strings.Contains(log.String(), "may be sent again") {
			t.Errorf("the log does not say what was left:\n%s", log.String())
		}
		q.setAway(nil)
		s.answer = nil
		s.find = func(int, notify.Envelope) (string, bool, error) { return "", false, nil } // may not read the channel
		stop = begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
		<-time.After(DefaultLease)
		stop()
		posts := s.sent("")
		if len(posts) != 2 || posts[0].nonce != posts[1].nonce || posts[1].at.Sub(posts[0].at) < DefaultLease {
			t.Fatalf("the posts are %+v", posts)
		}
		if c := q.get(id); c.State != store.StateSent || c.Attempt != 2 || !c.Again {
			t.Errorf("the delivery is %+v", c)
		}
	})
}

func TestALostLeaseIsNotSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		id := q.owe(place(store.Discord, 1), 1)
		s := &fakeSender{answer: func(context.Context, notify.Envelope) (notify.Receipt, error) {
			q.change(id, func(c *store.Claimed) { c.Fence++ }) // another replica has it now
			return notify.Receipt{MessageID: "m"}, nil
		}}
		var events []Event
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{Sent: func(e Event) { events = append(events, e) }})
		<-time.After(time.Second)
		stop()
		if c := q.get(id); c.State != store.StateSending || len(events) != 1 || !events[0].Stale {
			t.Errorf("the delivery is %s and the events are %+v", c.State, events)
		}
	})
}

func TestAnOutageRepeatsNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		for move := range int64(3) {
			q.owe(place(store.Discord, 1), move+1)
		}
		var log bytes.Buffer
		s := &fakeSender{}
		s.answer = func(context.Context, notify.Envelope) (notify.Receipt, error) {
			if len(s.sent("")) == 1 {
				q.setAway(errAway)
			}
			return notify.Receipt{MessageID: "m"}, nil
		}
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		<-time.After(5 * time.Minute) // far longer than the lease
		if claims, settles, _ := q.calls(); claims+settles > 400 || settles < 100 {
			t.Errorf("in five minutes of outage: %d claims and %d tries to record", claims, settles)
		}
		q.setAway(nil)
		<-time.After(5 * time.Second)
		stop()
		if n := len(s.sent("")); n != 3 {
			t.Errorf("%d posts for 3 messages", n)
		}
		for _, line := range []string{"delivery waits", "delivery goes on"} {
			if n := strings.Count(log.String(), line); n != 1 {
				t.Errorf("%q is logged %d times:\n%s", line, n, log.String())
			}
		}
	})
}

func TestARefusedRecordHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		for id := range int64(20) {
			q.owe(place(store.Slack, id+1), 1)
		}
		q.refuse = 5
		s := &fakeSender{}
		stop := begin(t, q, map[store.Platform]Sender{store.Slack: s}, Options{Poll: 2 * time.Second})
		<-time.After(15 * time.Second)
		for id := range int64(20) {
			if c := q.get(id + 1); c.State != store.StateSent && c.ID != q.refuse {
				t.Errorf("delivery %d is %s beside a record that is refused", c.ID, c.State)
			}
		}
		q.owe(place(store.Slack, 30), 1)
		<-time.After(3 * time.Second)
		if n := len(s.sent("c30")); n != 1 {
			t.Errorf("beside a record that is refused a new message was posted %d times", n)
		}
		<-time.After(2 * time.Hour)
		if n := len(s.sent("c5")); n > MaxAttempts {
			t.Errorf("the message whose record is refused was posted %d times", n)
		}
		if took := stop(); took > DefaultGrace {
			t.Errorf("stopping took %v", took)
		}
	})
}
