package velocity

import (
	"cmp"
	"slices"
	"time"

	"sparkbot/store"
)

// Told is how fast a project was told to be at the ends of past UTC days. It
// stands in place of what the moves known now would give, so that a history is
// shown as it was told: a move that was stored late, or taken back, does not
// change the past.
type Told map[int]float64

// ToldOf gives the snapshots of one project as Told; nil of none.
func ToldOf(snapshots []store.Snapshot) Told {
	if len(snapshots) == 0 {
		return nil
	}
	t := make(Told, len(snapshots))
	for _, s := range snapshots {
		t[dayOf(s.Day)] = s.Score
	}
	return t
}

// on gives what was told on a day, if it was.
func (t Told) on(day int) (float64, bool) {
	v, known := t[day]
	return v, known
}

// ReadTold is Read with the past as it was told: where the velocity of seven days
// ago was told, the change is counted from that.
func ReadTold(p store.Project, moves []store.Move, told Told, at time.Time) Reading {
	r := Read(p, moves, at)
	today := dayOf(at)
	before, known := told.on(today - week)
	if !known {
		return r
	}
	now := days(moves, at)
	r.Known = r.Known || before > 0
	r.Change = score(now, today) - before
	r.Trend = trend(now, today, r.Change)
	return r
}

// Change gives the computed velocity at a time less that of some UTC days ago,
// unrounded, as that was told where it was. It is not known while no move counted
// then.
func Change(moves []store.Move, told Told, at time.Time, ago int) (change float64, known bool) {
	today := dayOf(at)
	now, before := days(moves, at), days(moves, at.UTC().AddDate(0, 0, -ago))
	was, wasTold := told.on(today - ago)
	if !wasTold {
		was = score(before, today-ago)
	}
	return score(now, today) - was, len(before) > 0 || was > 0
}

// AsTold puts what was told on past days in place of the points of a series. The
// day of to is not over, so its point stays.
func AsTold(points []Point, told Told, to time.Time) []Point {
	out := make([]Point, len(points))
	today := dayOf(to)
	for i, p := range points {
		if v, known := told.on(dayOf(p.Day)); known && dayOf(p.Day) < today {
			p.Value = v
		}
		out[i] = p
	}
	return out
}

// Silence is how long a project has not moved, in whole UTC days.
type Silence struct {
	Days int        // since the last move that counts
	Last store.Move // that move; without its words where the moves had none
	// Before is how many days no move had come before the last one; 0 where it was
	// the first or came on the day of another.
	Before int
}

// SilenceOf gives the silence at a time, and false when no move counts then.
func SilenceOf(moves []store.Move, at time.Time) (Silence, bool) {
	counting := counted(moves, at)
	if len(counting) == 0 {
		return Silence{}, false
	}
	slices.SortFunc(counting, func(a, b store.Move) int {
		return cmp.Or(b.OccurredAt.Compare(a.OccurredAt), cmp.Compare(b.ID, a.ID))
	})
	s := Silence{Days: dayOf(at) - dayOf(counting[0].OccurredAt), Last: counting[0]}
	if len(counting) > 1 {
		s.Before = dayOf(counting[0].OccurredAt) - dayOf(counting[1].OccurredAt)
	}
	return s, true
}
