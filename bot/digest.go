package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/notify/digest"
	"sparkbot/notify/zone"
	"sparkbot/store"
)

// Digests keeps when weekly digests come, and what they are about.
type Digests interface {
	digest.Library
	Digest(ctx context.Context, placeID int64) (store.Digest, error)
	SetDigest(ctx context.Context, d store.Digest) error
	// Follows gives what a place follows for its digest; empty for nothing.
	Follows(ctx context.Context, placeID int64) (string, error)
	Notices(ctx context.Context) (int64, error)
	PutEdition(ctx context.Context, e store.Edition) (store.Edition, error)
	// EditionOf gives store.ErrNotFound for one that the place was not sent.
	EditionOf(ctx context.Context, placeID, id int64) (store.Edition, error)
}

// digestPatience is how long a digest that a member asked for may take to be sent.
const digestPatience = time.Hour

// digest carries out a digest command.
func (b *Bot) digest(ctx context.Context, r Request) (Reply, error) {
	switch r.Command.Digest.Action {
	case DigestSet, DigestOn, DigestOff:
		return b.digestSet(ctx, r)
	case DigestNow:
		return b.digestNow(ctx, r, store.OnDemand)
	case DigestPreview:
		return b.digestPreview(ctx, r)
	case DigestList:
		return b.digestList(ctx, r)
	default:
		return b.digestShow(ctx, r)
	}
}

// digestPlace finds the place a question comes from; a channel that never
// subscribed has one without an id.
func (b *Bot) digestPlace(ctx context.Context, r Request) (p store.Place, d store.Digest, err error) {
	p, err = b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if errors.Is(err, store.ErrNotFound) {
		return store.Place{}, store.Digest{Schedule: store.DefaultSchedule}, nil
	}
	if err != nil {
		return p, d, err
	}
	d, err = b.armed(ctx, p.ID)
	return p, d, err
}

// armed reads a place's digest and works out its next time if nobody did yet.
func (b *Bot) armed(ctx context.Context, placeID int64) (store.Digest, error) {
	d, err := b.store.Digest(ctx, placeID)
	if err != nil || d.Off || !d.NextAt.IsZero() {
		return d, err
	}
	if d.NextAt, err = digest.NextOf(d, b.now()); err != nil {
		return d, err
	}
	return d, b.store.SetDigest(ctx, d)
}

func (b *Bot) digestShow(ctx context.Context, r Request) (Reply, error) {
	_, d, err := b.digestPlace(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	return b.schedule(r, "", d), nil
}

// digestSet changes what was named and leaves the rest. Whoever sets a time
// wants the digest, so that turns it on.
func (b *Bot) digestSet(ctx context.Context, r Request) (Reply, error) {
	wish := r.Command.Digest
	where := ""
	if wish.Zone != "" {
		name, near, ok := zone.Find(wish.Zone)
		if !ok {
			return noZone(r.Command, wish.Zone, near, func(c *Command, name string) { c.Digest.Zone = name }), nil
		}
		where = name
	}
	if wish.Action != DigestOff {
		if err := b.mayPost(ctx, r); err != nil {
			return Reply{}, err
		}
	}
	p, err := b.place(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	d, err := b.store.Digest(ctx, p.ID)
	if err != nil {
		return Reply{}, err
	}
	if err := apply(wish, where, &d); err != nil {
		return Reply{}, err
	}
	d.NextAt = time.Time{}
	if !d.Off {
		if d.NextAt, err = digest.NextOf(d, b.now()); err != nil {
			return Reply{}, err
		}
	}
	if err := b.store.SetDigest(ctx, d); err != nil {
		return Reply{}, err
	}
	return b.schedule(r, "Done. ", d), nil
}

func apply(wish DigestWish, where string, d *store.Digest) error {
	timed := wish.Day+wish.Time+where != ""
	switch {
	case wish.Action == DigestOff:
		d.Off = true
	case wish.Action == DigestOn, timed:
		d.Off = false
	}
	if wish.Day != "" {
		for i, short := range weekdays {
			if short == wish.Day {
				d.Schedule.Weekday = time.Weekday(i)
			}
		}
	}
	if wish.Time != "" {
		hour, err := strconv.Atoi(wish.Time[:2])
		if err != nil {
			return fmt.Errorf("the time %q is not readable: %w", wish.Time, err)
		}
		minute, err := strconv.Atoi(wish.Time[3:])
		if err != nil {
			return fmt.Errorf("the time %q is not readable: %w", wish.Time, err)
		}
		d.Schedule.Minute = hour*60 + minute
	}
	if where != "" {
		d.Schedule.Zone = where
	}
	if wish.WhenQuiet != "" {
		d.SkipQuiet = wish.WhenQuiet == QuietSkip
	}
	return nil
}

// noZone offers the zones that may be meant, as the same command with each of
// them.
func noZone(c Command, typed string, near []string, with func(c *Command, name string)) Reply {
	text := fmt.Sprintf("“%s” is no time zone I know, so nothing was changed. A zone is named like Europe/Berlin or America/New_York, because a fixed distance to UTC would be wrong half of the year.",
		notify.Cut(typed, 60))
	if len(near) == 0 {
		return private(text)
	}
	text = fmt.Sprintf("“%s” is no time zone I know, so nothing was changed. Did you mean one of these?", notify.Cut(typed, 60))
	reply := private(text)
	var buttons []notify.Button
	for _, name := range near {
		again := c
		with(&again, name)
		if command := again.String(); len(command) <= 90 {
			buttons = append(buttons, notify.Button{Label: name, Command: command})
		}
	}
	reply.Message.Blocks = append(reply.Message.Blocks, notify.Actions{Buttons: buttons})
	return reply
}

// schedule says when the digest comes and how to change that.
func (b *Bot) schedule(r Request, begin string, d store.Digest) Reply {
	says := begin + nextDigest(d)
	quiet := "A week in which nothing moves is told in one line."
	if d.SkipQuiet {
		quiet = "A week in which nothing moves is left out."
	}
	blocks := []notify.Block{heading("Weekly digest"), paragraph(says)}
	if !d.Off {
		blocks = append(blocks, small(quiet))
	}
	blocks = append(blocks,
		notify.Text{Spans: []notify.Span{{Text: "Another time: "}, {Text: howToSet(r.Platform), Code: true, Fixed: true}}},
		notify.Actions{Buttons: scheduleButtons(d)})
	return Reply{Private: true, Message: notify.Message{Accent: accent, Fallback: says, Blocks: blocks}}
}

func howToSet(p store.Platform) string {
	if p == store.Discord {
		return "/sparkbot digest set day:fri time:16:00 timezone:Europe/Berlin"
	}
	return "/spark digest fri 16:00 Europe/Berlin"
}

// scheduleButtons are what many want, as commands of the grammar.
func scheduleButtons(d store.Digest) []notify.Button {
	var buttons []notify.Button
	for _, s := range []store.Schedule{{Weekday: time.Monday, Minute: 9 * 60}, {Weekday: time.Friday, Minute: 16 * 60}} {
		if s.Zone = d.Schedule.Zone; s == d.Schedule && !d.Off {
			continue
		}
		buttons = append(buttons, notify.Button{
			Label: fmt.Sprintf("%ss %02d:00", s.Weekday, s.Minute/60), Command: "digest " + s.String(),
		})
	}
	if d.Off {
		return append(buttons, notify.Button{Label: "Turn it on", Command: "digest on", Primary: true})
	}
	quiet := notify.Button{Label: "Skip quiet weeks", Command: "digest when-quiet " + QuietSkip}
	if d.SkipQuiet {
		quiet = notify.Button{Label: "Tell of quiet weeks", Command: "digest when-quiet " + QuietOneLine}
	}
	return append(buttons[:min(2, len(buttons))], quiet,
		notify.Button{Label: "Preview", Command: "digest preview"},
		notify.Button{Label: "Turn it off", Command: "digest off"})
}

// nextDigest says in one sentence when a place's next digest comes.
func nextDigest(d store.Digest) string {
	switch {
	case d.Off:
		return "The weekly digest is off here."
	case !d.Wanted:
		return fmt.Sprintf("No weekly digest comes, because no subscription of this channel chose it; it would come %s.", compose.Weekly(d.Schedule))
	default:
		return fmt.Sprintf("The next weekly digest comes on %s.", compose.When(d.NextAt, d.Schedule.Zone))
	}
}
