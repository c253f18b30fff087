package deliver

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

func TestSetBack(t *testing.T) {
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		before, now time.Time
		want        bool
	}{
		"the first look":       {time.Time{}, noon, false},
		"time goes on":         {noon, noon.Add(time.Hour), false},
		"a step of the clock":  {noon, noon.Add(-500 * time.Millisecond), false},
		"a minute back":        {noon, noon.Add(-time.Minute), true},
		"the same moment":      {noon, noon, false},
		"just above a second":  {noon, noon.Add(-1001 * time.Millisecond), true},
		"in another time zone": {noon, noon.In(time.FixedZone("", 3600)), false},
	} {
		if _, got := setBack(tc.before, tc.now); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestAClockThatIsSetBackPutsNothingOff: a message fails while the clock is two
// hours ahead, and is tried again although its time seems far away.
func TestAClockThatIsSetBackPutsNothingOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		ahead.Store(int64(2 * time.Hour))
		q, log := &fakeQueue{}, &bytes.Buffer{}
		id := q.owe(place(store.Discord, 1), 1)
		s := &fakeSender{}
		s.answer = func(context.Context, notify.Envelope) (notify.Receipt, error) {
			if len(s.sent("")) == 1 {
				return notify.Receipt{}, errors.New("503")
			}
			return notify.Receipt{MessageID: "m"}, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		o := Options{Now: now, Rand: func() float64 { return 0.9 }, Log: slog.New(slog.NewTextHandler(log, nil))}
		go func() { ended <- New(q, &fakeLibrary{}, map[store.Platform]Sender{store.Discord: s}, o).Run(ctx, nil) }()
		<-time.After(500 * time.Millisecond)
		ahead.Store(0)
		<-time.After(10 * time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if c := q.get(id); c.State != store.StateSent {
			t.Errorf("the delivery is %s, due %s", c.State, c.DueAt)
		}
		if n := strings.Count(log.String(), "the clock was set back"); n != 1 {
			t.Errorf("the log says %d times that the clock was set back", n)
		}
	})
}
