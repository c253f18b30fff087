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

	retractedMark   = "Retracted"
	retractedAccent = 0x9CA3AF
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
// no gap. Of a move that was taken back it leaves the title alone, struck.
func AlertMessage(a Alert, now time.Time) notify.Message {
	if a.Move.Retracted() {
		return retracted(a, now)
	}
	name, title := name(a.Project, longestName), title(a.Move, alertTitle)
	blocks := []notify.Block{
		alertTop(a, spark(a.Move)),
		notify.Text{Style: notify.Heading, Spans: []notify.Span{{Text: title, URL: a.Move.SourceURL, Bold: true}}},
	}
	if summary := passage(a.Move.Summary, alertSummary); summary != "" {
		blocks = append(blocks, notify.Text{Spans: []notify.Span{plain(summary)}})
	}
	slug := a.Project.Slug
	blocks = append(blocks,
		notify.Text{Style: notify.Small, Spans: []notify.Span{
			fixed("Velocity " + scoreLine(a.Reading) + "  ·  "),
			{Text: Age(a.Move.OccurredAt, now), At: a.Move.OccurredAt, Fixed: true},
		}},
		notify.Actions{Buttons: []notify.Button{
			{Label: "Source", URL: a.Move.SourceURL},
			{Label: "Card", Command: "show " + slug + " card"},
			{Label: "Why this score", Command: "show " + slug + " why"},
			{Label: "Only sparks", Command: "only sparks " + slug},
			{Label: "Mute a day", Command: "mute 1d " + slug},
		}},
	)
	fallback := name + ": " + title
	if a.Move.Spark {
		fallback = sparkMark + " " + fallback
	}
	return notify.Message{Accent: Accent(a.Project.Category), Fallback: fallback, Blocks: blocks}
}

// retracted is what is left of an alert whose move was taken back. Its link and
// its buttons go with the move.
func retracted(a Alert, now time.Time) notify.Message {
	name, title := name(a.Project, longestName), title(a.Move, alertTitle)
	return notify.Message{Accent: retractedAccent, Fallback: retractedMark + ": " + name + ": " + title, Blocks: []notify.Block{
		alertTop(a, takenBack()),
		notify.Text{Style: notify.Heading, Spans: []notify.Span{{Text: title, Bold: true, Strike: true}}},
		notify.Text{Style: notify.Small, Spans: []notify.Span{
			fixed("This move was taken back "),
			{Text: Age(a.Move.RetractedAt, now), At: a.Move.RetractedAt, Fixed: true},
			fixed(" and no longer counts."),
		}},
	}}
}

// alertTop names the project behind a mark, beside its icon.
func alertTop(a Alert, mark []notify.Span) notify.Text {
	name := name(a.Project, longestName)
	top := append(mark, bold(name))
	if s := line(a.Project.Category); s != "" {
		top = append(top, fixed("  ·  "+s))
	}
	return notify.Text{Style: notify.Small, Spans: top, Icon: a.Project.IconURL, IconAlt: "Icon of " + name}
}

// takenBack marks a move that was retracted, in front of what follows.
func takenBack() []notify.Span {
	return []notify.Span{{Text: retractedMark, Bold: true, Fixed: true}, fixed("  ·  ")}
}

// spark marks a move that is one, in front of what follows.
func spark(m store.Move) []notify.Span {
	if !m.Spark {
		return nil
	}
	return []notify.Span{{Text: sparkMark, Bold: true, Fixed: true}, fixed("  ·  ")}
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
