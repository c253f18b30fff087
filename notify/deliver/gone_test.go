package deliver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// fakeGone is one place that is gone, and its platform's door.
type fakeGone struct {
	mu     sync.Mutex
	place  store.Place
	open   bool
	silent error // what a question meets instead of an answer
	taken  bool  // another replica asks
	asked  []time.Time
}

func (g *fakeGone) Gone(_ context.Context, now time.Time, _ int) ([]store.Place, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.place.Disabled() || g.place.ProbeAt.After(now) {
		return nil, nil
	}
	return []store.Place{g.place}, nil
}

func (g *fakeGone) PutOffProbe(_ context.Context, _ store.Place, next time.Time) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.place.ProbeAt = next
	return !g.taken, nil
}

func (g *fakeGone) ReturnPlace(context.Context, int64, time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.place.DisabledAt = time.Time{}
	return nil
}

func (g *fakeGone) Admits(context.Context, string, string) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, time.Now())
	return g.open, g.silent
}

func TestAPlaceThatIsGoneIsAskedFor(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(g *fakeGone)
		asked  int // in three days
		back   bool
	}{
		{"it stays gone: every hour for a day, then daily", func(*fakeGone) {}, 25, false},
		{"it is back", func(g *fakeGone) { g.open = true }, 1, true},
		{"nobody answers", func(g *fakeGone) { g.open, g.silent = true, errAway }, 25, false},
		{"another replica asks", func(g *fakeGone) { g.taken = true }, 0, false},
		{"its platform is not configured any more", func(g *fakeGone) { g.place.Platform = store.Slack }, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &fakeGone{place: place(store.Discord, 1)}
				now := time.Now()
				g.place.DisabledAt, g.place.GoneAt, g.place.ProbeAt = now, now, store.NextProbe(now, now)
				tc.change(g)
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- NewProber(g, map[store.Platform]Door{store.Discord: g}, time.Now, nil).Run(ctx) }()
				<-time.After(72*time.Hour + time.Minute)
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if n := len(g.asked); n != tc.asked && n != tc.asked+1 {
					t.Errorf("it was asked for %d times, want %d", n, tc.asked)
				}
				for i := 1; i < len(g.asked); i++ {
					if g.asked[i].Sub(g.asked[i-1]) < time.Hour {
						t.Errorf("questions came at %s and %s", g.asked[i-1], g.asked[i])
					}
				}
				if back := !g.place.Disabled(); back != tc.back {
					t.Errorf("back: %v", back)
				}
			})
		})
	}
}

func TestANoticeTellsWhatIsStillGone(t *testing.T) {
	since := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	gone := store.Place{ID: 7, Platform: store.Slack, Channel: "C7", DisabledAt: since, DisabledReason: "the channel is archived; unarchive it"}
	other := store.Place{ID: 8, Platform: store.Slack, Channel: "C8", DisabledAt: since.Add(time.Second), DisabledReason: "the app is not in the channel"}
	sent := store.Delivery{ID: 1, Kind: store.DeliveryNotice, State: store.StateSent, BegunAt: since.Add(time.Minute)}
	d := store.Delivery{ID: 2, PlaceID: 9, Kind: store.DeliveryNotice, Key: store.GoneKey(7, since)}
	for _, tc := range []struct {
		name string
		key  string
		gone []store.Place
		told []store.Delivery
		want error
		says []string
	}{
		{"both at once", d.Key, []store.Place{other, gone}, nil, nil, []string{"2 channels", "archived", "not in the channel"}},
		{"it is back", d.Key, []store.Place{other}, nil, errBack, nil},
		{"an earlier notice named it", d.Key, []store.Place{gone}, []store.Delivery{sent}, errTold, nil},
		{"an earlier notice came before it went", store.GoneKey(7, since.Add(time.Hour)), []store.Place{gone}, []store.Delivery{sent}, nil, []string{"a channel"}},
		{"an earlier notice failed", d.Key, []store.Place{gone}, []store.Delivery{{ID: 1, Kind: store.DeliveryNotice, State: store.StateFailed, BegunAt: since.Add(time.Minute)}}, nil, []string{"a channel"}},
		{"a key of a later version", "gone:everything", []store.Place{gone}, nil, errUnknownKind, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d.Key = tc.key
			m, err := words(t.Context(), &fakeLibrary{gone: tc.gone, told: tc.told}, &store.Claimed{Delivery: d}, since.Add(2*time.Minute))
			if !errors.Is(err, tc.want) {
				t.Fatalf("composing gives %v, want %v", err, tc.want)
			}
			text := fmt.Sprint(m)
			for _, want := range tc.says {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in %s", want, text)
				}
			}
		})
	}
}

func TestNoticesOfMembersAreNotMixedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		now := time.Now()
		l := &fakeLibrary{gone: []store.Place{{ID: 1, Platform: store.Slack, Channel: "C1", DisabledAt: now}, {ID: 2, Platform: store.Slack, Channel: "C2", DisabledAt: now}}}
		for n := range int64(2) {
			id := q.owe(place(store.Slack, n+1), 0)
			q.change(id, func(c *store.Claimed) {
				c.Kind, c.MoveID, c.Revision, c.Key = store.DeliveryNotice, 0, 0, store.GoneKey(n+1, now)
			})
		}
		s := &fakeSender{encode: func(m notify.Message) (notify.Body, error) { return notify.Body{Content: []byte(m.Fallback)}, nil }}
		stop := beginWith(t, q, l, map[store.Platform]Sender{store.Slack: s}, Options{})
		<-time.After(time.Minute)
		stop()
		if len(s.sent("")) != 2 || s.encodes != 2 {
			t.Errorf("%d notices of two members were encoded %d times", len(s.sent("")), s.encodes)
		}
	})
}

// fakeArchive has so many old deliveries, some of which fail to go.
type fakeArchive struct {
	mu            sync.Mutex
	left, batches int
	away          error
}

func (a *fakeArchive) setAway(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away = err
}

// counts gives how many are left after how many batches.
func (a *fakeArchive) counts() (left, batches int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.left, a.batches
}

func (a *fakeArchive) Prune(_ context.Context, after int64, _ time.Time, limit int) (int64, int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.batches++
	if a.away != nil {
		return 0, 0, a.away
	}
	n := min(limit, a.left)
	a.left -= n
	if a.left == 0 {
		return 0, n, nil
	}
	return after + int64(limit), n, nil
}

func (a *fakeArchive) TrimGone(context.Context, int64, time.Time, time.Time, int, int) (int64, int, error) {
	return 0, 0, nil
}

func TestOldDeliveriesGoInSmallBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &fakeArchive{left: 2300, away: errAway}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- NewKeeper(a, 0, time.Now, nil).Run(ctx) }()
		<-time.After(30 * time.Minute)
		if _, batches := a.counts(); batches != 1 {
			t.Errorf("a database that is away is asked %d times in half an hour", batches)
		}
		a.setAway(nil)
		<-time.After(time.Hour)
		if left, batches := a.counts(); left != 0 || batches != 6 {
			t.Errorf("after %d batches %d are left", batches, left)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
