package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sparkbot/bot/sandbox"
	"sparkbot/store"
)

// lever is what a visitor pulls. Do says which; the rest is read as that needs it.
type lever struct {
	Do       string         `json:"do"` // store, edit, retract, clock, digest or break
	Move     int64          `json:"move"`
	Project  string         `json:"project"`
	Title    string         `json:"title"`
	Summary  string         `json:"summary"`
	Spark    bool           `json:"spark"`
	Hours    int            `json:"hours"`
	Platform store.Platform `json:"platform"`
	Kind     string         `json:"kind"` // of what breaks
}

// pull does it and says what was done.
func (p *panel) pull(ctx context.Context, l lever) (said string, err error) {
	w := written{ID: l.Move, Project: l.Project, Title: strings.TrimSpace(l.Title), Summary: strings.TrimSpace(l.Summary), Spark: l.Spark}
	switch l.Do {
	case "store", "edit":
		if n := utf8.RuneCountInString(w.Title); n < 1 || n > 1000 || utf8.RuneCountInString(w.Summary) > 20_000 {
			return "", errors.New("a title has 1 to 1,000 characters and a summary at most 20,000")
		}
		if l.Do == "edit" {
			return "Edited, by plain SQL.", p.outside.edit(ctx, w)
		}
		return "Stored, by plain SQL.", p.outside.store(ctx, w, p.clock.Now())
	case "retract":
		return "Taken back, by plain SQL.", p.outside.retract(ctx, l.Move, p.clock.Now())
	case "clock":
		if l.Hours < 1 || l.Hours > 24*28 {
			return "", errors.New("the clock moves by an hour up to four weeks")
		}
		p.forward(ctx, time.Duration(l.Hours)*time.Hour)
		return "It is " + p.clock.Now().UTC().Format("Monday 2 January 15:04") + " UTC.", nil
	case "digest":
		return p.digest(ctx)
	case "break":
		return p.breaks(l.Platform, l.Kind)
	}
	return "", fmt.Errorf("there is no lever %q", l.Do)
}

const (
	// stride is how far the clock moves at once: less than any alert is tried after
	// its mute, so that nothing is given up because the clock ran.
	stride = 3 * time.Hour
	// rest is how long the loops get after a stride, to see what became due, and
	// patience how long they get to finish with that.
	rest     = 25 * time.Millisecond
	patience = 5 * time.Second
)

// forward moves the clock in strides, and lets the bot do after each what has
// become due.
func (p *panel) forward(ctx context.Context, d time.Duration) {
	for d > 0 && ctx.Err() == nil {
		p.settle(ctx)
		by := min(d, stride)
		p.clock.Move(by)
		d -= by
		p.app.LookAgain()
		pause(ctx, rest)
	}
	p.settle(ctx)
}

// settle waits until nothing is due, for so long as it makes sense: while a
// platform is broken, something always is.
func (p *panel) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !p.quiet(ctx) && ctx.Err() == nil {
		pause(ctx, rest)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// digest asks for the week's digest in every channel, as a member does.
func (p *panel) digest(ctx context.Context) (string, error) {
	var said []string
	for _, place := range p.places() {
		run, text := p.world.Slack().RunText, "/spark digest now"
		if place.Platform == store.Discord {
			run, text = p.world.Discord().RunText, "/sparkbot digest now"
		}
		answer, err := run(ctx, storyMember, place.Channel, text)
		if err != nil {
			return "", fmt.Errorf("%s #%s: %w", place.Platform, p.channelName(place), err)
		}
		said = append(said, fmt.Sprintf("%s #%s: %s", place.Platform, p.channelName(place), answer.Message.Text))
	}
	return strings.Join(said, " · "), nil
}

const (
	tooManyWait = 3 // seconds
	failures    = 3 // requests that fail with a 500
)

// breaks makes a platform fail, or lets the bot back in.
func (p *panel) breaks(platform store.Platform, kind string) (string, error) {
	discord, slack := p.world.Discord(), p.world.Slack()
	fail, fault := slack.Fail, sandbox.Fault{Method: http.MethodPost, Path: "chat.postMessage", Header: map[string]string{"Content-Type": "application/json"}}
	name, drop := "Slack", slack.DropSockets
	if platform == store.Discord {
		name, fail, fault.Path, drop = "Discord", discord.Fail, "/messages", discord.DropGateway
	} else if platform != store.Slack {
		return "", fmt.Errorf("there is no platform %q", platform)
	}
	switch kind {
	case "429":
		fault.Status, fault.Header["Retry-After"] = http.StatusTooManyRequests, strconv.Itoa(tooManyWait)
		fault.Body = `{"ok":false,"error":"ratelimited"}`
		if platform == store.Discord {
			fault.Body = fmt.Sprintf(`{"message":"You are being rate limited.","retry_after":%d,"global":false}`, tooManyWait)
		}
		fail(fault)
		return fmt.Sprintf("%s throttles the next message for %d s.", name, tooManyWait), nil
	case "500":
		fault.Status, fault.Times, fault.Body = http.StatusInternalServerError, failures, `{"message":"500: Internal Server Error"}`
		fail(fault)
		return fmt.Sprintf("%s fails the next %d messages.", name, failures), nil
	case "drop":
		fault.AfterAccept = true
		fail(fault)
		drop()
		return name + " hangs up, and will take the next message without saying so.", nil
	case "kick", "invite":
		for _, place := range p.places() {
			if place.Platform == platform {
				p.door(place, kind == "invite")
			}
		}
		if kind == "kick" {
			return "The bot was kicked out of " + name + ".", nil
		}
		return "The bot is let back in; it asks once an hour, or comes at once with a management command.", nil
	}
	return "", fmt.Errorf("nothing breaks as %q", kind)
}

// door lets the bot into a channel or shuts it out.
func (p *panel) door(place store.Place, open bool) {
	switch {
	case place.Platform == store.Discord && open:
		p.world.Discord().Allow(place.Channel)
	case place.Platform == store.Discord:
		p.world.Discord().Deny(place.Channel)
	case open:
		p.world.Slack().Invite(place.Channel)
	default:
		p.world.Slack().Kick(place.Channel)
	}
}
