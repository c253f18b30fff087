package store

import (
	"regexp"
	"slices"
	"time"
)

// Limits of the stored texts, in characters (Unicode code points). The
// database holds the same limits as checks, so no writer can pass them by.
const (
	MaxSlug     = 64
	MaxName     = 200
	MaxCategory = 40
	MaxTag      = 60
	MaxTags     = 50
	MaxLine     = 1_000  // tagline, headline and a move's title
	MaxText     = 20_000 // current state, heading, prediction and a move's summary
	MaxURL      = 2_000
	MaxKey      = 200
)

// Project is one open project that people follow.
type Project struct {
	ID           int64
	Slug         string // unique; see ValidSlug
	Name         string
	Category     string // upper case by custom: COMMS, INFRA, DATA, AI
	Tagline      string
	Headline     string
	Tags         []string // sorted, without repeats
	CurrentState string
	Heading      string // where it's heading
	Prediction   string
	URL          string
	IconURL      string
	// Curated, when set, is a velocity from 0 to 10 that a person gave; it
	// stands in place of the computed one.
	Curated   *float64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Dossier is a project with all that its card tells.
type Dossier struct {
	Project   Project
	Moves     []Move     // newest first, without the retracted ones
	Snapshots []Snapshot // from some day on, in order
}

var slugPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// ValidSlug reports whether s has the form of a slug: a letter a to z or a
// digit, then up to 63 of those and hyphens.
func ValidSlug(s string) bool { return slugPattern.MatchString(s) }

// reserved are the verbs of the command grammar, and the one target that is a
// bare word.
var reserved = []string{
	"all", "digest", "everything", "help", "list", "log", "movers", "mute", "only", "quiet",
	"show", "subscribe", "test", "unmute", "unsubscribe",
}

// Reserved reports whether a command already means something by s, so that a
// project with that slug could never be named in a command.
func Reserved(s string) bool { return slices.Contains(reserved, s) }

// ReservedWords returns the words no project may have as its slug, sorted.
func ReservedWords() []string { return slices.Clone(reserved) }
