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
}
