package compose

import (
	"fmt"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/velocity"
)

func (c Card) movesView(now time.Time) []notify.Block {
	pages := max(1, (len(c.Moves)+pageMoves-1)/pageMoves)
	page := max(1, min(c.Page, pages))
	blocks := append(head(c.Project, c.Reading, "Moves"), notify.Divider{})
	if len(c.Moves) == 0 {
		blocks = append(blocks, notify.Text{Style: notify.Small, Spans: []notify.Span{plain("No move is known yet.")}})
	}
	first := (page - 1) * pageMoves
	for _, m := range c.Moves[first:min(first+pageMoves, len(c.Moves))] {
		block := moveBlock(m, now)
		block.Button = beside(m)
		blocks = append(blocks, block)
	}
	if pages > 1 {
		blocks = append(blocks, foot(fmt.Sprintf("Page %d of %d, %d moves", page, pages, len(c.Moves))))
	}
	buttons := turns("show "+c.Project.Slug+" moves", page, pages)
	return append(blocks, notify.Actions{Buttons: append(buttons, notify.Button{Label: "Card", Command: "show " + c.Project.Slug + " card"})})
}

// turns are the buttons to the pages beside this one.
func turns(command string, page, pages int) []notify.Button {
	var buttons []notify.Button
	if page > 1 {
		buttons = append(buttons, notify.Button{Label: "◀ Newer", Command: fmt.Sprintf("%s page:%d", command, page-1)})
	}
	if page < pages {
		buttons = append(buttons, notify.Button{Label: "Older ▶", Command: fmt.Sprintf("%s page:%d", command, page+1)})
	}
	return buttons
}

func foot(s string) notify.Text {
	return notify.Text{Style: notify.Small, Spans: []notify.Span{plain(s)}}
}

func (c Card) whyView(now time.Time) []notify.Block {
	blocks := append(head(c.Project, c.Reading, "Why this score"), notify.Divider{})
	if c.Reading.Curated {
		blocks = append(blocks, notify.Text{Spans: []notify.Span{
			plain("This velocity was set by a person. What follows is what the moves alone would give."),
		}})
	}
	if len(c.Why.Top) == 0 {
		blocks = append(blocks, notify.Text{Spans: []notify.Span{plain("No move counts yet, so the score is 0.0.")}})
	} else {
		blocks = append(blocks, notify.Text{Style: notify.Heading, Spans: []notify.Span{bold("What gives most points")}})
	}
	for _, t := range c.Why.Top {
		spans := []notify.Span{
			{Text: "+" + velocity.Format(t.Points), Code: true, Fixed: true},
			fixed("  "),
			linked(t.Move),
		}
		if t.Move.Spark {
			spans = append(spans, fixed("  "+sparkMark))
		}
		blocks = append(blocks, notify.Text{Spans: append(spans, fixed("  ·  "+Age(t.Move.OccurredAt, now))), Button: beside(t.Move)})
	}
	return append(blocks,
		notify.Text{Spans: []notify.Span{plain("If nothing happens, next week's score is "), {Text: velocity.Format(c.Why.NextWeek), Bold: true, Fixed: true}, plain(".")}},
		foot("A spark weighs 3 and any other move 1; moves of one day count together as the root of their squares; every day's weight halves in 30 days."),
		notify.Actions{Buttons: []notify.Button{{Label: "Card", Command: "show " + c.Project.Slug + " card"}}},
	)
}
