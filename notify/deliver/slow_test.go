package deliver

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/pace"
	"sparkbot/store"
)

// TestSlowOnesDelayNobodyElse has one place, workspace or platform throttled for
// an hour, or hang, while the others have messages to come.
func TestSlowOnesDelayNobodyElse(t *testing.T) {
	throttled := func(scope notify.Scope) error {
		return &notify.Failure{Kind: notify.Throttled, Scope: scope, After: time.Hour, Reason: "wait"}
	}
	for _, scene := range []struct {
		name string
		slow func(p store.Place) bool
		// discord answers a post to a slow place.
		discord func(ctx context.Context) (notify.Receipt, error)
		asked   int // how often the slow ones may be asked in a minute
	}{
		{
			"a place", func(p store.Place) bool { return p.ID == 1 },
			func(context.Context) (notify.Receipt, error) { return notify.Receipt{}, throttled(notify.ScopePlace) }, 1,
		},
		{
			"a workspace", func(p store.Place) bool { return p.Workspace == "w1" },
			func(context.Context) (notify.Receipt, error) {
				return notify.Receipt{}, throttled(notify.ScopeWorkspace)
			}, 64,
		},
		{
			"a platform", func(p store.Place) bool { return p.Platform == store.Discord },
			func(context.Context) (notify.Receipt, error) {
				return notify.Receipt{}, throttled(notify.ScopePlatform)
			}, 64,
		},
		{
			"a platform that hangs", func(p store.Place) bool { return p.Platform == store.Discord },
			func(ctx context.Context) (notify.Receipt, error) {
				<-ctx.Done()
				return notify.Receipt{}, &notify.Failure{Kind: notify.Transient, Reason: "no answer", Err: ctx.Err()}
			}, 64 * 7,
		},
	} {
		t.Run(scene.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, slow, quick := &fakeQueue{}, map[string]bool{}, 0
				for id := range int64(150) {
					p := place(store.Discord, id+1)
					if id%2 == 0 {
						p.Platform, p.Channel = store.Slack, "s"+p.Channel
					}
					for move := range int64(3) {
						q.owe(p, move+1)
					}
					if slow[p.Channel] = scene.slow(p); !slow[p.Channel] {
						quick += 3
					}
				}
				answer := func(ctx context.Context, e notify.Envelope) (notify.Receipt, error) {
					if slow[e.Channel] {
						return scene.discord(ctx)
					}
					return notify.Receipt{MessageID: "1"}, nil
				}
				discord, slack := &fakeSender{latency: 50 * time.Millisecond, answer: answer}, &fakeSender{latency: 50 * time.Millisecond, answer: answer}
				stop := begin(t, q, map[store.Platform]Sender{store.Discord: discord, store.Slack: slack}, Options{
					Budgets: map[store.Platform]*pace.Budget{store.Discord: pace.NewBudget(49, time.Now)},
				})
				<-time.After(time.Minute)
				arrived, asked := 0, 0
				for _, p := range append(discord.sent(""), slack.sent("")...) {
					if slow[p.channel] {
						asked++
					} else {
						arrived++
					}
				}
				if arrived != quick {
					t.Errorf("%d of %d messages to the others arrived within a minute", arrived, quick)
				}
				if asked == 0 || asked > scene.asked {
					t.Errorf("the slow ones were asked %d times, want 1 to %d", asked, scene.asked)
				}
				stop()
			})
		})
	}
}

// TestPlacesRestForOtherReplicasToo looks at what is recorded of a place's rest.
func TestPlacesRestForOtherReplicasToo(t *testing.T) {
	for _, shared := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			q, b := &fakeQueue{}, pace.NewBudget(0, time.Now)
			if shared {
				b.SetShare(500, time.Time{})
			}
			q.owe(place(store.Slack, 1), 1)
			stop := begin(t, q, map[store.Platform]Sender{store.Slack: &fakeSender{}}, Options{Budgets: map[store.Platform]*pace.Budget{store.Slack: b}})
			<-time.After(time.Minute)
			stop()
			s := q.history[0]
			if want := s.At.Add(time.Second); shared && !s.RestUntil.Equal(want) || !shared && !s.RestUntil.IsZero() {
				t.Errorf("shared %v: the place rests until %v, want %v", shared, s.RestUntil, want)
			}
		})
	}
}

// BenchmarkIdlePlaces posts once to each of 100,000 places, and prints what is
// remembered of them just after that and once their waits are over and swept.
func BenchmarkIdlePlaces(b *testing.B) {
	const places = 100_000
	for b.Loop() {
		start := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
		th, routes, turns := newThrottles(), pace.NewRoutes(), pace.NewTurns()
		empty := heap()
		for id := range int64(places) {
			channel := fmt.Sprint(1_000_000_000_000_000_000 + id)
			th.close(notify.ScopePlace, store.Place{ID: id + 1}, start.Add(5*time.Second))
			th.rest(id+1, start.Add(time.Second))
			routes.Hear("POST /channels/-/messages", channel, pace.Heard{Bucket: "b", Left: 4, Reset: 5 * time.Second}, start)
			turns.Take(channel+" chat.update", "1", pace.Rate{N: 50, Per: time.Minute}, start)
		}
		before, later := heap(), start.Add(time.Hour)
		th.skip(&store.ClaimRequest{}, store.Discord, later)
		routes.Sweep(later)
		turns.Sweep(later)
		after := heap()
		b.ReportMetric(float64(before-empty), "B-before")
		b.ReportMetric(max(float64(after)-float64(empty), 0), "B-after-sweep")
		if limit := (before - empty) / 20; after > empty+limit {
			b.Errorf("%d bytes are left of %d", after-empty, before-empty)
		}
		runtime.KeepAlive(th)
		runtime.KeepAlive(routes)
		runtime.KeepAlive(turns)
	}
}

// heap is how many bytes are in use once the garbage is gone.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
