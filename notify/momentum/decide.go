package momentum

import (
	"time"

	"sparkbot/notify/velocity"
	"sparkbot/store"
)

const (
	// surges and calms are the change in seven days from which a project surges,
	// and below which it no longer does. Between the two it stays what it was.
	surges = 1.0
	calms  = 0.7
	// quietAfter is how many days without a move make a project quiet.
	quietAfter = 28
	// lateQuiet is how many days later that is still worth telling.
	lateQuiet = 7
	// restOf is how long a turn that was told is not told again.
	restOf = 7 * 24 * time.Hour
)

// Seen is what is known of a project when it is looked at.
type Seen struct {
	At time.Time
	// Change is that of seven days by the moves alone. A past that was told
	// otherwise does not enter into it: moves that are stored late are no surge.
	Change  float64
	Trend   velocity.Trend
	Silence velocity.Silence
	Moved   bool // whether any move counts
}

// Look gives what is seen of a project at a time.
func Look(p store.Project, moves []store.Move, at time.Time) Seen {
	r := velocity.Read(p, moves, at)
	s := Seen{At: at, Change: r.Change, Trend: r.Trend}
	s.Silence, s.Moved = velocity.SilenceOf(moves, at)
	return s
}

// Decide says where a project's momentum stands after it was seen, and which turn
// is to be told, if any. Of two turns at once it tells the one that says more: a
// project that wakes with a surge is awake.
func Decide(m store.Momentum, s Seen, maxAge time.Duration) (store.Momentum, store.Turning) {
	was := m
	m.Surging = s.Moved && (s.Trend == velocity.Surging || was.Surging && s.Change >= calms)
	m.Quiet = s.Moved && s.Silence.Days >= quietAfter
	if m.Version == 0 || !s.Moved {
		return m, store.Turning{} // seen for the first time, or nothing to tell of
	}
	fresh := s.At.Sub(s.Silence.Last.OccurredAt) <= maxAge
	t := store.Turning{ProjectID: m.ProjectID, At: s.At, Silent: s.Silence.Days, MoveID: s.Silence.Last.ID}
	switch {
	case was.Quiet && !m.Quiet:
		if fresh && rested(was.WokeAt, s.At) {
			t.Turn, t.Silent, m.WokeAt = store.TurnAwake, s.Silence.Before, s.At
		}
	case !was.Surging && m.Surging:
		if fresh && rested(was.SurgedAt, s.At) {
			t.Turn, m.SurgedAt = store.TurnSurging, s.At
		}
	case !was.Quiet && m.Quiet:
		if s.Silence.Days < quietAfter+lateQuiet && rested(was.QuietAt, s.At) {
			t.Turn, m.QuietAt = store.TurnQuiet, s.At
		}
	}
	if t.Turn == "" {
		return m, store.Turning{}
	}
	return m, t
}

// rested reports whether a turn that was told at some time may be told again.
func rested(told, now time.Time) bool { return told.IsZero() || now.Sub(told) >= restOf }

// Due gives the snapshots that are missing of one project: of every UTC day that
// is over since the last one that was kept, at most velocity's half year, or of
// yesterday when none was. Only yesterday's was told; those before it are worked
// out.
func Due(projectID int64, moves []store.Move, last, now time.Time) []store.Snapshot {
	yesterday := now.UTC().Truncate(day).AddDate(0, 0, -1)
	from := yesterday
	if !last.IsZero() {
		from = last.AddDate(0, 0, 1)
	}
	if oldest := yesterday.AddDate(0, 0, -longestGap); from.Before(oldest) {
		from = oldest
	}
	var due []store.Snapshot
	for _, p := range velocity.Series(moves, from, yesterday, 1) {
		due = append(due, store.Snapshot{ProjectID: projectID, Day: p.Day, Score: p.Value, Filled: p.Day.Before(yesterday)})
	}
	return due
}

const (
	day = 24 * time.Hour
	// longestGap is how many missed days are worked out at most.
	longestGap = 182
	// keptDays is how long snapshots are kept: twice what any picture shows.
	keptDays = 400
)
