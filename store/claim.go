package store

import (
	"errors"
	"time"
)

// ErrBusy says that another process is expanding the same change.
var ErrBusy = errors.New("another process has it")

// Expansion tells one chunk of places about a change.
type Expansion struct {
	Change  Change
	Project Project
	// Events are those of which a subscription must have at least one; with none,
	// nobody is told.
	Events Events
	// Edit owes an edit to the places whose message shows an earlier revision.
	Edit     bool
	Now      time.Time // when the deliveries become due
	GiveUpAt time.Time // when they are given up
	Chunk    int       // how many places at most, in one transaction
	// Take are the platforms whose new alerts the caller sends at once: where nothing
	// else of their place is open they are claimed as they are owed, for Lease.
	// Nobody's turn is lost by it, and a third of the database's work is.
	Take  []Platform
	Lease time.Duration
	// TakeFull takes only from a chunk that is full. What few hear of stays in the
	// queue, which tells a burst together.
	TakeFull bool
}

// Expanded is what came of an Expansion.
type Expanded struct {
	Owed    int       // deliveries, the claimed ones among them
	Done    bool      // nobody is left to tell
	Claimed []Claimed // by the caller
}

// ClaimRequest asks for deliveries to send.
type ClaimRequest struct {
	Platforms []Platform // only places on these
	Now       time.Time
	Lease     time.Duration // how long the worker has to settle
	Limit     int
	// Company has each claimed alert come with the other open ones of its place.
	Company bool
	// SkipPlaces and SkipWorkspaces are throttled at present.
	SkipPlaces     []int64
	SkipWorkspaces []Workspace
	// Early has places claimed for that rest still, for no longer than this: whoever
	// claims waits for the end, which Claimed.RestUntil tells.
	Early time.Duration
}
