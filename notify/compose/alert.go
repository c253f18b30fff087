package compose

import (
	"time"

	"sparkbot/notify"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

const (
	alertTitle   = 300 // characters of a title
	alertSummary = 700 // characters of a summary, a screen of a phone
)

// Alert is a move that somebody asked to hear of.
type Alert struct {
	Project store.Project
	Move    store.Move
	Reading velocity.Reading
}

// AlertMessage tells of one move: which project, whether it is a spark, the
// title with its source, the summary, how fast the project moves, and when it
// happened. A text that was left empty, or in which nothing would be seen, leaves
// no gap.
func AlertMessage(a Alert, now time.Time) notify.Message {
	name, title := name(a.Project, longestName), title(a.Move, alertTitle)
	top := []notify.Span{}
	if a.Move.Spark {
		top = append(top, notify.Span{Text: sparkMark, Bold: true, Fixed: true}, fixed("  ·  "))
	}
	top = append(top, bold(name))
	if s := line(a.Project.Category); s != "" {
		top = append(top, fixed("  ·  "+s))
	}
	blocks := []notify.Block{
		notify.Text{Style: notify.Small, Spans: top, Icon: a.Project.IconURL, IconAlt: "Icon of " + name},
		notify.Text{Style: notify.Heading, Spans: []notify.Span{{Text: title, URL: a.Move.SourceURL, Bold: true}}},
	}
	if summary := passage(a.Move.Summary, alertSummary); summary != "" {
		blocks = append(blocks, notify.Text{Spans: []notify.Span{plain(summary)}})
	}
	blocks = append(blocks,
		notify.Text{Style: notify.Small, Spans: []notify.Span{
			fixed("Velocity " + scoreLine(a.Reading) + "  ·  "),
			{Text: Age(a.Move.OccurredAt, now), At: a.Move.OccurredAt, Fixed: true},
		}},
		notify.Actions{Buttons: []notify.Button{
			{Label: "Source", URL: a.Move.SourceURL},
			{Label: "Card", Command: "show " + a.Project.Slug + " card"},
			{Label: "Mute a day", Command: "mute 1d " + a.Project.Slug},
		}},
	)
	fallback := name + ": " + title
	if a.Move.Spark {
		fallback = sparkMark + " " + fallback
	}
	return notify.Message{Accent: Accent(a.Project.Category), Fallback: fallback, Blocks: blocks}
}

// TestMessage shows a member that alerts arrive in a channel.
func TestMessage(now time.Time) notify.Message {
	return notify.Message{
		Accent:   0x8B5CF6,
		Fallback: "A test from sparkbot: alerts arrive here.",
		Blocks: []notify.Block{
			notify.Text{Style: notify.Heading, Spans: []notify.Span{bold("A test from sparkbot")}},
			notify.Text{Spans: []notify.Span{plain("Alerts arrive here: this message came the way every alert comes, through the same queue.")}},
			notify.Text{Style: notify.Small, Spans: []notify.Span{fixed("Sent "), {Text: Age(now, now), At: now, Fixed: true}}},
		},
	}
}
