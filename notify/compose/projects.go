package compose

import (
	"fmt"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// longestCommand is how many bytes a button's command may have, so that it fits
// a Discord custom_id beside the adapter's mark.
const longestCommand = 90

// PageRows is how many projects a page shows: with a button each, ten are what
// a Discord message holds with room for the buttons that turn the page.
const PageRows = 10

// Row is one project in a list.
type Row struct {
	Project  store.Project
	Reading  velocity.Reading
	LastMove time.Time // zero when there is none
}

// Projects is one page of a list of projects.
type Projects struct {
	Title string // what is listed: All projects, COMMS projects
	Query string // the command that shows this list, without its page
	Rows  []Row  // of this page
	Page  int    // from 1
	Pages int
	Total int // of all pages
}

// ProjectsMessage shows a page of projects, each with a button to its card.
func ProjectsMessage(l Projects, now time.Time) notify.Message {
	m := notify.Message{
		Accent:   0x8B5CF6,
		Fallback: fmt.Sprintf("%s: %d", line(l.Title), l.Total),
		Blocks:   []notify.Block{notify.Text{Style: notify.Title, Spans: []notify.Span{bold(line(l.Title))}}},
	}
	if len(l.Rows) == 0 {
		m.Blocks = append(m.Blocks, notify.Text{Spans: []notify.Span{plain("No project fits.")}})
	}
	for _, r := range l.Rows {
		m.Blocks = append(m.Blocks, row(r, now))
	}
	if l.Pages > 1 {
		m.Blocks = append(m.Blocks, l.foot()...)
	}
	return m
}

// foot says which page this is, with buttons to those beside it. A filter too
// long for a button's command leaves them out and says what to type instead.
func (l Projects) foot() []notify.Block {
	where := fmt.Sprintf("Page %d of %d, %d projects", l.Page, l.Pages, l.Total)
	if len(fmt.Sprintf("%s page:%d", l.Query, l.Pages)) > longestCommand {
		return []notify.Block{foot(fmt.Sprintf("%s. The filter is too long for page buttons; a typed command takes page:%d at its end.", where, l.Page%l.Pages+1))}
	}
	var buttons []notify.Button
	if l.Page > 1 {
		buttons = append(buttons, notify.Button{Label: "◀ Back", Command: fmt.Sprintf("%s page:%d", l.Query, l.Page-1)})
	}
	if l.Page < l.Pages {
		buttons = append(buttons, notify.Button{Label: "More ▶", Command: fmt.Sprintf("%s page:%d", l.Query, l.Page+1)})
	}
	return []notify.Block{foot(where), notify.Actions{Buttons: buttons}}
}

func row(r Row, now time.Time) notify.Text {
	spans := []notify.Span{bold(name(r.Project, 60)), fixed("  " + scoreLine(r.Reading))}
	if s := line(r.Project.Category); s != "" {
		spans = append(spans, fixed("  ·  "+s))
	}
	if !r.LastMove.IsZero() {
		spans = append(spans, fixed("  ·  "+Age(r.LastMove, now)))
	}
	if s := short(r.Project.Tagline, 120); s != "" {
		spans = append(spans, fixed("\n"), plain(s))
	}
	return notify.Text{Spans: spans, Button: &notify.Button{Label: "Card", Command: "show " + r.Project.Slug + " card"}}
}
