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
	// GoneAt is since when nothing reached the place: the first of several
	// absences between which nothing was sent. ProbeAt is when the platform is
	// asked next whether the bot is let in again. Both are zero unless the place
	// is gone, or was until lately.
	GoneAt, ProbeAt time.Time
	Quiet           Quiet
	CreatedAt       time.Time
}

const (
	// ReturnPatience is how long what a place missed is tried after its return.
	ReturnPatience = 6 * time.Hour
	// NoticeAfter is how long a notice of a place that is gone waits for others, so
	// that one message tells a member of all that went together.
	NoticeAfter = time.Minute
	// NoticePatience is how long a notice is tried.
	NoticePatience = 24 * time.Hour

	probeOften, probeRarely = time.Hour, 24 * time.Hour
)

// NextProbe is when a place that is gone since a time is asked for after now: every
// hour for a day, and then every day.
func NextProbe(since, now time.Time) time.Time {
	if now.Sub(since) < probeRarely {
		return now.Add(probeOften)
	}
	return now.Add(probeRarely)
}

// Member gives the place at which a member is told something in private.
func (p Place) Member(user string) Place {
	return Place{Platform: p.Platform, Workspace: p.Workspace, Channel: "@" + user}
}

// Disabled reports whether the place is gone, so that nothing is sent to it.
func (p Place) Disabled() bool { return !p.DisabledAt.IsZero() }
