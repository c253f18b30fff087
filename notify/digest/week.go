package digest

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// Mover is a project and how its velocity went.
type Mover struct {
	Project store.Project
	Reading velocity.Reading
	Line    []velocity.Point // of twelve weeks, the last at the window's end
	pulse   []store.Move     // all its moves, without their words
	told    velocity.Told
	// Top is the move that gives most points: of the window's own if there are
	// any, else of all. Its Move.ID is 0 when there is no move at all.
	Top   velocity.Contribution
	Moves int // in the window
}

// Spark is a spark of the window.
type Spark struct {
	Project store.Project
	Move    store.Move
	Points  float64 // what it gives its project's velocity
}

// Week is what an edition has to say, in the order in which it is said.
type Week struct {
	Edition store.Edition
	Follows []store.Follow
	// Ranked are all projects that are followed: by size of change as it reads,
	// then velocity, then name.
	Ranked []*Mover
	Sparks []Spark         // the strongest first
	Quiet  []store.Project // without a move for 28 days, by name
	Watch  *store.Project  // the first that moved and has a prediction, or nil
	Moved  int             // how many projects have a move in the window
	Moves  int             // in the window
	// Usual is how many moves a window of this length had in the twelve weeks
	// before; negative when these projects are not known for so long.
	Usual float64
}

// Empty reports whether nothing happened in the window.
func (w Week) Empty() bool { return w.Moves == 0 }

// Shown is how many movers a digest shows; the rest stand in the full list.
const Shown = 10

// fresh is how many of those may be projects that have no earlier figure.
const fresh = 3

// Leading gives the movers a digest shows: those that went up, those that went
// down, and those that moved in this window for the first time at all.
func (w Week) Leading() (up, down, began []*Mover) {
	for _, m := range w.Ranked {
		if !m.Reading.Known && m.Moves > 0 && len(began) < fresh {
			began = append(began, m)
		}
	}
	left := Shown - len(began)
	for _, m := range w.Ranked {
		if left == 0 || size(m.Reading) <= 0 {
			break
		}
		if left--; m.Reading.Change > 0 {
			up = append(up, m)
		} else {
			down = append(down, m)
		}
	}
	return up, down, began
}

// Silent reports whether nothing is to be said: a quiet week in a place that
// leaves such weeks out. What a member asked for is always said.
func (w Week) Silent() bool {
	return w.Empty() && w.Edition.SkipQuiet && w.Edition.Variant == store.Weekly
}

// rank gives an edition's week.
func (f *facts) rank(e store.Edition, follows []store.Follow) Week {
	w := Week{Edition: e, Follows: follows, Usual: -1}
	before, oldest := 0, time.Time{}
	for _, e := range f.followed(follows) {
		w.Ranked = append(w.Ranked, &e.mover)
		w.Sparks = append(w.Sparks, e.sparks...)
		w.Moves += e.moves
		if e.moves > 0 {
			w.Moved++
		}
		if e.mover.Reading.Trend == velocity.Quiet && e.moves == 0 {
			w.Quiet = append(w.Quiet, e.project)
		}
		before += e.before
		if oldest.IsZero() || !e.oldest.IsZero() && e.oldest.Before(oldest) {
			oldest = e.oldest
		}
	}
	if !oldest.IsZero() && e.Begin.Sub(oldest) >= usualWeeks*week {
		w.Usual = float64(before) / usualWeeks * e.End.Sub(e.Begin).Hours() / week.Hours()
	}
	slices.SortFunc(w.Sparks, func(a, b Spark) int {
		return cmp.Or(cmp.Compare(b.Points, a.Points), b.Move.OccurredAt.Compare(a.Move.OccurredAt), cmp.Compare(a.Move.ID, b.Move.ID))
	})
	slices.SortFunc(w.Quiet, byName)
	for _, m := range w.Ranked {
		if m.Moves > 0 && strings.TrimSpace(m.Project.Prediction) != "" {
			w.Watch = &m.Project
			break
		}
	}
	return w
}

// byChange compares what a reader sees: tenths.
func byChange(a, b *Mover) int {
	return cmp.Or(
		cmp.Compare(size(b.Reading), size(a.Reading)),
		cmp.Compare(tenths(b.Reading.Value), tenths(a.Reading.Value)),
		byName(a.Project, b.Project),
	)
}

// size is how far a velocity went, in tenths. Where there was no earlier figure
// it came all the way from nothing, so those stand by themselves at the end.
func size(r velocity.Reading) float64 {
	if !r.Known {
		return -1
	}
	return tenths(math.Abs(r.Change))
}

func tenths(v float64) float64 { return math.Round(v * 10) }

func byName(a, b store.Project) int {
	return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Slug, b.Slug))
}
