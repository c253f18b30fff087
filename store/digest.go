package store

import (
	"encoding/json"
	"fmt"
	"time"
)

// Schedule says when a place's weekly digest comes.
type Schedule struct {
	Weekday time.Weekday
	Minute  int    // after local midnight, 0 to 1439
	Zone    string // an IANA name such as Europe/Berlin
}

// DefaultSchedule is that of a place where nobody chose another.
var DefaultSchedule = Schedule{Weekday: time.Monday, Minute: 9 * 60, Zone: "UTC"}

// String gives the schedule as it is typed in a command: mon 09:00 Europe/Berlin.
func (s Schedule) String() string {
	return fmt.Sprintf("%s %02d:%02d %s", [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}[s.Weekday], s.Minute/60, s.Minute%60, s.Zone)
}

// Digest is a place's wish for a weekly digest and how far the last one reached.
type Digest struct {
	PlaceID  int64
	Schedule Schedule
	Off      bool
	// SkipQuiet leaves out a week in which nothing moved; without it one line says
	// so.
	SkipQuiet bool
	// NextAt is when the present week closes; zero while that was not worked out
	// yet, and while the digest is off.
	NextAt time.Time
	// Since is when the last digest's window ended, and zero before the first.
	Since time.Time
	// Seen is the last notice that a digest of this place told of. Notices number
	// the moves in the order in which they were noticed.
	Seen int64
	// Wanted reports that some subscription of the place chose the digest.
	Wanted bool
}

// Due is a digest whose time has come, with the place's subscriptions that
// chose it.
type Due struct {
	Digest
	// Gone reports that the platform no longer has the place.
	Gone bool
	// Follows is a JSON array of Follow, in an order of its own, so that places
	// which follow the same have the same text. Empty when nothing is followed.
	Follows string
}

// Follow is one subscription as a digest sees it.
type Follow struct {
	Kind   TargetKind `json:"kind"`
	Value  string     `json:"value,omitempty"`
	Except []string   `json:"except,omitempty"`
}

// Edition is what one digest is about: the facts it is composed from, the same
// for every place that follows the same over the same window.
type Edition struct {
	ID       int64
	Variant  Variant
	Schedule Schedule
	Follows  string // as in Due
	// Begin and End bound the window, whole minutes. First is set when no digest
	// came before, so that nothing is known to have been told.
	Begin, End time.Time
	First      bool
	// After and UpTo bound the notices the window holds: After < notice <= UpTo.
	After, UpTo int64
	SkipQuiet   bool
}

// Variant is why an edition was made.
type Variant string

// The variants of an edition.
const (
	Weekly   Variant = "weekly" // its time had come
	OnDemand Variant = "now"    // a member asked for it; it takes nothing from the weekly one
	Trial    Variant = "test"   // a member wanted to see that digests arrive
)

// Followed reads Follows.
func (e Edition) Followed() ([]Follow, error) {
	if e.Follows == "" {
		return nil, nil
	}
	var all []Follow
	if err := json.Unmarshal([]byte(e.Follows), &all); err != nil {
		return nil, fmt.Errorf("what digest edition %d follows is not readable: %w", e.ID, err)
	}
	return all, nil
}

// Closing ends a place's week. It has no effect unless the digest is still due
// at Due, so that of two processes that close it only one does.
type Closing struct {
	PlaceID int64
	Due     time.Time // Digest.NextAt as it was read
	NextAt  time.Time // when the following week closes
	// Edition is the index of what is posted, or -1 when nothing is.
	Edition int
	// Since and Seen are the digest's from now on.
	Since time.Time
	Seen  int64
}

// Told is a move as a digest window holds it.
type Told struct {
	Move
	Notice  int64 // its place in the order in which moves were noticed
	History bool  // it came with its project's first import
}
