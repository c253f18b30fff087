package compose

import (
	"fmt"
	"strings"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// MoverRows is how many movers a page names.
const MoverRows = 10

// Mover is a project whose velocity changed.
type Mover struct {
	Project store.Project
	Reading velocity.Reading
	Change  float64 // within the window, unrounded
	Known   bool    // false where there was no earlier figure to compare with
	// Top is the move of the window that gives most points; its ID is 0 when none
	// happened.
	Top store.Move
}

// Movers is one page of the projects whose velocity changed most.
type Movers struct {
	Days  int // how long the window is
	Other int // the other window one may ask for
	Rows  []Mover
	Page  int // from 1
	Pages int
	// Up, Down and Fresh are how many sped up, slowed down and had no earlier
	// figure, of all pages.
	Up, Down, Fresh int
	Total           int             // how many projects there are
	Most            *Mover          // the one of those with an earlier figure that changed most
	Picture         *notify.Picture // nil: none
}

// MoversMessage shows a page of movers.
func MoversMessage(l Movers, now time.Time) notify.Message {
	head := fmt.Sprintf("Movers of the last %d days", l.Days)
	verdict := l.verdict()
	m := notify.Message{
		Accent: 0x8B5CF6, Fallback: head + ": " + verdict,
		Blocks: []notify.Block{
			notify.Text{Style: notify.Title, Spans: []notify.Span{bold(head)}},
			notify.Text{Spans: []notify.Span{plain(verdict)}},
		},
	}
	if l.Picture != nil {
		m.Blocks = append(m.Blocks, *l.Picture)
	}
	for _, r := range l.Rows {
		m.Blocks = append(m.Blocks, l.moverLine(r, now))
	}
	if l.Pages > 1 {
		m.Blocks = append(m.Blocks, foot(fmt.Sprintf("Page %d of %d, %s", l.Page, l.Pages, count(l.Up+l.Down+l.Fresh, "mover"))))
	}
	buttons := []notify.Button{}
	if l.Page > 1 {
		buttons = append(buttons, notify.Button{Label: "◀ Back", Command: fmt.Sprintf("movers %dd page:%d", l.Days, l.Page-1)})
	}
	if l.Page < l.Pages {
		buttons = append(buttons, notify.Button{Label: "More ▶", Command: fmt.Sprintf("movers %dd page:%d", l.Days, l.Page+1)})
	}
	buttons = append(buttons,
		notify.Button{Label: fmt.Sprintf("Last %d days", l.Other), Command: fmt.Sprintf("movers %dd page:1", l.Other)},
		notify.Button{Label: "All projects", Command: "all"})
	m.Blocks = append(m.Blocks, notify.Actions{Buttons: buttons})
	return m
}

// verdict says in one sentence what happened.
func (l Movers) verdict() string {
	if l.Total == 0 {
		return "No project is stored yet."
	}
	var parts []string
	for _, p := range []struct {
		n    int
		does string
	}{{l.Up, "sped up"}, {l.Down, "slowed down"}, {l.Fresh, "began"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.does))
		}
	}
	if len(parts) == 0 {
		return fmt.Sprintf("No velocity changed in the last %d days.", l.Days)
	}
	said := "Of " + count(l.Total, "project") + " " + strings.Join(parts, ", ")
	if l.Most == nil {
		return said + "."
	}
	return said + "; " + name(l.Most.Project, 60) + " changed most, by " + velocity.FormatChange(l.Most.Change) + "."
}

// moverLine names a mover, how fast it is and, where a move of the window made it
// faster, which gave most.
func (l Movers) moverLine(r Mover, now time.Time) notify.Text {
	trend := string(r.Reading.Trend)
	if l.Days != 7 { // which is about the last seven days
		trend = "now " + trend
	}
	change := velocity.FormatChange(r.Change)
	if !r.Known {
		change = string(velocity.New)
	}
	spans := []notify.Span{
		{Text: change, Code: true, Fixed: true},
		fixed("  "),
		bold(name(r.Project, 60)), fixed("  " + velocity.Format(r.Reading.Value)),
	}
	if r.Reading.Curated {
		spans = append(spans, fixed(" (curated)"))
	}
	if r.Known {
		spans = append(spans, fixed("  ·  "+trend))
	}
	if r.Top.ID == 0 {
		return notify.Text{Spans: spans}
	}
	spans = append(spans, fixed("\n"))
	if r.Top.Spark {
		spans = append(spans, notify.Span{Text: sparkMark, Bold: true, Fixed: true}, fixed("  "))
	}
	return notify.Text{Spans: append(spans, linked(r.Top), fixed("  ·  "+Age(r.Top.OccurredAt, now)))}
}
