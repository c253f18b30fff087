package store

import "time"

// Platform is a chat platform a place lives on.
type Platform string

// The platforms sparkbot speaks.
const (
	Discord Platform = "discord"
	Slack   Platform = "slack"
)

// Place is a channel that subscribed. Platform, Workspace and Channel together
// are its address and are unique.
type Place struct {
	ID        int64
	Platform  Platform
	Workspace string // Discord: the server's (guild's) id; Slack: the team's id
	Channel   string
	// DisabledAt is zero unless the platform said that the place is gone.
	DisabledAt     time.Time
	DisabledReason string
	Quiet          Quiet
	CreatedAt      time.Time
}

// Disabled reports whether the place is gone, so that nothing is sent to it.
func (p Place) Disabled() bool { return !p.DisabledAt.IsZero() }
