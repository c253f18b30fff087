package vault_test

import (
	"context"
	"time"

	"sparkbot/store"
)

// memory keeps one installation.
type memory struct {
	install store.Installation
	token   store.Sealed
}

func (m *memory) PutInstallation(_ context.Context, i store.Installation, token store.Sealed) error {
	m.install, m.token = i, token
	return nil
}

func (m *memory) Installation(context.Context, string) (store.Installation, store.Sealed, error) {
	return m.install, m.token, nil
}

func (m *memory) Installations(context.Context) ([]store.Installation, error) {
	return []store.Installation{m.install}, nil
}

func (m *memory) RemoveInstallation(context.Context, string, time.Time, string) error { return nil }

func (m *memory) Reseal(context.Context, string, store.Sealed, store.Sealed) (bool, error) {
	return true, nil
}

func (m *memory) CloseWorkspace(context.Context, store.Workspace, time.Time, string) (int, error) {
	return 0, nil
}

func (m *memory) OpenWorkspace(context.Context, store.Workspace) (int, error) { return 0, nil }
