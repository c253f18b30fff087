package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sparkbot/notify"
	"sparkbot/store"
)

// only has a channel hear no more of a project than its sparks: every subscription
// that lets all of its moves through is changed to sparks. One of a category, a
// tag or everything changes for its other projects as well, which the reply says.
func (b *Bot) only(ctx context.Context, r Request) (Reply, error) {
	project, reply, found, err := b.project(ctx, r.Command)
	if err != nil || !found {
		return reply, err
	}
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if errors.Is(err, store.ErrNotFound) {
		return private("This channel has no subscriptions."), nil
	}
	if err != nil {
		return Reply{}, err
	}
	subs, err := b.store.Subscriptions(ctx, p.ID)
	if err != nil {
		return Reply{}, err
	}
	var changed, before []store.Subscription
	for _, s := range subs {
		if !s.Events.Has(store.Moves) || !s.Target.Covers(project) || slices.Contains(s.Except, project.Slug) {
			continue
		}
		before = append(before, s)
		s.Events = s.Events&^store.Moves | store.Sparks
		if s, err = b.store.Subscribe(ctx, s); err != nil {
			return Reply{}, err
		}
		changed = append(changed, s)
	}
	if len(changed) == 0 {
		return private(fmt.Sprintf("Nothing was changed: no subscription of this channel lets moves of %s through that are no sparks. %s", project.Name, held(subs))), nil
	}
	d, err := b.armed(ctx, p.ID)
	if err != nil {
		return Reply{}, err
	}
	return onlyReply(project, changed, before, d), nil
}

func onlyReply(p store.Project, changed, before []store.Subscription, d store.Digest) Reply {
	says := "Of " + p.Name + " this channel hears only sparks from now on."
	var lines []notify.Span
	var buttons []notify.Button
	wide := false
	for i, s := range changed {
		lines = append(lines, bullet(s)...)
		wide = wide || s.Target.Kind != store.TargetProject
		back := Command{Verb: Subscribe, Target: before[i].Target, Events: before[i].Events, Except: before[i].Except}.String()
		if len(back) <= 90 && before[i].Role == "" && len(buttons) < 4 {
			buttons = append(buttons, notify.Button{Label: notify.Cut("All moves of "+s.Target.String()+" again", 60), Command: back})
		}
	}
	blocks := []notify.Block{paragraph(says), notify.Text{Spans: trimBreak(lines)}}
	if wide {
		blocks = append(blocks, small("What let its moves through is wider than "+p.Name+", so the other projects there are told of by their sparks alone, too."))
	}
	blocks = append(blocks, small(nextDigest(d)), notify.Actions{Buttons: append(buttons, notify.Button{Label: "Show all", Command: string(List)})})
	return Reply{Private: true, Message: notify.Message{Accent: accent, Fallback: says, Blocks: blocks}}
}
