package bot

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/chart"
	"sparkbot/notify/compose"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// The windows of Movers, in days.
const (
	week  = 7
	month = 28
)

// mover is a project with what makes it one.
type mover struct {
	project store.Project
	moves   []store.Move // without their words
	told    velocity.Told
	reading velocity.Reading
	change  float64
	known   bool
}

// movers answers with the projects whose velocity changed most within a window.
func (b *Bot) movers(ctx context.Context, r Request) (Reply, error) {
	days := cmp.Or(r.Command.Days, week)
	now := b.now()
	all, total, err := b.moved(ctx, days, now)
	if err != nil {
		return Reply{}, err
	}
	list := compose.Movers{Days: days, Other: week + month - days, Total: total, Pages: max(1, (len(all)+compose.MoverRows-1)/compose.MoverRows)}
	list.Page = max(1, min(r.Command.Page, list.Pages))
	for _, m := range all {
		switch {
		case !m.known:
			list.Fresh++
			continue
		case m.change > 0:
			list.Up++
		default:
			list.Down++
		}
		if list.Most == nil {
			list.Most = &compose.Mover{Project: m.project, Change: m.change}
		}
	}
	first := (list.Page - 1) * compose.MoverRows
	shown := all[first:min(first+compose.MoverRows, len(all))]
	for _, m := range shown {
		row := compose.Mover{Project: m.project, Reading: m.reading, Change: m.change, Known: m.known}
		if row.Top, err = b.top(ctx, m, now.UTC().AddDate(0, 0, -days), now); err != nil {
			return Reply{}, err
		}
		list.Rows = append(list.Rows, row)
	}
	if list.Picture, err = b.moversPicture(ctx, shown, days, now); err != nil {
		return Reply{}, err
	}
	return Reply{
		Message: compose.MoversMessage(list, now),
		Private: r.Command.Private || r.Button,
		Update:  r.Button && r.Command.Page > 0,
	}, nil
}

// moved gives the projects whose velocity changed enough to be seen, by the size
// of the change, then velocity, then name.
func (b *Bot) moved(ctx context.Context, days int, now time.Time) (all []mover, total int, err error) {
	projects, err := b.store.Projects(ctx)
	if err != nil {
		return nil, 0, err
	}
	pulse, err := b.store.Pulse(ctx)
	if err != nil {
		return nil, 0, err
	}
	snapshots, err := b.store.Snapshots(ctx, now.UTC().AddDate(0, 0, -days))
	if err != nil {
		return nil, 0, err
	}
	for _, p := range projects {
		m := mover{project: p, moves: pulse[p.ID], told: velocity.ToldOf(snapshots[p.ID])}
		m.reading = velocity.ReadTold(p, m.moves, m.told, now)
		m.change, m.known = velocity.Change(m.moves, m.told, now, days)
		if math.Round(math.Abs(m.change)*10) > 0 {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b mover) int {
		return cmp.Or(cmp.Compare(tenths(b.change), tenths(a.change)), cmp.Compare(b.reading.Value, a.reading.Value),
			cmp.Compare(strings.ToLower(a.project.Name), strings.ToLower(b.project.Name)))
	})
	return all, len(projects), nil
}

// tenths is the size of a change as it is shown.
func tenths(change float64) float64 { return math.Round(math.Abs(change) * 10) }

// top gives the move since a time that gives a project that sped up most points,
// with its words; one without an id when there is none.
func (b *Bot) top(ctx context.Context, m mover, since, now time.Time) (store.Move, error) {
	if m.change < 0 {
		return store.Move{}, nil
	}
	for _, c := range velocity.Why(m.moves, now, len(m.moves)).Top {
		if !c.Move.OccurredAt.After(since) {
			continue
		}
		moves, err := b.store.Moves(ctx, m.project.ID, 0)
		if err != nil {
			return store.Move{}, err
		}
		if i := slices.IndexFunc(moves, func(one store.Move) bool { return one.ID == c.Move.ID }); i >= 0 {
			return moves[i], nil
		}
	}
	return store.Move{}, nil
}

// moversPicture draws a page of movers; without any, or when that fails, there
// is none. An error is one of the database.
func (b *Bot) moversPicture(ctx context.Context, all []mover, days int, now time.Time) (*notify.Picture, error) {
	if len(all) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(all))
	for i, one := range all {
		ids[i] = one.project.ID
	}
	told, err := b.told(ctx, now, ids...)
	if err != nil {
		return nil, err
	}
	m := chart.Movers{Title: "What moved most", Days: days, Now: now}
	for _, one := range all {
		m.Rows = append(m.Rows, chart.Mover{
			Slug: one.project.Slug, Name: one.project.Name, Points: chart.Trail(one.moves, told[one.project.ID], now), Sparks: chart.SparksOf(one.moves, now),
			Value: one.reading.Value, Change: one.change, Known: one.known, Trend: one.reading.Trend,
		})
	}
	p, err := b.charts.Movers(m)
	if err != nil {
		b.log.Error("the movers could not be drawn", "error", err)
		return nil, nil
	}
	picture := notify.Picture(p)
	return &picture, nil
}

// told gives how fast projects were told to be within the half year a picture
// shows.
func (b *Bot) told(ctx context.Context, now time.Time, projectIDs ...int64) (map[int64]velocity.Told, error) {
	snapshots, err := b.store.Snapshots(ctx, now.UTC().AddDate(0, 0, -chart.Days), projectIDs...)
	if err != nil {
		return nil, err
	}
	all := make(map[int64]velocity.Told, len(snapshots))
	for id, s := range snapshots {
		all[id] = velocity.ToldOf(s)
	}
	return all, nil
}

// projectPicture draws a project's half year; nil when that fails.
func (b *Bot) projectPicture(p store.Project, moves []store.Move, told velocity.Told, r velocity.Reading, now time.Time) *notify.Picture {
	drawn, err := b.charts.Velocity(chart.LineOf(p, moves, told, r, now))
	if err != nil {
		b.log.Error("a project could not be drawn", "project", p.Slug, "error", err)
		return nil
	}
	picture := notify.Picture(drawn)
	return &picture
}
