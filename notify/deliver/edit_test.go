package deliver

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// amend owes a place an edit of its message m0 of a move.
func (q *fakeQueue) amend(place store.Place, move int64) int64 {
	id := q.owe(place, move)
	q.change(id, func(c *store.Claimed) {
		c.Kind, c.Revision, c.TargetID = store.DeliveryEdit, 2, 1000+move
		c.Target = &store.Delivery{ID: c.TargetID, State: store.StateSent, MessageID: "m0"}
		c.Parts = []store.Part{{DeliveryID: c.TargetID, MoveID: move, Revision: 2, Shown: 1}}
	})
	return id
}

func TestAnEditTakesItsPlaceInTheOrderAndTheRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{encode: whole}
		q.owe(place(store.Slack, 1), 1)
		q.amend(place(store.Slack, 1), 2)
		last := q.owe(place(store.Slack, 1), 3)
		stop := beginWith(t, q, &fakeLibrary{taken: map[int64]bool{2: true}}, map[store.Platform]Sender{store.Slack: s}, Options{})
		<-time.After(5 * time.Second)
		stop()
		posts, edits := s.sent("c1"), s.edited()
		if len(posts) != 2 || len(edits) != 1 || q.get(last).State != store.StateSent {
			t.Fatalf("%d posts and %d edits", len(posts), len(edits))
		}
		if e := edits[0]; e.message != "m0" || !strings.Contains(e.text, "Retracted: Session: Move 2") {
			t.Errorf("the edit is %+v", e)
		}
		for i, gap := range []time.Duration{edits[0].at.Sub(posts[0].at), posts[1].at.Sub(edits[0].at)} {
			if gap < time.Second || gap > 1100*time.Millisecond {
				t.Errorf("gap %d is %v, want the channel's second", i, gap)
			}
		}
	})
}

// whole encodes all that is said in one line.
func whole(m notify.Message) (notify.Body, error) {
	return notify.Body{Content: []byte(m.Fallback)}, nil
}

func TestEditsEndAsTheyShould(t *testing.T) {
	for name, tc := range map[string]struct {
		refuse  error
		outcome store.State
		edits   int
	}{
		"made":                      {nil, store.StateSent, 1},
		"of a deleted message":      {&notify.Failure{Kind: notify.Missing, Reason: "deleted"}, store.StateCancelled, 1},
		"refused":                   {&notify.Failure{Kind: notify.Permanent, Reason: "too long"}, store.StateFailed, 1},
		"of a platform that is ill": {errors.New("502"), store.StateFailed, MaxAttempts},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, s := &fakeQueue{}, &fakeSender{refuse: func(string) error { return tc.refuse }}
				id := q.amend(place(store.Discord, 1), 1)
				play(t, 6*time.Hour, q, s, Options{})
				if c := q.get(id); c.State != tc.outcome || len(s.edited()) != tc.edits || len(s.sent("")) != 0 || len(s.asked) != 0 {
					t.Errorf("it is %s for %q after %d edits, %d posts and %d questions", c.State, c.Reason, len(s.edited()), len(s.sent("")), len(s.asked))
				}
			})
		})
	}
}

func TestAnEditThatHasToWaitAloneHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{}
		s.refuse = func(string) error {
			if len(s.edited()) < 3 {
				return &notify.Failure{Kind: notify.Throttled, Scope: notify.ScopeMessage, After: 10 * time.Minute, Reason: "an old message"}
			}
			return nil
		}
		id := q.amend(place(store.Discord, 1), 1)
		q.owe(place(store.Discord, 1), 2)
		play(t, time.Hour, q, s, Options{})
		if posts := s.sent(""); len(posts) != 1 || posts[0].at.Sub(s.edited()[0].at) > time.Second {
			t.Errorf("the posts are %+v", posts)
		}
		if c := q.get(id); c.State != store.StateSent || c.Attempt != 1 || len(s.edited()) != 3 {
			t.Errorf("the edit is %s after %d attempts", c.State, c.Attempt)
		}
	})
}

func TestManyPlacesShareTheBodyOfAnEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{}
		for id := range int64(40) {
			q.amend(place(store.Discord, id+1), 1)
		}
		play(t, 5*time.Second, q, s, Options{})
		if len(s.edited()) != 40 || s.encodes != 1 {
			t.Errorf("%d edits took %d bodies", len(s.edited()), s.encodes)
		}
	})
}

// TestWhatIsFoundShowsWhatItShowedThen has a move edited between a post whose
// answer was lost and the question that finds it.
func TestWhatIsFoundShowsWhatItShowedThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{find: func(int, notify.Envelope) (string, bool, error) { return "m1", true, nil }}
		id := q.owe(place(store.Discord, 1), 1)
		q.change(id, func(c *store.Claimed) { c.UnsureAt, c.Shown, c.Revision = time.Now(), 1, 2 })
		play(t, time.Second, q, s, Options{})
		if got := q.history[0]; got.MessageID != "m1" || len(got.Shown) != 1 || got.Shown[0].Shown != 1 {
			t.Errorf("it is recorded as %+v", got)
		}
	})
}
