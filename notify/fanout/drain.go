package fanout

import (
	"context"
	"errors"
	"fmt"

	"sparkbot/store"
)

// telling is a change that somebody hears of, as which events, and whether it
// edits what was posted.
type telling struct {
	change  store.Change
	project store.Project
	events  store.Events
	edit    bool
	burst   bool // one of many that are told together
}

// Drain works off the outbox until it is empty, or until what is left is in the
// hands of another replica, and gives the number of deliveries now owed. What
// was done before an error stays done.
func (f *Fanout) Drain(ctx context.Context) (n int, err error) {
	for ctx.Err() == nil {
		changes, err := f.store.Changes(ctx, batch)
		if err != nil {
			return n, fmt.Errorf("read the changes of moves: %w", err)
		}
		if len(changes) == 0 {
			return n, nil
		}
		added, err := f.drainBatch(ctx, changes)
		n += added
		if errors.Is(err, store.ErrBusy) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, ctx.Err()
}

// drainBatch drops what concerns nobody in one go, so that an import of a
// hundred thousand old moves passes quickly, and tells the rest in order.
func (f *Fanout) drainBatch(ctx context.Context, changes []store.Change) (n int, err error) {
	told, dropped, err := f.sort(ctx, changes)
	if err != nil {
		return 0, err
	}
	if len(dropped) > 0 {
		if err := f.store.FinishChanges(ctx, dropped); err != nil {
			return 0, fmt.Errorf("drop %d changes that concern nobody: %w", len(dropped), err)
		}
	}
	news := 0
	for _, t := range told {
		if t.events != store.NoEvents {
			news++
		}
	}
	for _, t := range told {
		t.burst = f.o.Burst > 0 && news > f.o.Burst
		added, err := f.tell(ctx, t)
		n += added
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// sort separates the changes to tell, in order, from those to drop. A change
// whose project was deleted meanwhile has nothing left to be told of.
func (f *Fanout) sort(ctx context.Context, changes []store.Change) (told []telling, dropped []int64, err error) {
	projects := map[int64]store.Project{}
	concerned, dropped, err := f.concerned(ctx, changes)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range concerned {
		c := t.change
		p, known := projects[c.Move.ProjectID]
		if !known {
			p, err = f.store.Project(ctx, c.Move.ProjectID)
			if errors.Is(err, store.ErrNotFound) {
				dropped = append(dropped, c.ID)
				continue
			}
			if err != nil {
				return nil, nil, fmt.Errorf("read the project of move %d: %w", c.Move.ID, err)
			}
			projects[c.Move.ProjectID] = p
		}
		t.project = p
		told = append(told, t)
	}
	return told, dropped, nil
}

// concerned separates the changes that concern somebody from those to drop: a
// change that is no news matters only to messages that tell of its move.
func (f *Fanout) concerned(ctx context.Context, changes []store.Change) (concerned []telling, dropped []int64, err error) {
	var edited []int64
	now := f.o.Now()
	all := make([]telling, len(changes))
	for i, c := range changes {
		all[i].change = c
		if all[i].events, all[i].edit = Decide(c, now, f.o.MaxAge); all[i].edit {
			edited = append(edited, c.Move.ID)
		}
	}
	told := map[int64]bool{}
	if len(edited) > 0 {
		if told, err = f.store.Heard(ctx, edited); err != nil {
			return nil, nil, fmt.Errorf("read which moves were told: %w", err)
		}
	}
	for _, t := range all {
		t.edit = t.edit && told[t.change.Move.ID]
		if t.edit || t.events != store.NoEvents {
			concerned = append(concerned, t)
		} else {
			dropped = append(dropped, t.change.ID)
		}
	}
	return concerned, dropped, nil
}

// tell expands one change chunk by chunk, to its end or until ctx ends, another
// replica has it (store.ErrBusy) or the database fails.
func (f *Fanout) tell(ctx context.Context, t telling) (n int, err error) {
	start, handed := f.o.Now(), 0
	chunk := small
	for done, begun := false, t.change.Cursor > 0; !done; begun = true {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		var x store.Expanded
		x, chunk, err = f.expand(ctx, t, chunk, begun)
		n, handed, done = n+x.Owed, handed+len(x.Claimed), x.Done
		if x.Owed > len(x.Claimed) {
			f.o.Wake()
		}
		if err != nil {
			return n, fmt.Errorf("tell of move %d (change %d): %w", t.change.Move.ID, t.change.ID, err)
		}
	}
	f.o.Log.Info("a move is told", "project", t.project.Slug, "move", t.change.Move.ID,
		"kind", t.change.Kind, "events", t.events.String(), "edit", t.edit, "messages", n, "handed", handed, "took", f.o.Now().Sub(start))
	return n, nil
}

// expand tells one chunk. A change that is no longer there was finished by
// another replica.
//
// The first chunk is small, so that the first message does not wait for it, and so is
// one beside which others go first. Each of the others may be twice as large as the one
// before, so that nobody who sends waits for a large one with nothing to send. One that
// is full is handed over as it is owed, where whoever sends has room. What few hear of is
// left to the queue, and so is a burst, which the queue tells together. next is how large
// the next one may be.
func (f *Fanout) expand(ctx context.Context, t telling, chunk int, begun bool) (x store.Expanded, next int, err error) {
	if f.o.Yield(ctx) {
		chunk = small
	}
	e := store.Expansion{
		Change: t.change, Project: t.project, Events: t.events, Edit: t.edit, Chunk: min(chunk, f.o.Chunk),
	}
	var room Room
	if !t.burst && !t.edit {
		if room = f.o.Reserve(ctx, e.Chunk, begun); len(room.Platforms) > 0 {
			e.Chunk, e.Take, e.Lease, e.TakeFull = room.Claims, room.Platforms, room.Lease, !begun
		}
	}
	now := f.o.Now()
	if e.Now = now; t.burst {
		e.Now = now.Add(gather)
	}
	e.GiveUpAt = now.Add(f.o.GiveUpAfter)
	x, err = f.store.Expand(ctx, e)
	if len(room.Platforms) > 0 {
		room.Take(x.Claimed)
	}
	if errors.Is(err, store.ErrNotFound) {
		return store.Expanded{Done: true}, 0, nil
	}
	return x, 2 * e.Chunk, err
}
