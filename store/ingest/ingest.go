// Package ingest turns documents and HTTP writes into projects and moves, and the
// store back into such documents.
//
// It reads, checks and names the place of every mistake, in the same words
// whichever way a document came. It opens no file and begins no transaction of its
// own: whoever calls Read, and the Store behind an API, keeps what was written only
// when all of it succeeded, so that of a bad document nothing is stored.
package ingest

import (
	"context"
	"fmt"

	"sparkbot/store"
)

// Writer keeps what was read. Both methods are idempotent.
type Writer interface {
	PutProject(ctx context.Context, p store.Project) (id int64, put store.Put, err error)
	PutMoves(ctx context.Context, projectID int64, moves []store.Move) (added, edited int, err error)
}

// Summary counts what a document came to.
type Summary struct {
	ProjectsCreated, ProjectsUpdated, ProjectsUnchanged int
	MovesAdded, MovesEdited, MovesUnchanged             int
}

// Projects is how many projects were read.
func (s Summary) Projects() int { return s.ProjectsCreated + s.ProjectsUpdated + s.ProjectsUnchanged }

// Moves is how many moves were read.
func (s Summary) Moves() int { return s.MovesAdded + s.MovesEdited + s.MovesUnchanged }

// String tells the summary in one line.
func (s Summary) String() string {
	return fmt.Sprintf("%d projects (%d new, %d changed), %d moves (%d new, %d changed)",
		s.Projects(), s.ProjectsCreated, s.ProjectsUpdated, s.Moves(), s.MovesAdded, s.MovesEdited)
}

// Error is a mistake in a document: where it stands and what is allowed there.
type Error struct {
	Path   string // such as projects[1].moves[0].title; empty for the document as a whole
	Reason string
	cause  error // nil: store.ErrInvalid
}

// Error gives the path and the reason.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// Unwrap says that the mistake is in the data, not in the store.
func (e *Error) Unwrap() error {
	if e.cause != nil {
		return e.cause
	}
	return store.ErrInvalid
}

// errUnreadable marks a document that is no JSON.
var errUnreadable = fmt.Errorf("unreadable: %w", store.ErrInvalid)

func wrong(path, format string, args ...any) error {
	return &Error{Path: path, Reason: fmt.Sprintf(format, args...)}
}
