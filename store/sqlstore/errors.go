package sqlstore

import (
	"errors"
	"fmt"

	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sparkbot/store"
)

// explain marks a driver's error as a conflict or as invalid data where it is
// one, and leaves any other as it is.
func explain(err error) error {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		switch e.Code {
		case "23505":
			return fmt.Errorf("%w: %s", store.ErrConflict, e.Detail)
		case "23502", "23503", "23514", "22P05", "22021":
			return fmt.Errorf("%w: %s", store.ErrInvalid, e.Message)
		}
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return fmt.Errorf("%w: %s", store.ErrConflict, e.Error())
		case sqlite3.SQLITE_CONSTRAINT_CHECK, sqlite3.SQLITE_CONSTRAINT_NOTNULL, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return fmt.Errorf("%w: %s", store.ErrInvalid, e.Error())
		}
	}
	return err
}
