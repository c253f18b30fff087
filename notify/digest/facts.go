package digest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sparkbot/notify/chart"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

const (
	week = 7 * 24 * time.Hour
	// grace is how long before a window's beginning a move may have happened that
	// was told late. What is older is history.
	grace = week
	// usualWeeks are compared with when a week is called busy or calm.
	usualWeeks = 12
	// lineWeeks is how many weekly points a project's line has.
	lineWeeks = 12
)

// Library is where facts are read, each with one question for all projects.
type Library interface {
	Projects(ctx context.Context) ([]store.Project, error)
	Pulse(ctx context.Context, projectIDs ...int64) (map[int64][]store.Move, error)
	// Snapshots gives what velocities were told from a day on.
	Snapshots(ctx context.Context, from time.Time, projectIDs ...int64) (map[int64][]store.Snapshot, error)
	// Told gives the moves noticed after one notice and up to another, that
	// happened at since or later.
	Told(ctx context.Context, after, upTo int64, since time.Time) ([]store.Told, error)
	MovesByID(ctx context.Context, ids []int64) ([]store.Move, error)
}

// window is what tells the moves of one edition from those of another.
type window struct {
	begin, end  time.Time
	first       bool
	after, upTo int64
}

func windowOf(e store.Edition) window {
	return window{e.Begin.UTC(), e.End.UTC(), e.First, e.After, e.UpTo}
}

// entry is one project over one window.
type entry struct {
	project store.Project
	mover   Mover
	sparks  []Spark
	moves   int
	before  int       // moves of the weeks compared with
	oldest  time.Time // its first move, zero when there is none
}

// facts are all projects over one window, scored once for every place.
type facts struct {
	entries    []entry // ranked, so that a place's are, too
	bySlug     map[string]int
	byCategory map[string][]int
	byTag      map[string][]int
}

// gather reads and scores everything a window's editions can be about.
func gather(ctx context.Context, l Library, w window) (*facts, error) {
	projects, err := l.Projects(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the projects of a digest: %w", err)
	}
	pulse, err := l.Pulse(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the moves of a digest: %w", err)
	}
	snapshots, err := l.Snapshots(ctx, w.end.AddDate(0, 0, -chart.Days))
	if err != nil {
		return nil, fmt.Errorf("read the past of a digest: %w", err)
	}
	since := w.begin
	if !w.first {
		since = since.Add(-grace)
	}
	told, err := l.Told(ctx, w.after, w.upTo, since)
	if err != nil {
		return nil, fmt.Errorf("read the week of a digest: %w", err)
	}
	news := map[int64][]store.Move{}
	for _, m := range told {
		if !m.History || !m.OccurredAt.Before(w.begin) {
			news[m.ProjectID] = append(news[m.ProjectID], m.Move)
		}
	}
	f := newFacts(projects, pulse, news, snapshots, w)
	return f, f.name(ctx, l)
}

// newFacts scores every project. The moves of pulse have no words; those of news,
// the window's own, have.
func newFacts(projects []store.Project, pulse, news map[int64][]store.Move, snapshots map[int64][]store.Snapshot, w window) *facts {
	f := &facts{bySlug: map[string]int{}, byCategory: map[string][]int{}, byTag: map[string][]int{}}
	for _, p := range projects {
		f.entries = append(f.entries, newEntry(p, pulse[p.ID], news[p.ID], velocity.ToldOf(snapshots[p.ID]), w))
	}
	slices.SortFunc(f.entries, func(a, b entry) int { return byChange(&a.mover, &b.mover) })
	for i, e := range f.entries {
		p := e.project
		f.bySlug[p.Slug] = i
		category := strings.ToLower(p.Category)
		f.byCategory[category] = append(f.byCategory[category], i)
		for _, t := range p.Tags {
			t = strings.ToLower(t)
			f.byTag[t] = append(f.byTag[t], i)
		}
	}
	return f
}

func newEntry(p store.Project, pulse, news []store.Move, told velocity.Told, w window) entry {
	e := entry{project: p, moves: len(news)}
	e.mover = Mover{
		Project: p, Reading: velocity.ReadTold(p, pulse, told, w.end), Moves: len(news), pulse: pulse, told: told,
		Line: velocity.AsTold(velocity.Series(pulse, w.end.AddDate(0, 0, -7*(lineWeeks-1)), w.end, 7), told, w.end),
	}
	for _, m := range pulse {
		if e.oldest.IsZero() || m.OccurredAt.Before(e.oldest) {
			e.oldest = m.OccurredAt
		}
		if ago := w.begin.Sub(m.OccurredAt); ago > 0 && ago <= usualWeeks*week {
			e.before++
		}
	}
	points := map[int64]float64{}
	reasons := velocity.Why(pulse, w.end, len(pulse)).Top
	for _, c := range reasons {
		points[c.Move.ID] = c.Points
	}
	if len(reasons) > 0 {
		e.mover.Top = reasons[0]
	}
	best := -1.0
	for _, m := range news {
		gave := points[m.ID] // nothing when it lies ahead, or its source counts already
		if gave > best {
			best, e.mover.Top = gave, velocity.Contribution{Move: m, Points: gave}
		}
		if m.Spark {
			e.sparks = append(e.sparks, Spark{p, m, gave})
		}
	}
	return e
}

// name reads the words of the moves that gave most in weeks that had none.
func (f *facts) name(ctx context.Context, l Library) error {
	var ids []int64
	for _, e := range f.entries {
		if top := e.mover.Top.Move; top.ID != 0 && top.Title == "" {
			ids = append(ids, top.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	moves, err := l.MovesByID(ctx, ids)
	if err != nil {
		return fmt.Errorf("read the strongest moves of a digest: %w", err)
	}
	byID := make(map[int64]store.Move, len(moves))
	for _, m := range moves {
		byID[m.ID] = m
	}
	for i, e := range f.entries {
		if m, found := byID[e.mover.Top.Move.ID]; found && e.mover.Top.Move.Title == "" {
			f.entries[i].mover.Top.Move = m
		}
	}
	return nil
}

// followed gives the entries that any of the subscriptions covers, ranked.
func (f *facts) followed(follows []store.Follow) []*entry {
	covered := make([]bool, len(f.entries))
	for _, follow := range follows {
		var some []int
		switch follow.Kind {
		case store.TargetEverything:
			for i := range f.entries {
				some = append(some, i)
			}
		case store.TargetCategory:
			some = f.byCategory[strings.ToLower(follow.Value)]
		case store.TargetTag:
			some = f.byTag[strings.ToLower(follow.Value)]
		case store.TargetProject:
			if i, known := f.bySlug[follow.Value]; known {
				some = []int{i}
			}
		}
		for _, i := range some {
			covered[i] = covered[i] || !slices.Contains(follow.Except, f.entries[i].project.Slug)
		}
	}
	var all []*entry
	for i := range f.entries {
		if covered[i] {
			all = append(all, &f.entries[i])
		}
	}
	return all
}
