package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/notify/zone"
	"sparkbot/store"
)

// quiet says when a channel wants no alerts, or changes that.
func (b *Bot) quiet(ctx context.Context, r Request) (Reply, error) {
	switch r.Command.Quiet.Action {
	case QuietSet:
		return b.quietSet(ctx, r)
	case QuietOff:
		return b.quietOff(ctx, r)
	default:
		p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return Reply{}, err
		}
		return quietReply(r, "", p.Quiet, b.now()), nil
	}
}

func (b *Bot) quietSet(ctx context.Context, r Request) (Reply, error) {
	wish := r.Command.Quiet
	p, err := b.place(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	q := store.Quiet{CatchUp: !r.Command.Drop}
	if q.Zone, err = b.zoneOf(ctx, p); err != nil {
		return Reply{}, err
	}
	if wish.Zone != "" {
		name, near, ok := zone.Find(wish.Zone)
		if !ok {
			return noZone(r.Command, wish.Zone, near, func(c *Command, name string) { c.Quiet.Zone = name }), nil
		}
		q.Zone = name
	}
	if q.From, err = minutes(wish.From); err != nil {
		return Reply{}, err
	}
	if q.To, err = minutes(wish.To); err != nil {
		return Reply{}, err
	}
	if err := b.store.SetQuiet(ctx, p.ID, q, b.now()); err != nil {
		return Reply{}, err
	}
	return quietReply(r, "Done. ", q, b.now()), nil
}

func (b *Bot) quietOff(ctx context.Context, r Request) (Reply, error) {
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Reply{}, err
	}
	if !p.Quiet.Set() {
		return quietReply(r, "", store.Quiet{}, b.now()), nil
	}
	if err := b.store.SetQuiet(ctx, p.ID, store.Quiet{CatchUp: true}, b.now()); err != nil {
		return Reply{}, err
	}
	return quietReply(r, "Done. ", store.Quiet{}, b.now()), nil
}

// minutes reads 20:00 as minutes after midnight.
func minutes(clock string) (int, error) {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return 0, fmt.Errorf("the time %s is not readable: %w", strconv.Quote(clock), err)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// zoneOf is the zone in which a channel's times are meant: that of its quiet
// hours, else that of its digest.
func (b *Bot) zoneOf(ctx context.Context, p store.Place) (string, error) {
	if p.Quiet.Set() {
		return p.Quiet.Zone, nil
	}
	if p.ID == 0 {
		return store.DefaultSchedule.Zone, nil
	}
	d, err := b.store.Digest(ctx, p.ID)
	return d.Schedule.Zone, err
}

// quietReply says when it is quiet, what becomes of what comes meanwhile, and how
// to change that.
func quietReply(r Request, begin string, q store.Quiet, now time.Time) Reply {
	says := begin + quietWords(q)
	blocks := []notify.Block{paragraph(says)}
	if !q.Set() {
		blocks = append(blocks, notify.Text{Spans: []notify.Span{{Text: "To have quiet hours: "}, {Text: howToQuiet(r.Platform), Code: true, Fixed: true}}})
		return Reply{Private: true, Message: notify.Message{Accent: accent, Fallback: says, Blocks: blocks}}
	}
	if until := q.Until(now); !until.IsZero() {
		blocks = append(blocks, small("It is quiet now, until "+compose.When(until, q.Zone)+"."))
	} else {
		blocks = append(blocks, small("It is "+compose.When(now, q.Zone)+" now."))
	}
	wish := QuietWish{Action: QuietSet, From: clockOf(q.From), To: clockOf(q.To), Zone: q.Zone}
	other := notify.Button{Label: "Drop instead", Command: Command{Verb: Quiet, Quiet: wish, Drop: true}.String()}
	if !q.CatchUp {
		other = notify.Button{Label: "Catch up instead", Command: Command{Verb: Quiet, Quiet: wish}.String()}
	}
	blocks = append(blocks, notify.Actions{Buttons: []notify.Button{other, {Label: "Turn it off", Command: "quiet off"}}})
	return Reply{Private: true, Message: notify.Message{Accent: accent, Fallback: says, Blocks: blocks}}
}

// quietWords says in one or two sentences when a channel is quiet.
func quietWords(q store.Quiet) string {
	if !q.Set() {
		return "There are no quiet hours here."
	}
	then := fmt.Sprintf("what comes meanwhile is told in one message at %s", clockOf(q.To))
	if !q.CatchUp {
		then = "what comes meanwhile is dropped"
	}
	return fmt.Sprintf("Alerts are quiet here every day from %s to %s %s; %s.", clockOf(q.From), clockOf(q.To), compose.ZoneWords(q.Zone), then)
}

func clockOf(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

func howToQuiet(p store.Platform) string {
	if p == store.Discord {
		return "/sparkbot quiet from:20:00 to:08:00 timezone:Europe/Berlin"
	}
	return "/spark quiet 20:00-08:00 Europe/Berlin"
}
