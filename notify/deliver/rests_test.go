package deliver

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/store"
)

// TestAPlaceRestsWhetherMoreIsKnownOfOrNot posts to a channel of Slack that is owed
// something else from the start, or only while it rests already.
func TestAPlaceRestsWhetherMoreIsKnownOfOrNot(t *testing.T) {
	for _, scene := range []struct {
		name  string
		later time.Duration // when the second comes
		want  []store.Outcome
	}{
		{"known", 0, []store.Outcome{store.OutcomeSent, store.OutcomeSent}},
		{"not known", 300 * time.Millisecond, []store.Outcome{store.OutcomeSent, store.OutcomeReleased, store.OutcomeSent}},
		{"after its rest", time.Second, []store.Outcome{store.OutcomeSent, store.OutcomeSent}},
	} {
		t.Run(scene.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, s := &fakeQueue{}, &fakeSender{}
				p := place(store.Slack, 1)
				q.owe(p, 1)
				if scene.later == 0 {
					q.owe(p, 2)
					for id := range int64(2) { // no more of them are waited for
						q.change(id+1, func(c *store.Claimed) { c.DueAt = c.DueAt.Add(-patience) })
					}
				}
				stop := begin(t, q, map[store.Platform]Sender{store.Slack: s}, Options{Burst: 4, Poll: 100 * time.Millisecond})
				if scene.later > 0 {
					time.Sleep(scene.later)
					q.owe(p, 2)
				}
				time.Sleep(10 * time.Second)
				stop()
				var got []store.Outcome
				for _, settlement := range q.history {
					got = append(got, settlement.Outcome)
				}
				if !slices.Equal(got, scene.want) {
					t.Errorf("its claims end as %v, want %v", got, scene.want)
				}
				posts := s.sent("")
				if len(posts) != 2 || posts[1].at.Sub(posts[0].at) < time.Second {
					t.Errorf("%d posts: %v", len(posts), posts)
				}
			})
		})
	}
}

func TestRestsAreForgottenOnceTheyAreOver(t *testing.T) {
	var r rests
	r.add(1, noon.Add(time.Second))
	r.add(1, noon.Add(500*time.Millisecond))
	if got := r.end(1); !got.Equal(noon.Add(time.Second)) || !r.end(2).IsZero() {
		t.Errorf("it rests until %v", got)
	}
	for step := range 50 { // a post every tenth of a second
		now := noon.Add(time.Duration(step) * 100 * time.Millisecond)
		r.sweep(now)
		r.add(int64(step+10), now.Add(time.Second))
		for place := range int64(step + 1) {
			until := noon.Add(time.Duration(place)*100*time.Millisecond + time.Second)
			if got := r.end(place + 10); until.After(now) && !got.Equal(until) {
				t.Fatalf("place %d rests until %v, want %v", place, got, until)
			}
		}
		if n := len(r.young.until) + len(r.old.until); n > 25 {
			t.Fatalf("%d places are remembered", n)
		}
	}
	r.sweep(noon.Add(time.Minute))
	r.sweep(noon.Add(time.Minute))
	if n := len(r.young.until) + len(r.old.until); n != 0 {
		t.Errorf("%d places are remembered a minute later", n)
	}
}
