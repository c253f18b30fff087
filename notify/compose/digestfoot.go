package compose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/digest"
	"sparkbot/notify/zone"
	"sparkbot/store"
)

// maxReasons is how many subscriptions a foot names.
const maxReasons = 4

// local is a time as clocks in a zone show it; in UTC where the zone is unknown.
func local(t time.Time, name string) time.Time {
	where, err := zone.Load(name)
	if err != nil {
		return t.UTC()
	}
	return t.In(where)
}

// When writes a time in a zone, with the zone in words: Monday 10 August, 09:00
// Europe/Berlin.
func When(t time.Time, name string) string {
	return local(t, name).Format("Monday 2 January, 15:04 ") + ZoneWords(name)
}

// Weekly says when a schedule's digest comes: every Monday at 09:00
// Europe/Berlin.
func Weekly(s store.Schedule) string {
	return fmt.Sprintf("every %s at %02d:%02d %s", s.Weekday, s.Minute/60, s.Minute%60, ZoneWords(s.Zone))
}

// ZoneWords is a zone as people read it: America/New York.
func ZoneWords(name string) string { return strings.ReplaceAll(name, "_", " ") }

// digestFoot says which time the digest is about and why it comes here.
func digestFoot(w digest.Week) notify.Text {
	e := w.Edition
	const form = "Mon 2 Jan, 15:04"
	window := fmt.Sprintf("%s – %s %s", local(e.Begin, e.Schedule.Zone).Format(form), local(e.End, e.Schedule.Zone).Format(form), ZoneWords(e.Schedule.Zone))
	why := fmt.Sprintf("Comes %s, because this channel follows ", Weekly(e.Schedule))
	switch e.Variant {
	case store.OnDemand:
		why = "Somebody here asked for it; the weekly digest tells of these days as well. This channel follows "
	case store.Trial:
		why = "Somebody here wanted to see that digests arrive. This channel follows "
	case store.Weekly:
	}
	return notify.Text{Style: notify.Small, Spans: []notify.Span{fixed(window + "\n" + why), plain(reasons(w)), fixed(".")}}
}

// reasons names what a place follows.
func reasons(w digest.Week) string {
	follows := slices.Clone(w.Follows)
	// The widest reason says most.
	rank := map[store.TargetKind]int{store.TargetEverything: 0, store.TargetCategory: 1, store.TargetTag: 2, store.TargetProject: 3}
	slices.SortStableFunc(follows, func(a, b store.Follow) int { return rank[a.Kind] - rank[b.Kind] })
	names := map[string]string{}
	for _, m := range w.Ranked {
		names[m.Project.Slug] = name(m.Project, digestName)
	}
	var all []string
	for _, f := range follows {
		what := f.Value
		switch f.Kind {
		case store.TargetEverything:
			what = "everything"
		case store.TargetCategory:
			what = "the category " + short(f.Value, digestName)
		case store.TargetTag:
			what = "the tag " + short(f.Value, digestName)
		case store.TargetProject:
			if known := names[f.Value]; known != "" {
				what = known
			}
		}
		if len(f.Except) > 0 {
			what += fmt.Sprintf(" (without %s)", several(len(f.Except), "project"))
		}
		all = append(all, what)
	}
	if more := len(all) - maxReasons; more > 0 {
		all = append(all[:maxReasons], fmt.Sprintf("%d more", more))
	}
	return join(all)
}

// digestButtons lead to all projects of the digest and to what can be changed.
func digestButtons(w digest.Week) []notify.Button {
	var buttons []notify.Button
	switch {
	case len(w.Ranked) == 1:
		buttons = append(buttons, notify.Button{Label: "Card", Command: "show " + w.Ranked[0].Project.Slug + " card"})
	case len(w.Ranked) > 1:
		buttons = append(buttons, notify.Button{Label: fmt.Sprintf("Full list (%d)", len(w.Ranked)), Command: listCommand(w)})
	}
	return append(buttons,
		notify.Button{Label: "Mute alerts a week", Command: "mute 1w"},
		notify.Button{Label: "Change schedule", Command: "digest show"})
}

// listCommand asks for the full list of this edition; of a preview, which is kept
// nowhere, for that of the preview.
func listCommand(w digest.Week) string {
	if w.Edition.ID == 0 {
		return "digest preview page:1"
	}
	return fmt.Sprintf("digest list:%d", w.Edition.ID)
}

// DigestList is one page of all projects a digest is about.
type DigestList struct {
	Week digest.Week
	Page int // from 1
}

// DigestListMessage shows a page of a digest's projects, by size of change.
func DigestListMessage(l DigestList) notify.Message {
	w := l.Week
	pages := max(1, (len(w.Ranked)+PageRows-1)/PageRows)
	page := max(1, min(l.Page, pages))
	title := digestTitleOf(w)
	m := notify.Message{Accent: 0x8B5CF6, Fallback: fmt.Sprintf("%s: %s", title, several(len(w.Ranked), "project"))}
	m.Blocks = append(m.Blocks, notify.Text{Style: notify.Heading, Spans: []notify.Span{bold(title)}})
	first := (page - 1) * PageRows
	for _, mover := range w.Ranked[first:min(first+PageRows, len(w.Ranked))] {
		block := moverBlock(*mover, w.Edition)
		block.Button = &notify.Button{Label: "Card", Command: "show " + mover.Project.Slug + " card"}
		m.Blocks = append(m.Blocks, block)
	}
	if len(w.Ranked) == 0 {
		m.Blocks = append(m.Blocks, notify.Text{Spans: []notify.Span{plain(verdict(w))}})
	}
	if pages > 1 {
		m.Blocks = append(m.Blocks, foot(fmt.Sprintf("Page %d of %d, %d projects, by size of change", page, pages, len(w.Ranked))))
	}
	command := strings.TrimSuffix(listCommand(w), " page:1")
	var buttons []notify.Button
	if page > 1 {
		buttons = append(buttons, notify.Button{Label: "◀ Back", Command: fmt.Sprintf("%s page:%d", command, page-1)})
	}
	if page < pages {
		buttons = append(buttons, notify.Button{Label: "More ▶", Command: fmt.Sprintf("%s page:%d", command, page+1)})
	}
	if len(buttons) > 0 {
		m.Blocks = append(m.Blocks, notify.Actions{Buttons: buttons})
	}
	return m
}
