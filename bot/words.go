package bot

import (
	"fmt"
	"slices"
	"strings"

	"sparkbot/notify"
	"sparkbot/store"
)

// echo tells a subscription in full, as it is stored now, and when the place's
// digest comes. With the first one, a member is asked whether that time suits.
func echo(begin string, r Request, s store.Subscription, projects []store.Project, d store.Digest, first bool) Reply {
	what := s.Target.String()
	if s.Target.Kind == store.TargetProject {
		if i := slices.IndexFunc(projects, func(p store.Project) bool { return p.Slug == s.Target.Value }); i >= 0 {
			what = projects[i].Name
		}
	}
	spans := []notify.Span{
		{Text: begin},
		{Channel: r.Channel, Text: r.Channel, Fixed: true},
		{Text: " hears of "},
		{Text: what, Bold: true},
		{Text: ": " + strings.Join(eventWords(s.Events), ", ") + "."},
	}
	if len(s.Except) > 0 {
		spans = append(spans, notify.Span{Text: " Left out: " + strings.Join(s.Except, ", ") + "."})
	}
	if s.Role != "" {
		spans = append(spans, notify.Span{Text: " Alerts mention the role you chose."})
	}
	blocks := []notify.Block{notify.Text{Spans: spans}}
	blocks = append(blocks, small(nextDigest(d)))
	if first && d.Wanted && !d.Off {
		blocks = append(blocks, notify.Text{Style: notify.Small, Spans: []notify.Span{
			{Text: "Does another time suit this channel better? "}, {Text: howToSet(r.Platform), Code: true, Fixed: true},
		}})
	}
	// Pressed, a button is about the channel it stands in.
	if r.Command.Channel == "" {
		blocks = append(blocks, notify.Actions{Buttons: []notify.Button{
			{Label: "Send a test", Command: string(Test)},
			{Label: "Show all", Command: string(List)},
			{Label: "Change digest time", Command: "digest show"},
		}})
	}
	return Reply{Private: true, Message: notify.Message{Accent: accent, Fallback: begin + "This channel hears of " + what + ".", Blocks: blocks}}
}

// eventWords names events for people.
func eventWords(e store.Events) []string {
	words := e.Names()
	for i, w := range words {
		switch w {
		case "moves":
			words[i] = "all moves"
		case "trend":
			words[i] = "changes of trend"
		case "digest":
			words[i] = "the weekly digest"
		}
	}
	return words
}

func heading(s string) notify.Text {
	return notify.Text{Style: notify.Heading, Spans: []notify.Span{{Text: s, Bold: true}}}
}

func paragraph(s string) notify.Text { return notify.Text{Spans: []notify.Span{{Text: s}}} }

func small(s string) notify.Text {
	return notify.Text{Style: notify.Small, Spans: []notify.Span{{Text: s}}}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func slugs(projects []store.Project) []string {
	all := make([]string, len(projects))
	for i, p := range projects {
		all[i] = p.Slug
	}
	return all
}

// categories gives every category some project has, once each.
func categories(projects []store.Project) []string {
	return distinct(projects, func(p store.Project) []string { return []string{p.Category} })
}

// tags gives every tag some project has, once each.
func tags(projects []store.Project) []string {
	return distinct(projects, func(p store.Project) []string { return p.Tags })
}

func distinct(projects []store.Project, of func(store.Project) []string) []string {
	byFold := map[string]string{}
	for _, p := range projects {
		for _, v := range of(p) {
			if v != "" {
				byFold[strings.ToLower(v)] = v
			}
		}
	}
	all := make([]string, 0, len(byFold))
	for _, v := range byFold {
		all = append(all, v)
	}
	slices.Sort(all)
	return all
}
