package deliver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/pace"
	"sparkbot/store"
)

func TestDiscordHearsAtMostFiftyASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places = 500
		q := &fakeQueue{}
		for id := range int64(places) {
			q.owe(place(store.Discord, id+1), 1)
		}
		s := &fakeSender{latency: 150 * time.Millisecond}
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{
			Budgets: map[store.Platform]*pace.Budget{store.Discord: pace.NewBudget(49, time.Now)},
		})
		<-time.After(time.Minute)
		posts := s.sent("")
		if len(posts) != places {
			t.Fatalf("%d posts, want %d", len(posts), places)
		}
		for i, first := 0, 0; i < len(posts); i++ {
			for posts[i].at.Sub(posts[first].at) >= time.Second {
				first++
			}
			if n := i - first + 1; n > 50 {
				t.Fatalf("%d posts in the second before %v", n, posts[i].at)
			}
		}
		if took := posts[places-1].at.Sub(posts[0].at); took > 12*time.Second {
			t.Errorf("%d places took %v; the limit allows about 11s", places, took)
		}
		stop()
		if s.encodes != 1 {
			t.Errorf("one move was encoded %d times", s.encodes)
		}
		for _, settled := range q.history {
			if settled.Outcome != store.OutcomeSent {
				t.Fatalf("a claim ended as %s: more was claimed than could be sent", settled.Outcome)
			}
		}
	})
}

func TestSlackHearsOnceASecondAndChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		q := &fakeQueue{}
		for move := range int64(5) {
			for id := range int64(20) {
				q.owe(place(store.Slack, id+1), move+1)
			}
		}
		s := &fakeSender{latency: 30 * time.Millisecond}
		stop := begin(t, q, map[store.Platform]Sender{store.Slack: s}, Options{})
		<-time.After(time.Minute)
		for id := range int64(20) {
			posts := s.sent(place(store.Slack, id+1).Channel)
			if len(posts) != 5 || posts[0].at.Sub(start) > 100*time.Millisecond {
				t.Fatalf("channel %d has %d messages, the first after %v", id+1, len(posts), posts[0].at.Sub(start))
			}
			for i := range 4 {
				if gap := posts[i+1].at.Sub(posts[i].at); gap < time.Second || gap > 1200*time.Millisecond {
					t.Errorf("channel %d heard again after %v", id+1, gap)
				}
			}
		}
		stop()
	})
}

func TestAtRestTheQueueIsLeftAlone(t *testing.T) {
	for name, owe := range map[string]func(q *fakeQueue){
		"nothing is owed": func(*fakeQueue) {},
		"what is due is for another platform": func(q *fakeQueue) {
			q.owe(place(store.Slack, 1), 1)
		},
		"what is due is not due for hours": func(q *fakeQueue) {
			id := q.owe(place(store.Discord, 1), 1)
			q.change(id, func(c *store.Claimed) { c.DueAt = time.Now().Add(5 * time.Hour) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &fakeQueue{}
				owe(q)
				stop := begin(t, q, map[store.Platform]Sender{store.Discord: &fakeSender{}}, Options{})
				<-time.After(time.Minute)
				if claims, _, asked := q.calls(); claims > 61 || asked > 61 {
					t.Errorf("in a minute: %d claims and %d questions for the next", claims, asked)
				}
				stop()
			})
		})
	}
}

func TestNoMoreIsHeldThanTheLeaseAllows(t *testing.T) {
	o := Options{Now: time.Now}.withDefaults()
	for _, tc := range []struct {
		name         string
		limit, share int
		took         time.Duration
		want         int
	}{
		{"nothing is known yet", 0, 1000, 0, 64},
		{"a quick platform", 0, 1000, 3 * time.Millisecond, maxAhead},
		{"one that takes half a second", 0, 1000, 500 * time.Millisecond, 576},
		{"one that hangs", 0, 1000, 10 * time.Second, 64},
		{"a known rate", 49, 49, 3 * time.Millisecond, 64},
		{"a small share of it", 49, 2, 3 * time.Millisecond, 8},
		{"the smallest", 49, 1, 0, 4},
		{"none", 49, 0, 3 * time.Millisecond, 0},
	} {
		b := pace.NewBudget(tc.limit, time.Now)
		b.SetShare(tc.share, time.Time{})
		l := &lane{o: o, budget: b}
		if got := ahead(o, l.most(), tc.took); got != tc.want {
			t.Errorf("%s: %d are held, want %d", tc.name, got, tc.want)
		}
	}
	if o := (Options{Lease: time.Second}).withDefaults(); o.Lease != 2*DefaultSendTimeout {
		t.Errorf("a lease shorter than a post became %v", o.Lease)
	}
}

func TestWaitsThatAreOverAreForgotten(t *testing.T) {
	th := newThrottles()
	for id := range int64(3 * maxSkips) {
		th.close(notify.ScopePlace, store.Place{ID: id + 1}, noon.Add(time.Second))
	}
	th.close(notify.ScopeWorkspace, store.Place{Workspace: "w1"}, noon.Add(time.Minute))
	th.close(notify.ScopeWorkspace, store.Place{Workspace: "w1"}, noon.Add(time.Second))
	var r store.ClaimRequest
	next := th.skip(&r, store.Slack, noon)
	if len(r.SkipPlaces) != maxSkips || len(r.SkipWorkspaces) != 1 || !next.Equal(noon.Add(time.Second-early)) {
		t.Errorf("%d places and %d workspaces are left out until %v", len(r.SkipPlaces), len(r.SkipWorkspaces), next)
	}
	r = store.ClaimRequest{}
	next = th.skip(&r, store.Slack, noon.Add(time.Second-early))
	if p := (store.Place{ID: 1}); len(r.SkipPlaces) != 0 || !th.until(&p).Equal(noon.Add(time.Second)) || !next.Equal(noon.Add(time.Second)) {
		t.Errorf("just before their wait is over %d places are left out; the first waits until %v; next %v", len(r.SkipPlaces), th.until(&p), next)
	}
	r = store.ClaimRequest{}
	next = th.skip(&r, store.Slack, noon.Add(time.Second))
	if len(th.places) != 0 || len(r.SkipPlaces) != 0 || !next.Equal(noon.Add(time.Minute-early)) {
		t.Errorf("%d places are remembered after their wait; next %v", len(th.places), next)
	}
	th.skip(&r, store.Slack, noon.Add(time.Minute))
	if len(th.workspaces) != 0 {
		t.Errorf("%d workspaces are remembered after their wait", len(th.workspaces))
	}
}

// TestAPlaceIsPostedToAsSoonAsItMayBe has a database that takes its time to claim, as
// one that was at rest does: the next message of a place is at hand when its second is
// over, and not earlier, whoever posted the one before.
func TestAPlaceIsPostedToAsSoonAsItMayBe(t *testing.T) {
	for name, share := range map[string]int{"the only replica": 1000, "one of two": 500} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &slowQueue{takes: 15 * time.Millisecond}
				for move := range int64(5) {
					q.owe(place(store.Slack, 1), move+1)
				}
				budget := pace.NewBudget(0, time.Now)
				budget.SetShare(share, time.Time{})
				elsewhere := time.Now()
				if budget.Shared() {
					elsewhere = elsewhere.Add(early / 2)
					q.rest(1, elsewhere)
				}
				s := &fakeSender{latency: 10 * time.Millisecond}
				stop := begin(t, q, map[store.Platform]Sender{store.Slack: s}, Options{Burst: -1, Budgets: map[store.Platform]*pace.Budget{store.Slack: budget}})
				time.Sleep(time.Minute)
				posts := s.sent("c1")
				if len(posts) != 5 {
					t.Fatalf("%d messages arrived", len(posts))
				}
				if posts[0].at.Before(elsewhere) {
					t.Errorf("the place hears %v before it has rested", elsewhere.Sub(posts[0].at))
				}
				for i := range 4 {
					if gap := posts[i+1].at.Sub(posts[i].at); gap < time.Second || gap > time.Second+15*time.Millisecond {
						t.Errorf("the place hears again after %v", gap)
					}
				}
				stop()
			})
		})
	}
}

// slowQueue takes its time to claim.
type slowQueue struct {
	fakeQueue
	takes time.Duration
}

func (q *slowQueue) Claim(ctx context.Context, r store.ClaimRequest) ([]store.Claimed, error) {
	time.Sleep(q.takes)
	return q.fakeQueue.Claim(ctx, r)
}
