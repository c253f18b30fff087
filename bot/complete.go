package bot

import (
	"context"
	"slices"
	"strings"

	"github.com/sahilm/fuzzy"

	"sparkbot/notify"
	"sparkbot/notify/zone"
)

// maxChoices is Discord's limit of suggestions:
// https://discord.com/developers/docs/interactions/application-commands#autocomplete
const maxChoices = 25

// The kinds of value that Complete knows.
const (
	CompleteProject      = "project"
	CompleteCategory     = "category"
	CompleteTag          = "tag"
	CompleteSubscription = "subscription"
	CompleteTimezone     = "timezone"
)

// Complete suggests values while a member types, best first and at most 25. An
// error is logged and gives none, because a suggestion is only a convenience.
func (b *Bot) Complete(ctx context.Context, kind, typed string, r Request) []Choice {
	if kind == CompleteTimezone {
		return same(zone.Matching(typed, maxChoices))
	}
	choices, err := b.choices(ctx, kind, r)
	if err != nil {
		b.log.Warn("no suggestions", "kind", kind, "error", err)
		return nil
	}
	if typed = strings.TrimSpace(typed); typed != "" {
		choices = matching(choices, typed)
	}
	return choices[:min(maxChoices, len(choices))]
}

func (b *Bot) choices(ctx context.Context, kind string, r Request) ([]Choice, error) {
	if kind == CompleteSubscription {
		return b.subscriptionChoices(ctx, r)
	}
	projects, err := b.store.Projects(ctx)
	if err != nil {
		return nil, err
	}
	switch kind {
	case CompleteCategory:
		return same(categories(projects)), nil
	case CompleteTag:
		return same(tags(projects)), nil
	default:
		choices := make([]Choice, len(projects))
		for i, p := range projects {
			choices[i] = Choice{Label: notify.Cut(p.Name, 60), Value: p.Slug}
			if !strings.EqualFold(p.Name, p.Slug) && len(p.Slug) <= 35 {
				choices[i].Label += " (" + p.Slug + ")"
			}
		}
		return choices, nil
	}
}

func (b *Bot) subscriptionChoices(ctx context.Context, r Request) ([]Choice, error) {
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if err != nil {
		return nil, nil //nolint:nilerr // a channel without a place has no subscriptions to suggest
	}
	subs, err := b.store.Subscriptions(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	var choices []Choice
	for _, s := range subs {
		choices = append(choices, same([]string{s.Target.String()})...)
	}
	if len(subs) > 1 {
		choices = append(choices, Choice{Label: "all of them", Value: "all"})
	}
	return choices, nil
}

func same(values []string) []Choice {
	choices := make([]Choice, 0, len(values))
	for _, v := range values {
		if len(v) <= 100 {
			choices = append(choices, Choice{Label: v, Value: v})
		}
	}
	return choices
}

// matching keeps the choices that fit what was typed, best first: those that
// begin with it, then those whose letters hold it in order.
func matching(choices []Choice, typed string) []Choice {
	fold := strings.ToLower(typed)
	begins := func(c Choice) bool {
		return strings.HasPrefix(strings.ToLower(c.Label), fold) || strings.HasPrefix(c.Value, fold)
	}
	var out []Choice
	for _, c := range choices {
		if begins(c) {
			out = append(out, c)
		}
	}
	labels := make([]string, len(choices))
	for i, c := range choices {
		labels[i] = c.Label
	}
	for _, m := range fuzzy.Find(typed, labels) {
		if c := choices[m.Index]; !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// closest gives at most ten values, those that resemble what was typed first.
func closest(known []string, typed string) []string {
	var near []string
	for _, c := range matching(same(known), typed) {
		near = append(near, c.Value)
	}
	for _, k := range known {
		if !slices.Contains(near, k) {
			near = append(near, k)
		}
	}
	return near[:min(10, len(near))]
}
