package compose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// The views of a card.
const (
	ViewCard    = "card" // everything
	ViewMoves   = "moves"
	ViewOutlook = "outlook"
	ViewWhy     = "why"
)

// How much stands where, in characters unless it says otherwise. With these a
// card of the longest texts has about 5,200 characters in 28 parts; Discord takes
// 4,000 in 40, so there the adapter shortens a little more.
const (
	cardMoves    = 6   // moves on the card itself
	pageMoves    = 8   // moves on a page of the moves view
	longestName  = 100 // of a project's name
	cardLine     = 200 // of tagline, headline and tags each
	cardText     = 500 // of current state, heading and prediction each
	listTitle    = 150 // of a title in a list of moves
	shortSummary = 260 // of a summary in a list of moves
)

// Card is a project with what is known of it.
type Card struct {
	Project store.Project
	// Moves are all that were not retracted, newest first.
	Moves   []store.Move
	Reading velocity.Reading
	Why     velocity.Reasons
	Picture *notify.Picture // of its half year, on the card itself; nil: none
	View    string          // one of the views; empty is ViewCard
	Page    int             // of ViewMoves, from 1
}

// CardMessage shows one view of a project.
func CardMessage(c Card, now time.Time) notify.Message {
	m := notify.Message{
		Accent:   Accent(c.Project.Category),
		Fallback: fmt.Sprintf("%s · velocity %s", name(c.Project, longestName), scoreLine(c.Reading)),
	}
	switch c.View {
	case ViewMoves:
		m.Blocks = c.movesView(now)
	case ViewOutlook:
		m.Blocks = c.outlookView()
	case ViewWhy:
		m.Blocks = c.whyView(now)
	default:
		m.Blocks = c.fullView(now)
		if headline := short(c.Project.Headline, cardLine); headline != "" {
			m.Fallback += " · " + headline
		}
	}
	return m
}

func (c Card) fullView(now time.Time) []notify.Block {
	blocks := head(c.Project, c.Reading, "")
	if s := passage(c.Project.Tagline, cardLine); s != "" {
		blocks = append(blocks, notify.Text{Spans: []notify.Span{plain(s)}})
	}
	if s := short(c.Project.Headline, cardLine); s != "" {
		blocks = append(blocks, notify.Text{Style: notify.Heading, Spans: []notify.Span{bold(s)}})
	}
	if s := notify.Cut(tags(c.Project.Tags), cardLine); s != "" {
		blocks = append(blocks, notify.Text{Style: notify.Small, Spans: []notify.Span{plain(s)}})
	}
	if c.Picture != nil {
		blocks = append(blocks, *c.Picture)
	}
	if outlook := c.outlook(cardText); len(outlook) > 0 {
		blocks = append(append(blocks, notify.Divider{}), outlook...)
	}
	blocks = append(blocks, notify.Divider{}, notify.Text{Style: notify.Heading, Spans: []notify.Span{bold("Recent moves")}})
	shown := recent(c.Moves)
	if len(shown) == 0 {
		blocks = append(blocks, notify.Text{Style: notify.Small, Spans: []notify.Span{plain("No move is known yet.")}})
	}
	for _, m := range shown {
		blocks = append(blocks, moveBlock(m, now))
	}
	return append(blocks, notify.Actions{Buttons: c.buttons(shown)})
}

func tags(all []string) string {
	var marked []string
	for _, t := range all {
		if s := line(t); s != "" {
			marked = append(marked, "#"+strings.ReplaceAll(s, " ", "-"))
		}
	}
	return strings.Join(marked, "  ")
}

// recent gives the newest moves, and the newest spark in place of the last of
// them if it is older: a card without its spark would miss the point.
func recent(moves []store.Move) []store.Move {
	shown := slices.Clone(moves[:min(cardMoves, len(moves))])
	if i := slices.IndexFunc(moves, func(m store.Move) bool { return m.Spark }); i >= cardMoves {
		shown[cardMoves-1] = moves[i]
	}
	return shown
}

// moveBlock tells of one move in a list of them.
func moveBlock(m store.Move, now time.Time) notify.Text {
	spans := []notify.Span{bold(title(m, listTitle)), fixed("\n")}
	if m.Spark {
		spans = append(spans, notify.Span{Text: sparkMark, Bold: true, Fixed: true}, fixed("  ·  "))
	}
	spans = append(spans, fixed(Age(m.OccurredAt, now)))
	if s := short(m.Summary, shortSummary); s != "" {
		spans = append(spans, fixed("\n"), plain(s))
	}
	return notify.Text{Spans: append(spans, fixed("\n"), source(m))}
}

// buttons lead to the other views: to the moves when some are not shown or not
// linked here, to the outlook when it is shortened here.
func (c Card) buttons(shown []store.Move) []notify.Button {
	slug := c.Project.Slug
	var buttons []notify.Button
	moves := "show " + slug + " moves"
	switch {
	case len(c.Moves) > len(shown):
		buttons = append(buttons, notify.Button{Label: fmt.Sprintf("All %d moves", len(c.Moves)), Command: moves})
	case slices.ContainsFunc(shown, func(m store.Move) bool { return !inline(m.SourceURL) }):
		buttons = append(buttons, notify.Button{Label: "Sources", Command: moves})
	}
	p := c.Project
	if slices.ContainsFunc([]string{p.CurrentState, p.Heading, p.Prediction}, func(s string) bool { return passage(s, cardText) != text(s) }) {
		buttons = append(buttons, notify.Button{Label: "Whole outlook", Command: "show " + slug + " outlook"})
	}
	buttons = append(buttons, notify.Button{Label: "Why this score", Command: "show " + slug + " why"})
	if c.Project.URL != "" {
		buttons = append(buttons, notify.Button{Label: "Website", URL: c.Project.URL})
	}
	return buttons
}

// outlook gives what is written about state and direction, each part cut to limit
// characters.
func (c Card) outlook(limit int) []notify.Block {
	var blocks []notify.Block
	for _, part := range []struct {
		heading, text string
		style         notify.Style
	}{
		{"Current state", c.Project.CurrentState, notify.Normal},
		{"Where it's heading", c.Project.Heading, notify.Normal},
		{"Prediction", c.Project.Prediction, notify.Quote},
	} {
		if s := passage(part.text, limit); s != "" {
			blocks = append(blocks,
				notify.Text{Style: notify.Heading, Spans: []notify.Span{bold(part.heading)}},
				notify.Text{Style: part.style, Spans: []notify.Span{plain(s)}})
		}
	}
	return blocks
}

func (c Card) outlookView() []notify.Block {
	blocks := append(head(c.Project, c.Reading, "Outlook"), notify.Divider{})
	outlook := c.outlook(store.MaxText)
	if len(outlook) == 0 {
		outlook = []notify.Block{notify.Text{Style: notify.Small, Spans: []notify.Span{plain("Nothing is written about its state and direction yet.")}}}
	}
	blocks = append(blocks, outlook...)
	return append(blocks, notify.Actions{Buttons: []notify.Button{{Label: "Card", Command: "show " + c.Project.Slug + " card"}}})
}
