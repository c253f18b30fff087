package store

import "time"

// Move is one dated thing a project did.
type Move struct {
	ID        int64
	ProjectID int64
	// Key is the writer's own name for the move, unique within its project;
	// empty when the writer gave none.
	Key        string
	Title      string
	Summary    string
	SourceURL  string // http or https; unique within its project
	Spark      bool   // one of the few that matter most
	OccurredAt time.Time
	StoredAt   time.Time
	// Revision starts at 1 and is raised by the database with every edit.
	Revision int64
	// RetractedAt is zero unless the move was taken back.
	RetractedAt time.Time
}

// Retracted reports whether the move was taken back.
func (m Move) Retracted() bool { return !m.RetractedAt.IsZero() }

// ChangeKind says what happened to a stored move.
type ChangeKind string

const (
	// ChangeStored is the first time a move is seen.
	ChangeStored ChangeKind = "stored"
	// ChangeSparked is a stored move whose spark was turned on later.
	ChangeSparked ChangeKind = "sparked"
	// ChangeEdited is any other edit of what a reader sees.
	ChangeEdited ChangeKind = "edited"
	// ChangeRetracted is a move taken back.
	ChangeRetracted ChangeKind = "retracted"
)

// Change is one row of the outbox that database triggers fill when any program
// writes a move. It stays until fan-out has told every place that should hear
// of it; Cursor is how far that has come.
type Change struct {
	ID     int64
	Kind   ChangeKind
	At     time.Time // when the database noticed it
	Cursor int64     // the last place id already told
	Move   Move      // as it stands now, not as it stood when it changed
}
