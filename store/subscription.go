package store

import (
	"strings"
	"time"
)

// TargetKind says what a subscription is about.
type TargetKind string

// A subscription is about one project, a category, a tag, or everything.
const (
	TargetProject    TargetKind = "project"
	TargetCategory   TargetKind = "category"
	TargetTag        TargetKind = "tag"
	TargetEverything TargetKind = "everything"
)

// Target is what a subscription is about. Value is a project's slug, a category
// or a tag; it is empty for everything. Categories and tags match without
// regard to case.
type Target struct {
	Kind  TargetKind
	Value string
}

// String gives the target as the command grammar writes it: a bare slug,
// category:COMMS, tag:privacy or everything.
func (t Target) String() string {
	switch t.Kind {
	case TargetProject:
		return t.Value
	case TargetEverything:
		return string(TargetEverything)
	default:
		return string(t.Kind) + ":" + t.Value
	}
}

// Events is a set of the things a subscription wants to hear of.
type Events uint8

// The events a subscription can choose.
const (
	Sparks   Events = 1 << iota // alerts for moves marked as sparks
	Moves                       // alerts for every move
	Trends                      // a project starts to surge, wakes or goes quiet
	Digests                     // the weekly velocity digest
	NoEvents Events = 0
	// DefaultEvents are those of a subscription made without a choice.
	DefaultEvents = Sparks | Digests
	// AllEvents is every event there is.
	AllEvents = Sparks | Moves | Trends | Digests
)

var eventNames = []struct {
	event Events
	name  string
}{{Sparks, "sparks"}, {Moves, "moves"}, {Trends, "trend"}, {Digests, "digest"}}

// Has reports whether every event of want is in e.
func (e Events) Has(want Events) bool { return e&want == want }

// Names gives the events as the command grammar writes them, in its order.
func (e Events) Names() []string {
	var names []string
	for _, n := range eventNames {
		if e.Has(n.event) {
			names = append(names, n.name)
		}
	}
	return names
}

// String joins Names with a comma.
func (e Events) String() string { return strings.Join(e.Names(), ", ") }

// ParseEvent gives the event with the grammar's name, and false for any other
// word.
func ParseEvent(name string) (Events, bool) {
	for _, n := range eventNames {
		if n.name == name {
			return n.event, true
		}
	}
	return NoEvents, false
}

// Subscription is a place's wish to hear of a target. A place has at most one
// subscription for a target.
type Subscription struct {
	ID      int64
	PlaceID int64
	Target  Target
	Except  []string // slugs left out; sorted; only of a category, tag or everything
	Events  Events
	// Role is the id of the Discord role mentioned with an alert, or empty.
	Role      string
	CreatedBy string // the platform's id of the member who asked
	// Since is when the subscription began, by the database's clock. What was
	// stored before it is never alerted.
	Since time.Time
}

// Listing is a subscription together with the place that holds it.
type Listing struct {
	Place        Place
	Subscription Subscription
}

// Mute silences alerts at a place until a time: of one project, or of all when
// ProjectID is 0. What would have been sent is held until then.
type Mute struct {
	PlaceID   int64
	ProjectID int64
	Until     time.Time
	// CatchUp says that what was held is told in one message when the mute ends;
	// without it, it is dropped.
	CatchUp bool
}
