package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/store"
)

// MaxLogDays is how far back a log goes at most.
const MaxLogDays = 30

const (
	logDays  = 7 // without a choice
	logRows  = 8 // on a page
	logRead  = 500
	logTitle = 90 // characters of a title
)

// fates tells what became of messages and moves at a place: what was sent, held,
// merged or given up, and of what was stored and not sent here, why not.
func (b *Bot) fates(ctx context.Context, r Request) (Reply, error) {
	q := store.LogQuery{Limit: logRead}
	title := "What became of messages here"
	if r.Command.Project != "" {
		p, reply, found, err := b.project(ctx, r.Command)
		if err != nil || !found {
			return reply, err
		}
		q.ProjectID, title = p.ID, "What became of "+p.Name+" here"
	}
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Reply{}, err
	}
	days := r.Command.Days
	if days < 1 {
		days = logDays
	}
	days = min(days, MaxLogDays)
	now := b.now()
	q.PlaceID, q.Since = p.ID, now.AddDate(0, 0, -days)
	where, err := b.zoneOf(ctx, p)
	if err != nil {
		return Reply{}, err
	}
	entries, err := b.store.Log(ctx, q)
	if err != nil {
		return Reply{}, err
	}
	subs, err := b.store.Subscriptions(ctx, p.ID)
	if err != nil {
		return Reply{}, err
	}
	if q.ProjectID == 0 {
		entries = slices.DeleteFunc(entries, func(e store.LogEntry) bool { return e.Delivery.ID == 0 && !aboutAny(subs, e.Project) })
	}
	blocks := []notify.Block{heading(title), small(fmt.Sprintf("The last %s.", count(days, "day")))}
	if p.Disabled() {
		blocks = append(blocks, paragraph("Alerts are stopped: "+p.DisabledReason+". What is missed comes as one message when they go on."))
	}
	blocks = append(blocks, b.logPage(r.Command, entries, subs, now, where)...)
	return Reply{
		Private: true, Update: r.Button && r.Command.Page > 0,
		Message: notify.Message{Accent: accent, Fallback: title, Blocks: blocks},
	}, nil
}

func aboutAny(subs []store.Subscription, p store.Project) bool {
	return slices.ContainsFunc(subs, func(s store.Subscription) bool { return s.Target.Covers(p) })
}

// logPage is one page of entries, with buttons to the others.
func (b *Bot) logPage(c Command, entries []store.LogEntry, subs []store.Subscription, now time.Time, where string) []notify.Block {
	if len(entries) == 0 {
		if c.Project != "" {
			return []notify.Block{paragraph("No move of it was stored in that time.")}
		}
		return []notify.Block{paragraph("Nothing was owed to this channel in that time, and no move of what it is subscribed to was stored. Name a project to ask about it.")}
	}
	pages := (len(entries) + logRows - 1) / logRows
	page := max(1, min(c.Page, pages))
	var blocks []notify.Block
	for _, e := range entries[(page-1)*logRows : min(page*logRows, len(entries))] {
		blocks = append(blocks, notify.Text{Spans: []notify.Span{
			{Text: subject(e), Bold: true},
			{Text: "\n"},
			{Text: fate(e, subs, b.maxAge, where) + "  ·  "},
			{Text: compose.Age(e.At(), now), At: e.At(), Fixed: true},
		}})
	}
	if pages == 1 {
		return blocks
	}
	var buttons []notify.Button
	turn := func(label string, to int) {
		if next := c; to >= 1 && to <= pages {
			next.Page = to
			buttons = append(buttons, notify.Button{Label: label, Command: next.String()})
		}
	}
	turn("Newer", page-1)
	turn("Older", page+1)
	return append(blocks, small(fmt.Sprintf("Page %d of %d", page, pages)), notify.Actions{Buttons: buttons})
}

// subject names what an entry is about.
func subject(e store.LogEntry) string {
	if e.Move.ID != 0 {
		mark := ""
		if e.Move.Spark {
			mark = "spark · "
		}
		return mark + notify.Cut(e.Project.Name, 60) + ": " + notify.Cut(e.Move.Title, logTitle)
	}
	switch e.Delivery.Kind {
	case store.DeliveryTest:
		return "A test message"
	case store.DeliveryTrend:
		return "A change of momentum"
	case store.DeliveryDigest:
		return "A weekly digest"
	default:
		return "A message (" + string(e.Delivery.Kind) + ")"
	}
}
