package bot

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"sparkbot/notify/compose"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// reasons is how many moves the why view names.
const reasons = 3

// show answers with one view of a project's card.
func (b *Bot) show(ctx context.Context, r Request) (Reply, error) {
	p, reply, found, err := b.project(ctx, r.Command)
	if err != nil || !found {
		return reply, err
	}
	now := b.now()
	moves, told, err := b.facts(ctx, p.ID, now)
	if err != nil {
		return Reply{}, err
	}
	card := compose.Card{
		Project: p, Moves: moves, Reading: velocity.ReadTold(p, moves, told[p.ID], now), Why: velocity.Why(moves, now, reasons),
		View: string(r.Command.View), Page: r.Command.Page,
	}
	if r.Command.View == ViewCard || r.Command.View == "" {
		card.Picture = b.projectPicture(p, moves, told[p.ID], card.Reading, now)
	}
	return Reply{
		Message: compose.CardMessage(card, now),
		Private: r.Command.Private || r.Button,
		Update:  r.Button && r.Command.Page > 0,
	}, nil
}

// facts reads what a card tells of a project, both at once: a member waits for the
// slower one alone.
func (b *Bot) facts(ctx context.Context, projectID int64, now time.Time) (moves []store.Move, told map[int64]velocity.Told, err error) {
	reading, ctx := errgroup.WithContext(ctx)
	reading.Go(func() (err error) {
		moves, err = b.store.Moves(ctx, projectID, 0)
		return err
	})
	told, err = b.told(ctx, now, projectID)
	return moves, told, cmp.Or(reading.Wait(), err)
}

// all answers with a page of projects.
func (b *Bot) all(ctx context.Context, r Request) (Reply, error) {
	projects, err := b.store.Projects(ctx)
	if err != nil {
		return Reply{}, err
	}
	projects = narrow(projects, r.Command.Category, r.Command.Tag)
	pulse, err := b.store.Pulse(ctx)
	if err != nil {
		return Reply{}, err
	}
	now := b.now()
	snapshots, err := b.store.Snapshots(ctx, now.UTC().AddDate(0, 0, -week))
	if err != nil {
		return Reply{}, err
	}
	rows := make([]compose.Row, len(projects))
	for i, p := range projects {
		rows[i] = compose.Row{Project: p, Reading: velocity.ReadTold(p, pulse[p.ID], velocity.ToldOf(snapshots[p.ID]), now), LastMove: last(pulse[p.ID], now)}
	}
	order(rows, r.Command.Sort)
	pages := max(1, (len(rows)+compose.PageRows-1)/compose.PageRows)
	page := max(1, min(r.Command.Page, pages))
	first := (page - 1) * compose.PageRows
	query := r.Command
	query.Page = 0
	list := compose.Projects{
		Title: title(r.Command), Query: query.String(), Page: page, Pages: pages, Total: len(rows),
		Rows: rows[first:min(first+compose.PageRows, len(rows))],
	}
	return Reply{
		Message: compose.ProjectsMessage(list, now),
		Private: r.Command.Private || r.Button,
		Update:  r.Button && r.Command.Page > 0,
	}, nil
}

func narrow(projects []store.Project, category, tag string) []store.Project {
	return slices.DeleteFunc(slices.Clone(projects), func(p store.Project) bool {
		return category != "" && !strings.EqualFold(p.Category, category) ||
			tag != "" && !slices.ContainsFunc(p.Tags, func(t string) bool { return strings.EqualFold(t, tag) })
	})
}

func last(moves []store.Move, now time.Time) time.Time {
	var newest time.Time
	for _, m := range moves {
		if m.OccurredAt.After(newest) && !m.OccurredAt.After(now) {
			newest = m.OccurredAt
		}
	}
	return newest
}

// order sorts the rows; what ties is sorted by name.
func order(rows []compose.Row, by string) {
	slices.SortFunc(rows, func(a, b compose.Row) int {
		name := cmp.Compare(strings.ToLower(a.Project.Name), strings.ToLower(b.Project.Name))
		switch by {
		case "name":
			return name
		case "change":
			return cmp.Or(cmp.Compare(b.Reading.Change, a.Reading.Change), cmp.Compare(b.Reading.Value, a.Reading.Value), name)
		default:
			return cmp.Or(cmp.Compare(b.Reading.Value, a.Reading.Value), name)
		}
	})
}

func title(c Command) string {
	what := "All projects"
	if c.Category != "" {
		what = strings.ToUpper(c.Category) + " projects"
	}
	if c.Tag != "" {
		what += " tagged " + c.Tag
	}
	return what
}
