package app

import (
	"context"
	"io"

	"sparkbot/store/ingest"
	"sparkbot/store/sqlstore"
)

// Importer is a store that keeps an import as a whole or not at all.
type Importer interface {
	Import(ctx context.Context, do func(*sqlstore.Import) error) error
}

// Import stores the document r holds, all of it or nothing.
func Import(ctx context.Context, db Importer, r io.Reader) (ingest.Summary, error) {
	var sum ingest.Summary
	err := db.Import(ctx, func(tx *sqlstore.Import) (err error) {
		sum, err = ingest.Read(ctx, r, tx, nil)
		return err
	})
	return sum, err
}
