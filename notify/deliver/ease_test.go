package deliver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// TestRecordsThatFreeNothingAskNothing posts to places that answer one after the other,
// so that each is recorded by itself, and then to one that has to be asked again.
func TestRecordsThatFreeNothingAskNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		const places = 40
		for i := range int64(places) {
			q.owe(place(store.Slack, i+1), 1)
		}
		took := map[string]time.Duration{}
		for i := range int64(places) {
			took[place(store.Slack, i+1).Channel] = time.Duration(i+1) * 20 * time.Millisecond
		}
		var refused bool
		s := &fakeSender{encode: whole, answer: func(_ context.Context, e notify.Envelope) (notify.Receipt, error) {
			time.Sleep(took[e.Channel])
			if e.Channel == "c40" && !refused {
				refused = true
				return notify.Receipt{}, &notify.Failure{Kind: notify.Transient, Reason: "503"}
			}
			return notify.Receipt{MessageID: "m"}, nil
		}}
		stop := begin(t, q, map[store.Platform]Sender{store.Slack: s}, Options{Workers: places, Poll: time.Hour})
		time.Sleep(places*20*time.Millisecond - 10*time.Millisecond)
		if _, settles, asked := q.calls(); settles < places-1 || asked > 3 {
			t.Errorf("the queue is asked %d times while %d records free nothing", asked, settles)
		}
		time.Sleep(10 * time.Second)
		if last := q.get(places); last.State != store.StateSent {
			t.Errorf("what was put off is %s ten seconds later, though it became due", last.State)
		}
		stop()
	})
}
