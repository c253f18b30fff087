// Package velocity is arithmetic on moves: how fast a project moves, how that
// changed, and which moves make it so.
//
// It has no opinion on wording, reads no clock and no database. All of it works
// in whole UTC days: every move of a day weighs the same however late it came.
package velocity

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"sparkbot/store"
)

const (
	// Max is the score that nothing reaches.
	Max = 10.0

	sparkWeight = 3.0
	moveWeight  = 1.0
	halfLife    = 30.0 // days in which a day's weight halves
	middle      = 3.5  // the load that scores half of Max
	week        = 7    // days
)

// Trend is the direction a project takes, in one word.
type Trend string

// The trends, in the order in which they are tried; the first that fits counts.
const (
	New     Trend = "new"     // its first move is under 14 days old
	Surging Trend = "surging" // up 1.0 or more in seven days
	Rising  Trend = "rising"  // up 0.3 or more
	Cooling Trend = "cooling" // down 0.3 or more
	Quiet   Trend = "quiet"   // no move for 28 days
	Steady  Trend = "steady"  // none of these
)

// Reading is a project's velocity at one time.
type Reading struct {
	// Value is from 0 to 10, unrounded; the curated one when there is one.
	Value   float64
	Curated bool
	// Change is the computed score now less that of seven days ago, unrounded. A
	// curated value does not enter into it.
	Change float64
	// Known is false while there is nothing to compare with: no move counted
	// seven days ago.
	Known bool
	Trend Trend
}

// Score gives the velocity of moves at a time, unrounded, from 0 to 10, in UTC
// days whatever zone at is in. Moves that happened after at, retracted moves and
// a second move with the same source do not count. A retracted move does not
// count in the past either: it was taken back, so its going is no change of speed.
func Score(moves []store.Move, at time.Time) float64 {
	return score(days(moves, at), dayOf(at))
}

// Read gives the velocity of a project at a time, with its change and trend. The
// seven days are counted in UTC, so that no change of clocks moves them.
func Read(p store.Project, moves []store.Move, at time.Time) Reading {
	today := dayOf(at)
	now, before := days(moves, at), days(moves, at.UTC().AddDate(0, 0, -week))
	r := Reading{Value: score(now, today), Known: len(before) > 0}
	r.Change = r.Value - score(before, today-week)
	r.Trend = trend(now, today, r.Change)
	if p.Curated != nil {
		r.Value, r.Curated = *p.Curated, true
	}
	return r
}

func trend(days map[int]float64, today int, change float64) Trend {
	first, last := math.MaxInt, math.MinInt
	for d := range days {
		first, last = min(first, d), max(last, d)
	}
	switch {
	case len(days) > 0 && today-first < 14:
		return New
	case change >= 1.0:
		return Surging
	case change >= 0.3:
		return Rising
	case change <= -0.3:
		return Cooling
	case len(days) == 0 || today-last >= 28:
		return Quiet
	default:
		return Steady
	}
}

// dayOf numbers UTC days.
func dayOf(t time.Time) int {
	return int(math.Floor(float64(t.Unix()) / 86400))
}

func weight(m store.Move) float64 {
	if m.Spark {
		return sparkWeight
	}
	return moveWeight
}

// days sums the squared weights of the moves that count at a time, by UTC day.
func days(moves []store.Move, at time.Time) map[int]float64 {
	sums := map[int]float64{}
	for _, m := range counted(moves, at) {
		sums[dayOf(m.OccurredAt)] += weight(m) * weight(m)
	}
	return sums
}

// counted gives the moves that count at a time. Of several with one source it is
// the earliest, a spark or not, because a score of the past must not change when
// the same source is told again later. Of those on one instant it is a spark, then
// the one stored first, so that order does not matter.
func counted(moves []store.Move, at time.Time) []store.Move {
	best := make(map[string]store.Move, len(moves))
	for _, m := range moves {
		if m.Retracted() || m.OccurredAt.After(at) {
			continue
		}
		if b, seen := best[m.SourceURL]; !seen || before(m, b) {
			best[m.SourceURL] = m
		}
	}
	out := make([]store.Move, 0, len(best))
	for _, m := range best {
		out = append(out, m)
	}
	return out
}

// before reports whether a counts in place of b, which has the same source.
func before(a, b store.Move) bool {
	switch {
	case !a.OccurredAt.Equal(b.OccurredAt):
		return a.OccurredAt.Before(b.OccurredAt)
	case a.Spark != b.Spark:
		return a.Spark
	default:
		return a.ID < b.ID
	}
}

// load is what the days weigh together on a day.
func load(days map[int]float64, today int) float64 {
	l := 0.0
	// In a fixed order, because sums of floating-point numbers depend on it.
	for _, d := range slices.Sorted(maps.Keys(days)) {
		l += math.Sqrt(days[d]) * math.Exp2(-float64(today-d)/halfLife)
	}
	return l
}

func score(days map[int]float64, today int) float64 {
	l := load(days, today)
	return Max * l / (l + middle)
}

// Format writes a velocity as people read it: one decimal.
func Format(v float64) string { return fmt.Sprintf("%.1f", v) }

// FormatChange writes a change with one decimal and its direction. What rounds
// to nothing is ±0.0.
func FormatChange(c float64) string {
	rounded := math.Round(math.Abs(c)*10) / 10
	switch {
	case rounded == 0:
		return "±0.0"
	case c > 0:
		return fmt.Sprintf("▲%.1f", rounded)
	default:
		return fmt.Sprintf("▼%.1f", rounded)
	}
}
