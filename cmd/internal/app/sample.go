package app

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"time"

	"sparkbot/store"
	"sparkbot/store/ingest"
	"sparkbot/store/sqlstore"
)

// sampleJSON is an import document as it would have been on sampleDay. Session
// is told in our own words; the other projects' moves are their real releases.
//
//go:embed sample/projects.json
var sampleJSON []byte

// sampleDay is the day the sample was drawn up.
var sampleDay = time.Date(2026, time.August, 10, 0, 0, 0, 0, time.UTC)

// importSample stores the sample as if it had been drawn up today, so that the
// demo never looks stale.
func importSample(ctx context.Context, db *sqlstore.Store, now time.Time) (ingest.Summary, error) {
	today := now.UTC().Truncate(24 * time.Hour)
	var sum ingest.Summary
	err := db.Import(ctx, func(tx *sqlstore.Import) (err error) {
		sum, err = ingest.Read(ctx, bytes.NewReader(sampleJSON), shifted{tx, today.Sub(sampleDay)}, nil)
		return err
	})
	if err != nil {
		return sum, fmt.Errorf("import the sample projects: %w", err)
	}
	return sum, nil
}

// importFile stores the import document in a file; - is standard input.
func importFile(ctx context.Context, db *sqlstore.Store, name string) (ingest.Summary, error) {
	file := os.Stdin
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return ingest.Summary{}, fmt.Errorf("import: %w", err)
		}
		defer func() { _ = opened.Close() }()
		file = opened
	}
	sum, err := Import(ctx, db, file)
	if err != nil {
		return sum, fmt.Errorf("import %s: %w; nothing of it was stored", name, err)
	}
	return sum, nil
}

// shifted moves every move by a whole number of days on its way to the store.
type shifted struct {
	ingest.Writer
	by time.Duration
}

func (s shifted) PutMoves(ctx context.Context, projectID int64, moves []store.Move) (added, edited int, err error) {
	for i := range moves {
		moves[i].OccurredAt = moves[i].OccurredAt.Add(s.by)
	}
	return s.Writer.PutMoves(ctx, projectID, moves)
}
