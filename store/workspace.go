package store

import "time"

// Workspace is a Discord server or a Slack team.
type Workspace struct {
	Platform Platform
	ID       string
}

// Installation is the app in one Slack workspace that installed it by OAuth. Its
// token is no part of it: that is kept encrypted, beside it.
type Installation struct {
	Workspace string // the team's id
	Name      string // the team's
	// Enterprise is the id of the organization a workspace of Enterprise Grid
	// belongs to, or empty.
	Enterprise  string
	App         string // the app's id
	BotUser     string
	Scopes      []string
	InstalledBy string // a member's id
	InstalledAt time.Time
	// RemovedAt is zero unless the app was removed from the workspace.
	RemovedAt     time.Time
	RemovedReason string
}

// Sealed is an encrypted text that only store/vault can open, with the name of
// the key that does.
type Sealed struct {
	KeyID string
	Text  string
}
