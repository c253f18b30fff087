package deliver

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/chart"
	"sparkbot/notify/digest"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// fakeDigests knows editions by number: the first has a mover, the second is a
// quiet week left out, the third is kept no more, and the fourth cannot be drawn.
type fakeDigests struct{ asked atomic.Int64 }

func (d *fakeDigests) Digest(_ context.Context, edition int64, now time.Time) (digest.Week, error) {
	d.asked.Add(1)
	w := digest.Week{Edition: store.Edition{ID: edition, Variant: store.Weekly, Schedule: store.DefaultSchedule, Begin: now.AddDate(0, 0, -7), End: now, SkipQuiet: true}, Usual: -1}
	mover := digest.Mover{
		Project: store.Project{Slug: "session", Name: "Session"}, Reading: velocity.Reading{Value: 4, Change: 1, Known: true, Trend: velocity.Surging}, Moves: 1,
	}
	w.Ranked = []*digest.Mover{&mover}
	switch edition {
	case 1:
		w.Moves, w.Moved = 1, 1
		return w, nil
	case 2:
		return w, nil
	case 4:
		w.Moves, w.Moved = 1, 1
		mover.Reading.Value = math.NaN()
		return w, nil
	default:
		return digest.Week{}, fmt.Errorf("edition %d: %w", edition, store.ErrNotFound)
	}
}

// oweDigest adds a digest to a place.
func (q *fakeQueue) oweDigest(place store.Place, edition int64) int64 {
	id := q.owe(place, 0)
	q.change(id, func(c *store.Claimed) {
		c.Kind, c.EditionID, c.Rank, c.Revision, c.GiveUpAt = store.DeliveryDigest, edition, store.RankDigest, 0, time.Now().Add(24*time.Hour)
	})
	return id
}

func TestPlacesThatShareAnEditionShareItsBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, digests := &fakeQueue{}, &fakeDigests{}
		var pictures, words atomic.Int64
		s := &fakeSender{encode: func(m notify.Message) (notify.Body, error) {
			for _, b := range m.Blocks {
				if _, ok := b.(notify.Picture); ok {
					pictures.Add(1)
				}
			}
			words.Add(1)
			return notify.Body{Content: []byte(m.Fallback)}, nil
		}}
		for i := range int64(200) {
			q.oweDigest(place(store.Discord, i+1), 1)
		}
		play(t, 30*time.Second, q, s, Options{Digests: digests, Studio: chart.New()})
		posts := s.sent("")
		if len(posts) != 200 || !strings.HasPrefix(posts[0].text, "Weekly digest") || !strings.Contains(posts[0].text, "Session made 1 move") {
			t.Fatalf("%d posts, the first %+v", len(posts), posts[:min(1, len(posts))])
		}
		if digests.asked.Load() != 1 || words.Load() != 1 || pictures.Load() != 1 {
			t.Errorf("it was ranked %d times and encoded %d times, with %d pictures", digests.asked.Load(), words.Load(), pictures.Load())
		}
	})
}

func TestADigestWithNothingToSayIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{}
		silent, gone := q.oweDigest(place(store.Discord, 1), 2), q.oweDigest(place(store.Discord, 2), 3)
		play(t, time.Minute, q, s, Options{Digests: &fakeDigests{}})
		for id, why := range map[int64]string{silent: "nothing moved", gone: "kept no more"} {
			if c := q.get(id); c.State != store.StateCancelled || !strings.Contains(c.Reason, why) || c.Attempt != 0 {
				t.Errorf("digest %d is %s after %d attempts for %q", id, c.State, c.Attempt, c.Reason)
			}
		}
		if n := len(s.sent("")); n != 0 {
			t.Errorf("%d were posted", n)
		}
	})
}

func TestAMuteDoesNotHoldADigest(t *testing.T) {
	c := &store.Claimed{Delivery: store.Delivery{Kind: store.DeliveryDigest}, MutedUntil: time.Now().Add(time.Hour)}
	if s, send := Ready(c, time.Now()); !send {
		t.Errorf("a digest in a mute ends as %+v", s)
	}
}
