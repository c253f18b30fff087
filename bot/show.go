package bot

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/chart"
	"sparkbot/notify/compose"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// reasons is how many moves the why view names.
const reasons = 3

// show answers with one view of a project's card.
func (b *Bot) show(ctx context.Context, r Request) (Reply, error) {
	now := b.now()
	d, reply, found, err := b.dossier(ctx, r.Command, now)
	if err != nil || !found {
		return reply, err
	}
	c := b.cards.of(cardKey{r.Platform, d.Project.ID, r.Command.View, r.Command.Page}, facts{d, now.Truncate(time.Minute)}, func() notify.Message {
		return b.card(r.Command, d, now)
	})
	return Reply{
		Message: c.message, encoded: c.encoded,
		Private: r.Command.Private || r.Button,
		Update:  r.Button && r.Command.Page > 0,
	}, nil
}

// dossier reads what the card tells of the project a command names, as project finds it.
func (b *Bot) dossier(ctx context.Context, c Command, now time.Time) (d store.Dossier, reply Reply, found bool, err error) {
	from := now.UTC().AddDate(0, 0, -chart.Days)
	slug, whole := slugOf(c)
	if whole {
		d, err = b.store.Dossier(ctx, slug, from)
		if !errors.Is(err, store.ErrNotFound) {
			return d, Reply{}, err == nil, err
		}
	}
	p, reply, found, err := b.guess(ctx, c)
	if err != nil || !found {
		return d, reply, found, err
	}
	d, err = b.store.Dossier(ctx, p.Slug, from)
	return d, Reply{}, err == nil, err
}

// card composes the view of a project that c asks for.
func (b *Bot) card(c Command, d store.Dossier, now time.Time) notify.Message {
	told := velocity.ToldOf(d.Snapshots)
	card := compose.Card{
		Project: d.Project, Moves: d.Moves, Reading: velocity.ReadTold(d.Project, d.Moves, told, now), Why: velocity.Why(d.Moves, now, reasons),
		View: string(c.View), Page: c.Page,
	}
	if c.View == ViewCard || c.View == "" {
		card.Picture = b.projectPicture(d.Project, d.Moves, told, card.Reading, now)
	}
	return compose.CardMessage(card, now)
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
