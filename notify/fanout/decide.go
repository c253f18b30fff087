package fanout

import (
	"time"

	"sparkbot/store"
)

// Decide says which events a change is, and whether it edits what was posted. A
// change reaches the subscriptions that chose at least one of the events; with
// neither it concerns nobody.
//
// A stored move is told to those who follow moves, and a spark also to those
// who follow sparks. A spark turned on later is told to those who follow sparks
// alone, because the others heard of the move when it was stored; their message is
// edited. So is every message of a move that was edited, retracted, or stored again
// after a retraction, however long ago that was posted.
//
// A move that happened more than maxAge before now is history and is news to
// nobody, however late it was stored; a move dated in the future is news. Once
// the first places were told (the cursor has moved), age no longer matters, so
// that a restart in the middle cannot split the places into two halves.
func Decide(c store.Change, now time.Time, maxAge time.Duration) (events store.Events, edit bool) {
	switch c.Kind {
	case store.ChangeStored:
		if events = store.Moves; c.Move.Spark {
			events |= store.Sparks
		}
		edit = c.Move.Revision > 1 || c.Move.Retracted()
	case store.ChangeSparked:
		if c.Move.Spark {
			events = store.Sparks
		}
		edit = true
	case store.ChangeEdited, store.ChangeRetracted:
		edit = true
	}
	begun := c.Cursor > 0
	if c.Move.Retracted() || !begun && now.Sub(c.Move.OccurredAt) > maxAge {
		events = store.NoEvents
	}
	return events, edit
}
