package store

import (
	"slices"
	"strings"
	"time"
)

// LogQuery asks what became of moves and messages at a place.
type LogQuery struct {
	PlaceID   int64
	ProjectID int64     // 0: every project
	Since     time.Time // what was stored or owed before is left out
	Limit     int       // of deliveries, and of moves that were not owed
}

// LogEntry is a message that is or was owed to a place, or a move that was stored
// and not owed to it.
type LogEntry struct {
	// Delivery is zero when nothing was owed.
	Delivery Delivery
	// Move and Project are zero when the message is of no single move.
	Move    Move
	Project Project
	// Pending says that the places are being told of the move just now.
	Pending bool
	// History says that the move came with its project's first import.
	History bool
	// Known says that it was owed once, and that the record is pruned.
	Known bool
}

// At is when the entry happened.
func (e LogEntry) At() time.Time {
	if e.Delivery.ID != 0 {
		return e.Delivery.CreatedAt
	}
	return e.Move.StoredAt
}

// Covers reports whether a project is one of those the target is about, as the
// store matches them.
func (t Target) Covers(p Project) bool {
	switch t.Kind {
	case TargetEverything:
		return true
	case TargetProject:
		return t.Value == p.Slug
	case TargetCategory:
		return strings.EqualFold(t.Value, p.Category)
	case TargetTag:
		return slices.ContainsFunc(p.Tags, func(tag string) bool { return strings.EqualFold(tag, t.Value) })
	default:
		return false
	}
}

// Hears reports whether the subscription hears of a move of the project that was
// noticed at a time, as one of events.
func (s Subscription) Hears(p Project, events Events, at time.Time) bool {
	return s.Target.Covers(p) && !slices.Contains(s.Except, p.Slug) && s.Events&events != 0 && !s.Since.After(at)
}
