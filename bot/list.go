package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/store"
)

// wideRows bounds a listing of a whole workspace; a message holds no more.
const wideRows = 40

// list answers with what this channel, or the whole workspace, hears of.
func (b *Bot) list(ctx context.Context, r Request) (Reply, error) {
	if r.Command.Wide {
		return b.listWide(ctx, r)
	}
	blocks, err := b.heard(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Private: true, Message: notify.Message{Accent: accent, Fallback: "What this channel hears of", Blocks: blocks}}, nil
}

// heard tells what a channel is subscribed to, in full.
func (b *Bot) heard(ctx context.Context, r Request) ([]notify.Block, error) {
	blocks := []notify.Block{heading("What this channel hears of")}
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	var subs []store.Subscription
	if err == nil {
		if subs, err = b.store.Subscriptions(ctx, p.ID); err != nil {
			return nil, err
		}
	}
	if len(subs) == 0 {
		return append(blocks, paragraph("Nothing yet. "+firstStep(r.Platform))), nil
	}
	if p.Disabled() {
		blocks = append(blocks, paragraph("Alerts are stopped: "+p.DisabledReason+". Mend that, then run a test here and they go on; what was missed comes as one message."))
	}
	var lines []notify.Span
	for _, s := range subs[:min(len(subs), wideRows)] {
		lines = append(lines, bullet(s)...)
	}
	if more := len(subs) - wideRows; more > 0 {
		lines = append(lines, notify.Span{Text: fmt.Sprintf("… and %d more", more)})
	}
	blocks = append(blocks, notify.Text{Spans: trimBreak(lines)})
	d, err := b.armed(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	blocks = append(blocks, small(nextDigest(d)))
	silent, err := b.silent(ctx, p)
	return append(blocks, silent...), err
}

// silent tells of the mutes and the quiet hours of a place.
func (b *Bot) silent(ctx context.Context, p store.Place) (blocks []notify.Block, err error) {
	mutes, err := b.store.Mutes(ctx, p.ID, b.now())
	if err != nil {
		return nil, err
	}
	where, err := b.zoneOf(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, m := range mutes {
		what := "Everything"
		if m.ProjectID != 0 {
			what = b.nameOf(ctx, m.ProjectID)
		}
		blocks = append(blocks, small(what+" is muted until "+compose.When(m.Until, where)+". "+afterwards(m.CatchUp)))
	}
	if p.Quiet.Set() {
		blocks = append(blocks, small(quietWords(p.Quiet)))
	}
	return blocks, nil
}

// nameOf gives the name of a project, or a general word when it is gone.
func (b *Bot) nameOf(ctx context.Context, id int64) string {
	projects, err := b.store.Projects(ctx)
	if err == nil {
		if i := slices.IndexFunc(projects, func(p store.Project) bool { return p.ID == id }); i >= 0 {
			return projects[i].Name
		}
	}
	return "A project"
}

func (b *Bot) listWide(ctx context.Context, r Request) (Reply, error) {
	listings, err := b.store.Listings(ctx, r.Platform, r.Workspace)
	if err != nil {
		return Reply{}, err
	}
	blocks := []notify.Block{heading("What the channels here hear of")}
	if len(listings) == 0 {
		blocks = append(blocks, paragraph("No channel is subscribed yet. "+firstStep(r.Platform)))
	}
	var lines []notify.Span
	for i, l := range listings[:min(len(listings), wideRows)] {
		if i == 0 || listings[i-1].Place.ID != l.Place.ID {
			lines = append(lines, notify.Span{Channel: l.Place.Channel, Text: l.Place.Channel, Fixed: true})
			if l.Place.Disabled() {
				lines = append(lines, notify.Span{Text: "  stopped: " + l.Place.DisabledReason, Italic: true})
			}
			lines = append(lines, notify.Span{Text: "\n", Fixed: true})
		}
		lines = append(lines, bullet(l.Subscription)...)
	}
	if more := len(listings) - wideRows; more > 0 {
		lines = append(lines, notify.Span{Text: fmt.Sprintf("… and %s more", count(more, "subscription"))})
	}
	if len(lines) > 0 {
		blocks = append(blocks, notify.Text{Spans: trimBreak(lines)})
	}
	return Reply{Private: true, Message: notify.Message{Accent: accent, Fallback: "What the channels here hear of", Blocks: blocks}}, nil
}

// bullet tells one subscription in one line.
func bullet(s store.Subscription) []notify.Span {
	rest := ": " + strings.Join(eventWords(s.Events), ", ")
	if len(s.Except) > 0 {
		rest += "; without " + strings.Join(s.Except, ", ")
	}
	if s.Role != "" {
		rest += "; mentions a role"
	}
	return []notify.Span{{Text: "• ", Fixed: true}, {Text: s.Target.String(), Bold: true}, {Text: rest + "\n"}}
}

// trimBreak takes the line break from the end of the last span.
func trimBreak(spans []notify.Span) []notify.Span {
	if n := len(spans); n > 0 {
		spans[n-1].Text = strings.TrimRight(spans[n-1].Text, "\n")
	}
	return spans
}

// overview is the answer to the bare command.
func (b *Bot) overview(ctx context.Context, r Request) (Reply, error) {
	blocks, err := b.heard(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	blocks = append(append(blocks, notify.Divider{}), brief(r.Platform)...)
	return Reply{Private: true, Message: notify.Message{Accent: accent, Fallback: "sparkbot: what this channel hears of, and what you can ask", Blocks: blocks}}, nil
}
