package deliver

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/chart"
	"sparkbot/store"
)

// TestChangesOfTrendArePartOfACatchUp holds turns and moves together; without a
// silence a turn beside a burst of moves stays a message of its own.
func TestChangesOfTrendArePartOfACatchUp(t *testing.T) {
	for name, tc := range map[string]struct {
		first bool // the turn is the oldest
		muted bool
		posts int
	}{"behind the moves": {muted: true, posts: 1}, "in front of them": {first: true, muted: true, posts: 1}, "in a burst": {posts: 2}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, s := &fakeQueue{}, &fakeSender{encode: everything}
				turn := func() {
					q.change(q.owe(place(store.Discord, 1), 0), func(c *store.Claimed) { c.Kind, c.TurningID, c.Revision = store.DeliveryTrend, 3, 0 })
				}
				if tc.first {
					turn()
				}
				for move := range int64(5) {
					q.owe(place(store.Discord, 1), move+1)
				}
				if !tc.first {
					turn()
				}
				for id := range int64(6) {
					q.change(id+1, func(c *store.Claimed) {
						if tc.muted {
							c.MutedUntil = time.Now().Add(time.Hour)
						}
					})
				}
				play(t, 2*time.Hour, q, s, bursts)
				posts := s.sent("")
				if len(posts) != tc.posts || !slices.Equal(tells(posts[:1], 5), ones(5)) {
					t.Fatalf("the posts are %+v", posts)
				}
				if text := posts[0].text; strings.Contains(text, "is surging") != tc.muted || tc.muted && !strings.Contains(text, "While alerts were held: 5 moves, 1 change of trend") {
					t.Errorf("the first reads\n%s", text)
				}
				for id := range int64(6) {
					if c := q.get(id + 1); c.State != store.StateSent {
						t.Errorf("delivery %d is %s for %q", c.ID, c.State, c.Reason)
					}
				}
			})
		})
	}
}

// TestManyTurnsAreOneMessage has thirty projects turn on one day: a place that
// follows them all reads of them in one message, and of three each with its picture.
func TestManyTurnsAreOneMessage(t *testing.T) {
	for turns, want := range map[int]int{30: 1, 3: 3} {
		t.Run(fmt.Sprint(turns), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, s := &fakeQueue{}, &fakeSender{encode: everything}
				for i := range turns {
					q.change(q.owe(place(store.Discord, 1), 0), func(c *store.Claimed) {
						c.Kind, c.TurningID, c.Revision = store.DeliveryTrend, int64(i+1), 0
					})
				}
				spark := q.owe(place(store.Discord, 1), 1)
				play(t, time.Minute, q, s, bursts)
				posts := s.sent("")
				if len(posts) != want+1 {
					t.Fatalf("there are %d posts: %+v", len(posts), posts)
				}
				if text := posts[0].text; want == 1 && !strings.Contains(text, "30 changes of trend") || want > 1 && strings.Contains(text, "changes of trend") {
					t.Errorf("the first reads\n%s", text)
				}
				for id := range int64(turns) {
					if c := q.get(id + 1); c.State != store.StateSent {
						t.Errorf("turn %d is %s for %q", id+1, c.State, c.Reason)
					}
				}
				if c := q.get(spark); c.State != store.StateSent {
					t.Errorf("the move behind them is %s for %q", c.State, c.Reason)
				}
			})
		})
	}
}

// TestWordsGoWithoutAPictureThatFails owes a digest and a trend whose numbers
// cannot be drawn: both are posted, at the first attempt, and the log says what
// they came without.
func TestWordsGoWithoutAPictureThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, pictures := &fakeQueue{}, 0
		s := &fakeSender{encode: func(m notify.Message) (notify.Body, error) {
			for _, b := range m.Blocks {
				if _, is := b.(notify.Picture); is {
					pictures++
				}
			}
			return notify.Body{Content: []byte(m.Fallback)}, nil
		}}
		past := []store.Snapshot{{ProjectID: 1, Day: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -10), Score: math.NaN()}}
		week := q.oweDigest(place(store.Discord, 1), 4)
		turn := q.owe(place(store.Discord, 2), 0)
		q.change(turn, func(c *store.Claimed) { c.Kind, c.TurningID, c.Revision = store.DeliveryTrend, 3, 0 })
		var log bytes.Buffer
		o := Options{Digests: &fakeDigests{}, Studio: chart.New(), Log: slog.New(slog.NewTextHandler(&log, nil))}
		stop := beginWith(t, q, &fakeLibrary{past: past}, map[store.Platform]Sender{store.Discord: s}, o)
		<-time.After(time.Minute)
		stop()
		for id, begins := range map[int64]string{week: "Weekly digest", turn: "Session is surging"} {
			c := q.get(id)
			if c.State != store.StateSent || c.Attempt != 1 {
				t.Errorf("%s is %s after %d attempts for %q", begins, c.State, c.Attempt, c.Reason)
			}
			if !slices.ContainsFunc(s.sent(""), func(p post) bool { return strings.HasPrefix(p.text, begins) }) {
				t.Errorf("no message begins with %q", begins)
			}
		}
		if pictures != 0 || !strings.Contains(log.String(), "a digest goes without its picture") || !strings.Contains(log.String(), "a project could not be drawn") {
			t.Errorf("%d pictures were drawn, and the log says\n%s", pictures, log.String())
		}
	})
}
