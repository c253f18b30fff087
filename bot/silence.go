package bot

import (
	"context"
	"errors"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/notify/zone"
	"sparkbot/store"
)

// testPatience is how long a test may take to be sent before it is given up.
const testPatience = time.Hour

// mute holds a place's alerts until a time.
func (b *Bot) mute(ctx context.Context, r Request) (Reply, error) {
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if errors.Is(err, store.ErrNotFound) {
		return private("There is nothing to mute: this channel has no subscriptions."), nil
	}
	if err != nil {
		return Reply{}, err
	}
	where, err := b.zoneOf(ctx, p)
	if err != nil {
		return Reply{}, err
	}
	location, err := zone.Load(where)
	if err != nil {
		return Reply{}, err
	}
	until, ok := muteEnd(r.Command.For, b.now(), location)
	if !ok {
		return Reply{}, misused("write 2h, 3d, 1w or until mon; 90 days at most", "%q is no time", notify.Cut(r.Command.For, 40))
	}
	mute, what := store.Mute{PlaceID: p.ID, Until: until, CatchUp: !r.Command.Drop}, "Alerts here are"
	if r.Command.Project != "" {
		project, reply, found, err := b.project(ctx, r.Command)
		if err != nil || !found {
			return reply, err
		}
		mute.ProjectID, what = project.ID, "Alerts of "+project.Name+" are"
	}
	if err := b.store.SetMute(ctx, mute); err != nil {
		return Reply{}, err
	}
	reply := private(what + " muted until " + compose.When(until, where) + ". " + afterwards(mute.CatchUp))
	reply.Message.Blocks = append(reply.Message.Blocks, notify.Actions{Buttons: []notify.Button{{Label: "Unmute", Command: string(Unmute)}}})
	return reply, nil
}

// afterwards says what becomes of what comes during a silence.
func afterwards(catchUp bool) string {
	if catchUp {
		return "What comes meanwhile is told then, in one message."
	}
	return "What comes meanwhile is dropped."
}

// unmute ends every mute of a place.
func (b *Bot) unmute(ctx context.Context, r Request) (Reply, error) {
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if errors.Is(err, store.ErrNotFound) {
		return private("Nothing is muted here."), nil
	}
	if err != nil {
		return Reply{}, err
	}
	now := b.now()
	n, err := b.store.ClearMutes(ctx, p.ID, now)
	if err != nil {
		return Reply{}, err
	}
	until := p.Quiet.Until(now)
	switch {
	case n == 0 && until.IsZero():
		return private("Nothing is muted here."), nil
	case n == 0:
		return private("Nothing is muted here. It is quiet until " + compose.When(until, p.Quiet.Zone) + "."), nil
	case !until.IsZero():
		return private("Unmuted. It is quiet until " + compose.When(until, p.Quiet.Zone) + "; what was held comes then, in one message."), nil
	default:
		return private("Unmuted. What was held comes now, in one message."), nil
	}
}

// test sends a message through the queue, so that a member sees what an alert
// would meet on its way.
func (b *Bot) test(ctx context.Context, r Request) (Reply, error) {
	if err := b.mayPost(ctx, r); err != nil {
		return Reply{}, err
	}
	p, err := b.place(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	now := b.now()
	_, _, err = b.store.Enqueue(ctx, store.Delivery{
		PlaceID: p.ID, Kind: store.DeliveryTest, Key: "test:" + r.ID, DueAt: now, GiveUpAt: now.Add(testPatience),
	})
	if err != nil {
		return Reply{}, err
	}
	return private("A test message is on its way to this channel. If it does not arrive within a few seconds, `sparkbot doctor` tells why."), nil
}
