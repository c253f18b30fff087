package digest

import (
	"context"
	"time"

	"sparkbot/store"
)

// close ends the week of every place that is due, a chunk in a transaction. All
// of them share one end and one last notice, so that those which follow the same
// share an edition.
func (c *Calendar) close(ctx context.Context, now time.Time) error {
	notices, err := c.store.Notices(ctx)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		due, err := c.store.DueDigests(ctx, now, c.o.Chunk)
		if err != nil || len(due) == 0 {
			return err
		}
		batch := newBatch(c, now, notices, len(due))
		for _, d := range due {
			batch.add(d)
		}
		closed, owed, err := c.store.CloseDigests(ctx, now, now.Add(c.o.GiveUpAfter), batch.editions, batch.closings)
		if err != nil {
			return err
		}
		c.o.Log.Info("weeks are closed", "places", closed, "digests", owed, "editions", len(batch.editions), "took", c.o.Now().Sub(now))
		for _, d := range batch.late {
			c.o.Log.Warn("a digest is left out, because it would come a day late or more; what it would have told is in the next",
				"place", d.PlaceID, "due", d.NextAt, "schedule", d.Schedule.String())
		}
		if closed == 0 || len(due) < c.o.Chunk {
			break
		}
	}
	_, err = c.store.PruneEditions(ctx, now.Add(-keepEditions))
	return err
}

// batch gathers what one transaction closes.
type batch struct {
	of       *Calendar
	now      time.Time
	notices  int64
	editions []store.Edition
	closings []store.Closing
	late     []store.Due
	index    map[store.Edition]int
	next     map[upcoming]time.Time
}

// upcoming is all that the next time depends on.
type upcoming struct {
	schedule store.Schedule
	since    time.Time
}

func newBatch(c *Calendar, now time.Time, notices int64, size int) *batch {
	return &batch{
		of: c, now: now, notices: notices, closings: make([]store.Closing, 0, size),
		index: map[store.Edition]int{}, next: map[upcoming]time.Time{},
	}
}

// add decides about one place.
func (b *batch) add(d store.Due) {
	closing := store.Closing{PlaceID: d.PlaceID, Due: d.NextAt, Edition: -1, Since: d.Since, Seen: d.Seen}
	edition, what := decide(d, b.now, b.notices)
	switch what {
	case sent:
		i, known := b.index[edition]
		if !known {
			i = len(b.editions)
			b.index[edition] = i
			b.editions = append(b.editions, edition)
		}
		closing.Edition, closing.Since, closing.Seen = i, edition.End, edition.UpTo
	case tooLate:
		b.late = append(b.late, d)
	case unwanted: // the clock goes on
	}
	d.Since = closing.Since
	key := upcoming{d.Schedule, d.Since.UTC()}
	next, known := b.next[key]
	if !known {
		next = b.of.next(d.Digest, b.now)
		b.next[key] = next
	}
	closing.NextAt = next
	b.closings = append(b.closings, closing)
}
