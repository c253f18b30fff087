package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// CloseWorkspace disables every place of a workspace, holds what they are owed,
// and says how many there were. OpenWorkspace brings back just these.
func (s *Store) CloseWorkspace(ctx context.Context, w store.Workspace, at time.Time, reason string) (int, error) {
	var ids []int64
	err := s.within(ctx, func(tx *sqlx.Tx) (err error) {
		if ids, err = s.placesOf(ctx, tx, w, "disabled_at IS NULL"); err != nil || len(ids) == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.dialect.sql(`UPDATE places SET disabled_at = $2, disabled_reason = $3, gone_at = $2, probe_at = $4, with_workspace = true
			WHERE id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)`),
			array(ids), s.dialect.stamp(at), reason, s.dialect.stamp(store.NextProbe(at, at))); err != nil {
			return err
		}
		return s.keep(ctx, tx, ids, at, reason)
	})
	if err != nil {
		return 0, fmt.Errorf("close workspace %s: %w", w.ID, err)
	}
	return len(ids), nil
}

// OpenWorkspace lets the places hear again that CloseWorkspace disabled, and
// says how many. What each of them missed becomes due, as one catch-up.
func (s *Store) OpenWorkspace(ctx context.Context, w store.Workspace) (int, error) {
	var ids []int64
	err := s.within(ctx, func(tx *sqlx.Tx) (err error) {
		if ids, err = s.placesOf(ctx, tx, w, "with_workspace"); err != nil || len(ids) == 0 {
			return err
		}
		var now moment
		if err := tx.GetContext(ctx, &now, s.dialect.sql("SELECT {now}")); err != nil {
			return err
		}
		return s.reopen(ctx, tx, ids, now.Time, ", gone_at = NULL")
	})
	if err != nil {
		return 0, fmt.Errorf("open workspace %s: %w", w.ID, err)
	}
	s.wake()
	return len(ids), nil
}

// placesOf holds those places of a workspace for which a condition is true, in
// the order of their ids so that two processes cannot wait for each other.
func (s *Store) placesOf(ctx context.Context, tx *sqlx.Tx, w store.Workspace, condition string) (ids []int64, err error) {
	lock := ""
	if s.dialect.name == onPostgres.name {
		lock = " FOR NO KEY UPDATE"
	}
	err = tx.SelectContext(ctx, &ids, "SELECT id FROM places WHERE platform = $1 AND workspace = $2 AND "+condition+" ORDER BY id"+lock, string(w.Platform), w.ID)
	return ids, err
}

// OpenWorkspaces gives the workspaces of a platform in which some place hears.
func (s *Store) OpenWorkspaces(ctx context.Context, platform store.Platform) ([]string, error) {
	var ids []string
	err := s.read.SelectContext(ctx, &ids, "SELECT DISTINCT workspace FROM places WHERE platform = $1 AND disabled_at IS NULL ORDER BY workspace", string(platform))
	if err != nil {
		return nil, fmt.Errorf("read the workspaces: %w", err)
	}
	return ids, nil
}

// ClosedWorkspaces gives the workspaces of a platform that CloseWorkspace
// stopped.
func (s *Store) ClosedWorkspaces(ctx context.Context, platform store.Platform) ([]string, error) {
	var ids []string
	err := s.read.SelectContext(ctx, &ids, "SELECT DISTINCT workspace FROM places WHERE platform = $1 AND with_workspace ORDER BY workspace", string(platform))
	if err != nil {
		return nil, fmt.Errorf("read the workspaces: %w", err)
	}
	return ids, nil
}

// closeAround closes the workspaces of places that were found gone with all of
// it. It is done after their settlement, not with it: it holds places that the
// settlement does not, and whatever it leaves undone the next delivery finds.
func (s *Store) closeAround(ctx context.Context, places map[int64]store.Settlement) {
	for id, o := range places {
		var row placeRow
		err := s.read.GetContext(ctx, &row, "SELECT "+placeColumns+" FROM places WHERE id = $1", id)
		if err == nil {
			_, err = s.CloseWorkspace(ctx, store.Workspace{Platform: store.Platform(row.Platform), ID: row.Workspace}, o.At, o.Reason)
		}
		if err != nil {
			s.log.Warn("a workspace is gone and its other places are not disabled yet", "workspace", row.Workspace, "error", err)
		}
	}
}
