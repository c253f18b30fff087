package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/store"
)

func TestGather(t *testing.T) {
	other := func(id int64, edit func(o *store.Companion)) store.Companion {
		o := store.Companion{Part: store.Part{DeliveryID: id, MoveID: id, Revision: 1}, DueAt: noon.Add(-10 * time.Second)}
		if edit != nil {
			edit(&o)
		}
		return o
	}
	four := []store.Companion{other(8, nil), other(9, nil), other(10, nil), other(11, nil)}
	held := func(o *store.Companion) { o.Held = true }
	for _, tc := range []struct {
		name    string
		edit    func(c *store.Claimed)
		company []store.Companion
		want    []int64
		wait    time.Duration
	}{
		{name: "one alone"},
		{name: "four in all come one by one", company: four[1:]},
		{name: "five become one message", company: four, want: []int64{8, 9, 10, 11}},
		{
			name: "what is due within the minute counts, what is due later does not", want: []int64{8, 9, 10, 11},
			company: append(four[:4:4], other(12, func(o *store.Companion) { o.DueAt = noon.Add(61 * time.Second) })),
		},
		{
			name: "what is muted or taken back does not count", company: append(four[:2:2],
				other(12, func(o *store.Companion) { o.Muted = true }), other(13, func(o *store.Companion) { o.Retracted = true })),
		},
		{
			name: "the last of them came just now", wait: 900 * time.Millisecond,
			company: append(four[:0:0], other(8, func(o *store.Companion) { o.DueAt = noon.Add(-100 * time.Millisecond) })),
		},
		{
			name: "but nobody waits for ever", want: []int64{8, 9, 10, 11},
			company: append(four[:3:3], other(11, func(o *store.Companion) { o.DueAt = noon })),
		},
		{
			name:    "what is put off for long is not waited for",
			company: append(four[:0:0], other(8, func(o *store.Companion) { o.DueAt = noon.Add(50 * time.Second) })),
		},
		{
			name: "whatever was held and is due is caught up together, were it only two", edit: func(c *store.Claimed) { c.Held = true },
			company: []store.Companion{other(8, held), other(9, nil), other(10, func(o *store.Companion) { o.Held, o.DueAt = true, noon.Add(time.Second) })},
			want:    []int64{8},
		},
		{name: "what was tried before goes as it was", edit: func(c *store.Claimed) { c.Attempt = 1 }, company: four},
		{name: "what may have arrived is told with nothing new", edit: func(c *store.Claimed) { c.UnsureAt = noon }, company: four},
		{name: "a test is no alert", edit: func(c *store.Claimed) { c.Kind = store.DeliveryTest }, company: four},
		{
			name: "nobody joins those who joined before", company: append(four[:4:4], other(12, func(o *store.Companion) { o.MergedInto = 7 })),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := claimed(tc.edit)
			c.Company = tc.company
			others, until := Gather(c, 4, noon)
			var got []int64
			for _, o := range others {
				got = append(got, o.DeliveryID)
			}
			wait := time.Duration(0)
			if !until.IsZero() {
				wait = until.Sub(noon)
			}
			if !slices.Equal(got, tc.want) || wait != tc.wait {
				t.Errorf("others %v after %v, want %v after %v", got, wait, tc.want, tc.wait)
			}
			if c.Held {
				return
			}
			if others, until := Gather(c, 0, noon); len(others) > 0 || !until.IsZero() {
				t.Errorf("without bursts %v join", others)
			}
		})
	}
}

// everything encodes all that a message shows.
func everything(m notify.Message) (notify.Body, error) {
	return notify.Body{Content: []byte(compose.Plain(m, 1000))}, nil
}

// tells gives how many of the posts name each of the moves from 1 to n.
func tells(posts []post, n int64) []int {
	counts := make([]int, n)
	for _, p := range posts {
		for move := range n {
			counts[move] += strings.Count(p.text+"\n", fmt.Sprintf("Move %d ", move+1))
		}
	}
	return counts
}

func ones(n int) []int { return slices.Repeat([]int{1}, n) }

// bursts are the options of a place that hears of at most four alerts a minute
// one by one.
var bursts = Options{Burst: 4}

func TestABurstBecomesOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{encode: everything}
		for id := range int64(40) {
			for move := range int64(7) {
				q.owe(place(store.Discord, id+1), move+1)
			}
		}
		play(t, 10*time.Second, q, s, bursts)
		if n := len(s.sent("")); n != 40 || s.encodes != 1 {
			t.Errorf("40 places got %d messages, encoded %d times", n, s.encodes)
		}
		posts := s.sent("c9")
		if got := tells(posts, 7); !slices.Equal(got, ones(7)) || !strings.Contains(posts[0].text, "7 moves") {
			t.Errorf("the moves are named %v times in\n%s", got, posts[0].text)
		}
		for id := range int64(280) {
			if c := q.get(id + 1); c.State != store.StateSent || c.MessageID == "" {
				t.Fatalf("delivery %d is %s", c.ID, c.State)
			}
		}
		if start := q.get(1).CreatedAt; posts[0].at.Sub(start) > 2100*time.Millisecond {
			t.Errorf("the message came after %v", posts[0].at.Sub(start))
		}
	})
}

func TestAFewComeOneByOneAndSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{encode: everything}
		start := time.Now()
		for move := range int64(4) {
			q.owe(place(store.Discord, 1), move+1)
		}
		play(t, 10*time.Second, q, s, bursts)
		posts := s.sent("")
		if len(posts) != 4 || posts[3].at.Sub(start) > 4*time.Second || !slices.Equal(tells(posts, 4), ones(4)) {
			t.Errorf("the posts are %+v", posts)
		}
	})
}

func TestABurstThatGrowsIsLetComeToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s, o := &fakeQueue{}, &fakeSender{encode: everything}, bursts
		o.Poll = 2 * time.Second // nobody else tells of the last ones
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, o)
		start := time.Now()
		for move := range int64(12) {
			q.owe(place(store.Discord, 1), move+1)
			<-time.After(100 * time.Millisecond)
		}
		<-time.After(10 * time.Second)
		stop()
		posts := s.sent("")
		if len(posts) != 1 && len(posts) != 2 || !slices.Equal(tells(posts, 12), ones(12)) || posts[len(posts)-1].at.Sub(start) > 4*time.Second {
			t.Errorf("%d posts name the moves %v times, the last after %v", len(posts), tells(posts, 12), posts[len(posts)-1].at.Sub(start))
		}
	})
}

func TestWhatWasHeldIsCaughtUpInOneMessage(t *testing.T) {
	berlin := store.Quiet{From: 20 * 60, To: 8 * 60, Zone: "Europe/Berlin", CatchUp: true}
	evening := time.Date(2000, 1, 1, 21, 0, 0, 0, time.UTC) // synctest's clock starts at midnight of that day
	for name, tc := range map[string]struct {
		silence func(c *store.Claimed)
		end     time.Time
		posts   int
		state   store.State
	}{
		"a mute":      {func(c *store.Claimed) { c.MutedUntil = evening.Add(5 * time.Hour) }, evening.Add(5 * time.Hour), 1, store.StateSent},
		"quiet hours": {func(c *store.Claimed) { c.Place.Quiet = berlin }, evening.Add(10 * time.Hour), 1, store.StateSent},
		"both, until the later end": {func(c *store.Claimed) {
			c.Place.Quiet, c.MutedUntil = berlin, evening.Add(5*time.Hour)
		}, evening.Add(10 * time.Hour), 1, store.StateSent},
		"a mute that wants nothing caught up": {func(c *store.Claimed) {
			c.MutedUntil, c.MuteDrops = evening.Add(5*time.Hour), true
		}, evening, 0, store.StateCancelled},
		"quiet hours that want nothing caught up": {func(c *store.Claimed) {
			c.Place.Quiet = berlin
			c.Place.Quiet.CatchUp = false
		}, evening, 0, store.StateCancelled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, s := &fakeQueue{}, &fakeSender{encode: everything}
				<-time.After(time.Until(evening))
				for move := range int64(3) {
					q.change(q.owe(place(store.Discord, 1), move+1), tc.silence)
				}
				tests := q.owe(place(store.Discord, 1), 0)
				q.change(tests, func(c *store.Claimed) { c.Kind = store.DeliveryTest; tc.silence(c) })
				stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
				<-time.After(time.Minute)
				if posts := s.sent(""); len(posts) != 1 || q.get(tests).State != store.StateSent {
					t.Errorf("during the silence came %+v", posts)
				}
				<-time.After(13 * time.Hour)
				stop()
				posts := s.sent("")[1:]
				if len(posts) != tc.posts {
					t.Fatalf("when it ended came %+v", posts)
				}
				if tc.posts > 0 && (!slices.Equal(tells(posts, 3), ones(3)) || !strings.Contains(posts[0].text, "While alerts were held: 3 moves")) {
					t.Errorf("the catch-up reads\n%s", posts[0].text)
				}
				if tc.posts > 0 && (posts[0].at.Before(tc.end) || posts[0].at.Sub(tc.end) > 2*time.Second) {
					t.Errorf("it came at %s, want it at %s", posts[0].at, tc.end)
				}
				for id := range int64(3) {
					if c := q.get(id + 1); c.State != tc.state {
						t.Errorf("delivery %d is %s for %q", c.ID, c.State, c.Reason)
					}
				}
			})
		})
	}
}

func TestACatchUpLeavesOutWhatWasTakenBack(t *testing.T) {
	for name, tc := range map[string]struct {
		taken []int64
		want  []int
	}{"some": {[]int64{1, 3}, []int{0, 1, 0, 1}}, "all but one": {[]int64{1, 2, 3}, []int{0, 0, 0, 1}}, "all": {[]int64{1, 2, 3, 4}, []int{0, 0, 0, 0}}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, s := &fakeQueue{}, &fakeSender{encode: func(m notify.Message) (notify.Body, error) {
					b, err := everything(m)
					b.Content = []byte(strings.ReplaceAll(string(b.Content), " <", "  <")) // a title ends with a space
					return b, err
				}}
				for move := range int64(4) {
					q.change(q.owe(place(store.Discord, 1), move+1), func(c *store.Claimed) { c.MutedUntil = time.Now().Add(time.Hour) })
				}
				stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{})
				<-time.After(time.Minute)
				for _, id := range tc.taken {
					q.change(id, func(c *store.Claimed) { c.Retracted = true })
				}
				<-time.After(2 * time.Hour)
				stop()
				if posts := s.sent(""); !slices.Equal(tells(posts, 4), tc.want) || len(posts) > 1 {
					t.Errorf("the posts are %+v", posts)
				}
				for _, id := range tc.taken {
					if c := q.get(id); c.State != store.StateCancelled {
						t.Errorf("what was taken back is %s", c.State)
					}
				}
			})
		})
	}
}

func TestWhoeverJoinedStaysThroughRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		tries := 0
		s := &fakeSender{encode: everything}
		s.answer = func(context.Context, notify.Envelope) (notify.Receipt, error) {
			if tries++; tries == 1 {
				q.owe(place(store.Discord, 1), 7) // comes too late for this message
				return notify.Receipt{}, errors.New("502 Bad Gateway")
			}
			return notify.Receipt{MessageID: "m"}, nil
		}
		for move := range int64(6) {
			q.owe(place(store.Discord, 1), move+1)
		}
		play(t, time.Minute, q, s, bursts)
		posts := s.sent("")
		if len(posts) != 3 || posts[0].text != posts[1].text || !slices.Equal(tells(posts[1:], 7), ones(7)) {
			t.Errorf("the posts are %+v", posts)
		}
	})
}

func TestAMessageOfManyThatArrivedInDoubtTellsOfThemAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		s := &fakeSender{encode: everything}
		s.answer = func(_ context.Context, e notify.Envelope) (notify.Receipt, error) {
			if len(s.sent("")) > 1 {
				return notify.Receipt{MessageID: "m2"}, nil
			}
			q.owe(place(store.Discord, 1), 7)
			s.arrive(e, "m1")
			return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "the answer was lost"}
		}
		for move := range int64(6) {
			q.owe(place(store.Discord, 1), move+1)
		}
		play(t, time.Minute, q, s, bursts)
		if posts := s.sent(""); len(posts) != 2 || !slices.Equal(tells(posts, 7), ones(7)) {
			t.Errorf("the posts are %+v", posts)
		}
		for id := range int64(6) {
			if c := q.get(id + 1); c.State != store.StateSent || c.MessageID != "m1" {
				t.Errorf("delivery %d is %s as %q", c.ID, c.State, c.MessageID)
			}
		}
	})
}

// TestOneThatIsRefusedTakesNoOtherWithIt has a platform refuse whatever tells of
// one move.
func TestOneThatIsRefusedTakesNoOtherWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{encode: everything}
		s.answer = func(context.Context, notify.Envelope) (notify.Receipt, error) {
			posts := s.sent("")
			if strings.Contains(posts[len(posts)-1].text, "Move 3 ") {
				return notify.Receipt{}, &notify.Failure{Kind: notify.Permanent, Reason: "refused"}
			}
			return notify.Receipt{MessageID: "m"}, nil
		}
		for move := range int64(7) {
			q.owe(place(store.Discord, 1), move+1)
		}
		play(t, time.Minute, q, s, bursts)
		for id := range int64(7) {
			want := store.StateSent
			if id+1 == 3 {
				want = store.StateFailed
			}
			if c := q.get(id + 1); c.State != want {
				t.Errorf("delivery %d is %s for %q", c.ID, c.State, c.Reason)
			}
		}
	})
}
