package fanout

import (
	"time"

	"sparkbot/store"
)

// Decide says which events a change is, and whether anybody is told. A change
// reaches the subscriptions that chose at least one of the events.
//
// A stored move is told to those who follow moves, and a spark also to those
// who follow sparks. A spark turned on later is told to those who follow sparks
// alone, because the others heard of the move when it was stored. Edits and
// retractions are told to nobody: they concern messages already posted.
//
// A move that happened more than maxAge before now is history and concerns
// nobody, however late it was stored; a move dated in the future is news. Once
// the first places were told (the cursor has moved), age no longer matters, so
// that a restart in the middle cannot split the places into two halves.
func Decide(c store.Change, now time.Time, maxAge time.Duration) (events store.Events, tell bool) {
	if c.Move.Retracted() {
		return store.NoEvents, false
	}
	if begun := c.Cursor > 0; !begun && now.Sub(c.Move.OccurredAt) > maxAge {
		return store.NoEvents, false
	}
	switch {
	case c.Kind == store.ChangeStored && c.Move.Spark:
		return store.Sparks | store.Moves, true
	case c.Kind == store.ChangeStored:
		return store.Moves, true
	case c.Kind == store.ChangeSparked && c.Move.Spark:
		return store.Sparks, true
	default:
		return store.NoEvents, false
	}
}
