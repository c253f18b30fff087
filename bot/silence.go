package bot

import (
	"context"
	"errors"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// testPatience is how long a test may take to be sent before it is given up.
const testPatience = time.Hour

// mute holds a place's alerts until a time.
func (b *Bot) mute(ctx context.Context, r Request) (Reply, error) {
	now := b.now()
	until, ok := muteEnd(r.Command.For, now)
	if !ok {
		return Reply{}, misused("write 2h, 3d, 1w or until mon; 90 days at most", "%q is no time", notify.Cut(r.Command.For, 40))
	}
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if errors.Is(err, store.ErrNotFound) {
		return private("There is nothing to mute: this channel has no subscriptions."), nil
	}
	if err != nil {
		return Reply{}, err
	}
	mute, what := store.Mute{PlaceID: p.ID, Until: until, CatchUp: true}, "Alerts here are"
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
	reply := private(what + " muted until " + clock(until) + ". What comes meanwhile is held, and sent then.")
	reply.Message.Blocks = append(reply.Message.Blocks, notify.Actions{Buttons: []notify.Button{{Label: "Unmute", Command: string(Unmute)}}})
	return reply, nil
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
	n, err := b.store.ClearMutes(ctx, p.ID, b.now())
	if err != nil {
		return Reply{}, err
	}
	if n == 0 {
		return private("Nothing is muted here."), nil
	}
	return private("Unmuted. What was held comes now."), nil
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
