package compose

import (
	"fmt"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// trendMoves is how many moves are named as the reason of a surge.
const trendMoves = 3

// Trend is a turn of a project's momentum.
type Trend struct {
	Project store.Project
	Turn    store.Turn
	Silent  int        // days: until now where it went quiet, before it woke where it did
	Move    store.Move // what woke it, or the last before it went quiet; zero when it is gone
	Reading velocity.Reading
	Why     velocity.Reasons // all moves that count; those of the week stand as the reason of a surge
	Picture *notify.Picture  // nil: none
}

// TrendMessage tells that a project turned, why, and shows its half year.
func TrendMessage(t Trend, now time.Time) notify.Message {
	name := name(t.Project, longestName)
	says := name + " " + turned(t.Turn)
	top := notify.Text{Style: notify.Title, Spans: []notify.Span{bold(says)}}
	if t.Project.IconURL != "" {
		top.Icon, top.IconAlt = t.Project.IconURL, "Icon of "+name
	}
	glance := []notify.Span{}
	if s := line(t.Project.Category); s != "" {
		glance = append(glance, notify.Span{Text: s, Bold: true, Fixed: true}, fixed("  ·  "))
	}
	glance = append(glance, fixed("Velocity "+bar(t.Reading.Value)+" "+scoreLine(t.Reading)))
	blocks := append([]notify.Block{top, notify.Text{Style: notify.Small, Spans: glance}}, t.reason(now)...)
	if t.Picture != nil {
		blocks = append(blocks, *t.Picture)
	}
	slug := t.Project.Slug
	return notify.Message{
		Accent: Accent(t.Project.Category), Fallback: says + " · velocity " + scoreLine(t.Reading),
		Blocks: append(blocks, notify.Actions{Buttons: []notify.Button{
			{Label: "Card", Command: "show " + slug + " card"},
			{Label: "Why this score", Command: "show " + slug + " why"},
			{Label: "Mute a day", Command: "mute 1d " + slug},
		}}),
	}
}

func turned(t store.Turn) string {
	switch t {
	case store.TurnSurging:
		return "is surging"
	case store.TurnAwake:
		return "is awake again"
	default:
		return "went quiet"
	}
}

// reason says why the project turned, in a sentence and the moves behind it.
func (t Trend) reason(now time.Time) []notify.Block {
	switch t.Turn {
	case store.TurnSurging:
		return t.surge(now)
	case store.TurnAwake:
		said := "It moved again."
		if t.Silent > 0 {
			said = "It moved for the first time in " + count(t.Silent, "day") + "."
		}
		return append([]notify.Block{notify.Text{Spans: []notify.Span{plain(said)}}}, t.moved(now)...)
	default:
		spans := []notify.Span{
			plain("No move for " + count(t.Silent, "day") + "; if nothing happens, next week's score is "),
			{Text: velocity.Format(t.Why.NextWeek), Bold: true, Fixed: true},
			plain("."),
		}
		if t.Move.ID == 0 {
			return []notify.Block{notify.Text{Spans: spans}}
		}
		spans = append(spans, plain(" Its last move:"))
		return append([]notify.Block{notify.Text{Spans: spans}}, t.moved(now)...)
	}
}

// moved names the move that woke the project, or its last.
func (t Trend) moved(now time.Time) []notify.Block {
	if t.Move.ID == 0 {
		return nil
	}
	return []notify.Block{reasonLine(t.Move, now)}
}

// surge names what made the project so much faster this week.
func (t Trend) surge(now time.Time) []notify.Block {
	var moves []notify.Block
	week := now.UTC().AddDate(0, 0, -7)
	for _, c := range t.Why.Top {
		if c.Move.OccurredAt.After(week) && len(moves) < trendMoves {
			moves = append(moves, reasonLine(c.Move, now))
		}
	}
	said := "It got much faster within seven days"
	if t.Reading.Known {
		said = "Its velocity rose by " + velocity.Format(t.Reading.Change) + " in seven days"
	}
	if len(moves) > 0 {
		said += ", most of it from:"
	} else {
		said += "."
	}
	return append([]notify.Block{notify.Text{Spans: []notify.Span{plain(said)}}}, moves...)
}

// reasonLine names one move with its source and age.
func reasonLine(m store.Move, now time.Time) notify.Text {
	var spans []notify.Span
	if m.Spark {
		spans = append(spans, notify.Span{Text: sparkMark, Bold: true, Fixed: true}, fixed("  "))
	}
	spans = append(spans, linked(m), fixed("  ·  "),
		notify.Span{Text: Age(m.OccurredAt, now), At: m.OccurredAt, Fixed: true})
	return notify.Text{Spans: spans, Button: beside(m)}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
