package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sparkbot/notify"
	"sparkbot/store"
)

// subscribe checks everything first and stores last, so that a no leaves
// nothing behind.
func (b *Bot) subscribe(ctx context.Context, r Request) (Reply, error) {
	projects, err := b.store.Projects(ctx)
	if err != nil {
		return Reply{}, err
	}
	target, reply, found := aim(r.Command, projects)
	if !found {
		return reply, nil
	}
	except, err := exceptions(projects, r.Command.Except)
	if err != nil {
		return Reply{}, err
	}
	if err := b.mayPost(ctx, r); err != nil {
		return Reply{}, err
	}
	events := r.Command.Events
	if events == store.NoEvents {
		events = store.DefaultEvents
	}
	p, err := b.place(ctx, r)
	if err != nil {
		return Reply{}, err
	}
	sub, err := b.store.Subscribe(ctx, store.Subscription{
		PlaceID: p.ID, Target: target, Except: except, Events: events, Role: r.Command.Role, CreatedBy: r.User,
	})
	if err != nil {
		return Reply{}, err
	}
	subs, err := b.store.Subscriptions(ctx, p.ID)
	if err != nil {
		return Reply{}, err
	}
	d, err := b.armed(ctx, p.ID)
	if err != nil {
		return Reply{}, err
	}
	return echo("Subscribed. ", r, sub, projects, d, len(subs) == 1), nil
}

// aim makes a typed target one that is stored: a slug, or a category or tag
// as some project has it.
func aim(c Command, projects []store.Project) (t store.Target, reply Reply, found bool) {
	t = c.Target
	switch t.Kind {
	case store.TargetEverything:
		return t, reply, true
	case store.TargetCategory, store.TargetTag: // below
	case store.TargetProject:
		p, suggestions, ambiguous, found := resolve(projects, t.Value)
		if found {
			return store.Target{Kind: t.Kind, Value: p.Slug}, reply, true
		}
		return t, suggestTargets(c, noProject(t.Value, suggestions, ambiguous, len(projects)), slugs(suggestions)), false
	}
	known := categories(projects)
	if t.Kind == store.TargetTag {
		known = tags(projects)
	}
	for _, k := range known {
		if strings.EqualFold(k, t.Value) {
			return store.Target{Kind: t.Kind, Value: k}, reply, true
		}
	}
	near := closest(known, t.Value)
	text := fmt.Sprintf("No project has the %s “%s”.", t.Kind, notify.Cut(t.Value, 60))
	if len(near) > 0 {
		text += " There is " + strings.Join(near, ", ") + "."
	}
	return t, suggestTargets(c, text, near), false
}

// suggestTargets offers the same command with other targets.
func suggestTargets(c Command, text string, values []string) Reply {
	reply := private(text)
	var buttons []notify.Button
	for _, v := range values[:min(maxSuggestions, len(values))] {
		again := c
		again.Target.Value = v
		if command := again.String(); len(command) <= 90 && c.Role == "" && c.Channel == "" {
			buttons = append(buttons, notify.Button{Label: notify.Cut(v, 40), Command: command})
		}
	}
	if len(buttons) > 0 {
		reply.Message.Blocks = append(reply.Message.Blocks, notify.Actions{Buttons: buttons})
	}
	return reply
}

func exceptions(projects []store.Project, names []string) ([]string, error) {
	var except []string
	for _, name := range names {
		p, suggestions, ambiguous, found := resolve(projects, name)
		if !found {
			return nil, &refusal{"Nothing was changed. " + noProject(name, suggestions, ambiguous, len(projects))}
		}
		except = append(except, p.Slug)
	}
	slices.Sort(except)
	return slices.Compact(except), nil
}

// unsubscribe ends one subscription or all of a place.
func (b *Bot) unsubscribe(ctx context.Context, r Request) (Reply, error) {
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if errors.Is(err, store.ErrNotFound) {
		return private("This channel has no subscriptions."), nil
	}
	if err != nil {
		return Reply{}, err
	}
	if r.Command.Everywhere {
		n, err := b.store.UnsubscribeAll(ctx, p.ID)
		if err != nil {
			return Reply{}, err
		}
		return private(fmt.Sprintf("Done: %s ended. This channel hears of nothing now, and gets no digest.", count(n, "subscription"))), nil
	}
	subs, err := b.store.Subscriptions(ctx, p.ID)
	if err != nil {
		return Reply{}, err
	}
	t, ok, err := b.subscribed(ctx, subs, r.Command.Target)
	if err != nil {
		return Reply{}, err
	}
	if !ok {
		return Reply{}, &refusal{fmt.Sprintf("This channel has no subscription to %s. %s", notify.Cut(r.Command.Target.String(), 80), held(subs))}
	}
	if err := b.store.Unsubscribe(ctx, p.ID, t); err != nil {
		return Reply{}, err
	}
	left := slices.DeleteFunc(subs, func(s store.Subscription) bool { return s.Target == t })
	d, err := b.armed(ctx, p.ID)
	if err != nil {
		return Reply{}, err
	}
	return private(fmt.Sprintf("Done: this channel no longer hears of %s. %s %s", t, held(left), nextDigest(d))), nil
}

// subscribed finds which of a place's subscriptions is meant. A project may be
// named as loosely as in any command.
func (b *Bot) subscribed(ctx context.Context, subs []store.Subscription, t store.Target) (store.Target, bool, error) {
	for _, s := range subs {
		if s.Target.Kind == t.Kind && strings.EqualFold(s.Target.Value, t.Value) {
			return s.Target, true, nil
		}
	}
	if t.Kind != store.TargetProject {
		return t, false, nil
	}
	projects, err := b.store.Projects(ctx)
	if err != nil {
		return t, false, err
	}
	p, _, _, found := resolve(projects, t.Value)
	if !found {
		return t, false, nil
	}
	t.Value = p.Slug
	return t, slices.ContainsFunc(subs, func(s store.Subscription) bool { return s.Target == t }), nil
}

func held(subs []store.Subscription) string {
	if len(subs) == 0 {
		return "It has no subscriptions."
	}
	names := make([]string, len(subs))
	for i, s := range subs {
		names[i] = s.Target.String()
	}
	return "It is subscribed to " + strings.Join(names, ", ") + "."
}
