package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sparkbot/store"
)

type installationRow struct {
	Workspace     string `db:"workspace"`
	Name          string `db:"name"`
	Enterprise    string `db:"enterprise"`
	App           string `db:"app"`
	BotUser       string `db:"bot_user"`
	Scopes        list   `db:"scopes"`
	InstalledBy   string `db:"installed_by"`
	InstalledAt   moment `db:"installed_at"`
	RemovedAt     moment `db:"removed_at"`
	RemovedReason string `db:"removed_reason"`
	KeyID         string `db:"key_id"`
	Token         string `db:"token"`
}

const installationColumns = "workspace, name, enterprise, app, bot_user, scopes, installed_by, installed_at, removed_at, removed_reason, key_id, token"

func (r installationRow) installation() store.Installation {
	return store.Installation{
		Workspace: r.Workspace, Name: r.Name, Enterprise: r.Enterprise, App: r.App, BotUser: r.BotUser, Scopes: r.Scopes,
		InstalledBy: r.InstalledBy, InstalledAt: r.InstalledAt.Time, RemovedAt: r.RemovedAt.Time, RemovedReason: r.RemovedReason,
	}
}

func (r installationRow) sealed() store.Sealed { return store.Sealed{KeyID: r.KeyID, Text: r.Token} }

// PutInstallation stores an installation with its encrypted token, in place of
// an earlier one of the same workspace.
func (s *Store) PutInstallation(ctx context.Context, i store.Installation, token store.Sealed) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO installations
		(workspace, name, enterprise, app, bot_user, scopes, installed_by, installed_at, key_id, token) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (workspace) DO UPDATE SET name = excluded.name, enterprise = excluded.enterprise, app = excluded.app, bot_user = excluded.bot_user,
		scopes = excluded.scopes, installed_by = excluded.installed_by, installed_at = excluded.installed_at, removed_at = NULL, removed_reason = '',
		key_id = excluded.key_id, token = excluded.token`,
		i.Workspace, i.Name, i.Enterprise, i.App, i.BotUser, array(i.Scopes), i.InstalledBy, s.dialect.stamp(i.InstalledAt), token.KeyID, token.Text)
	if err != nil {
		return fmt.Errorf("store the installation: %w", explain(err))
	}
	return nil
}

// Installation gives store.ErrNotFound where the app is not installed, or was
// removed.
func (s *Store) Installation(ctx context.Context, workspace string) (store.Installation, store.Sealed, error) {
	var row installationRow
	err := s.read.GetContext(ctx, &row, "SELECT "+installationColumns+" FROM installations WHERE workspace = $1 AND removed_at IS NULL", workspace)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Installation{}, store.Sealed{}, fmt.Errorf("installation in workspace %s: %w", workspace, store.ErrNotFound)
	}
	if err != nil {
		return store.Installation{}, store.Sealed{}, fmt.Errorf("read the installation: %w", err)
	}
	return row.installation(), row.sealed(), nil
}

// Installations gives every installation there is or was, oldest first.
func (s *Store) Installations(ctx context.Context) ([]store.Installation, error) {
	var rows []installationRow
	if err := s.read.SelectContext(ctx, &rows, "SELECT "+installationColumns+" FROM installations ORDER BY installed_at, workspace"); err != nil {
		return nil, fmt.Errorf("read the installations: %w", err)
	}
	all := make([]store.Installation, len(rows))
	for i, r := range rows {
		all[i] = r.installation()
	}
	return all, nil
}

// RemoveInstallation forgets the token of a workspace, and why it did. It does
// nothing where none is installed.
func (s *Store) RemoveInstallation(ctx context.Context, workspace string, at time.Time, reason string) error {
	_, err := s.write.ExecContext(ctx, `UPDATE installations SET key_id = '', token = '', removed_at = $2, removed_reason = $3
		WHERE workspace = $1 AND removed_at IS NULL`, workspace, s.dialect.stamp(at), reason)
	if err != nil {
		return fmt.Errorf("remove the installation: %w", err)
	}
	return nil
}

// Reseal puts a token that was encrypted anew in place of the present one. It
// reports false, and changes nothing, when another one was stored meanwhile.
func (s *Store) Reseal(ctx context.Context, workspace string, present, anew store.Sealed) (bool, error) {
	result, err := s.write.ExecContext(ctx, "UPDATE installations SET key_id = $4, token = $5 WHERE workspace = $1 AND key_id = $2 AND token = $3",
		workspace, present.KeyID, present.Text, anew.KeyID, anew.Text)
	if err != nil {
		return false, fmt.Errorf("store the token anew: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
