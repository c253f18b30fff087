package deliver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// TestRecordsWaitOnlyForWhatIsUnderWay has posts that are answered after a time, and
// looks how many transactions hold their records and when the first is there.
func TestRecordsWaitOnlyForWhatIsUnderWay(t *testing.T) {
	for _, scene := range []struct {
		name    string
		takes   []time.Duration // of the posts
		after   time.Duration   // when the first is recorded
		settles int
	}{
		{"a lone one waits for nothing", []time.Duration{0}, 0, 1},
		{"two that end together wait for nothing", []time.Duration{time.Millisecond, time.Millisecond}, time.Millisecond, 1},
		{"one waits for another that ends within a moment", []time.Duration{0, time.Millisecond}, time.Millisecond, 1},
		{"one waits for nothing that takes longer", []time.Duration{0, time.Second}, linger, 2},
	} {
		t.Run(scene.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, takes := &fakeQueue{}, map[string]time.Duration{}
				for i, d := range scene.takes {
					p := place(store.Discord, int64(i+1))
					q.owe(p, 1)
					takes[p.Channel] = d
				}
				s := &fakeSender{answer: func(_ context.Context, e notify.Envelope) (notify.Receipt, error) {
					time.Sleep(takes[e.Channel])
					return notify.Receipt{MessageID: "1"}, nil
				}}
				stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
				defer stop()
				if scene.after > 0 {
					time.Sleep(scene.after - time.Nanosecond)
					synctest.Wait()
					if c := q.get(1); c.State != store.StateSending {
						t.Errorf("the first is %s before %s", c.State, scene.after)
					}
					time.Sleep(time.Nanosecond)
				}
				synctest.Wait()
				if c := q.get(1); c.State != store.StateSent {
					t.Errorf("the first is %s after %s", c.State, scene.after)
				}
				time.Sleep(time.Minute)
				if _, settles, _ := q.calls(); settles != scene.settles {
					t.Errorf("%d transactions, want %d", settles, scene.settles)
				}
			})
		})
	}
}
