package store

import "time"

// Snapshot is a project's velocity at the end of a UTC day, as it was told then.
// It is written once and never changes, whatever becomes of the moves.
type Snapshot struct {
	ProjectID int64
	Day       time.Time // midnight, UTC, at which the day begins
	Score     float64   // computed, unrounded, 0 to 10
	// Filled says that nobody wrote it that day, so it was worked out later from
	// the moves.
	Filled bool
}

// Turn is a change of momentum that somebody may want to hear of.
type Turn string

// The turns.
const (
	TurnSurging Turn = "surging" // it got much faster within a week
	TurnAwake   Turn = "awake"   // it moved again after a long silence
	TurnQuiet   Turn = "quiet"   // it has not moved for long, after it did
)

// Momentum is where a project's momentum stands, and when each turn was told
// last.
type Momentum struct {
	ProjectID int64
	// Version is 0 for a project of which nothing is kept yet.
	Version  int64
	Surging  bool
	Quiet    bool
	SurgedAt time.Time
	WokeAt   time.Time
	QuietAt  time.Time
}

// Turning is a turn that a project took, which is told to whoever follows its
// trend.
type Turning struct {
	ID        int64
	ProjectID int64
	Turn      Turn
	At        time.Time // when it was noticed; it is told once of each day
	// Silent is how many days no move came: until now where it went quiet, before
	// the move that woke it.
	Silent int
	MoveID int64 // what woke it, or the last before it went quiet
}

// TurningExpansion tells one chunk of places of a turn.
type TurningExpansion struct {
	Turning  Turning
	Project  Project
	Now      time.Time // when the deliveries become due
	GiveUpAt time.Time // when they are given up
	Chunk    int       // how many places at most, in one transaction
}
