package bot

import (
	"context"
	"fmt"

	"sparkbot/notify"
	"sparkbot/store"
)

// homeRows bounds the channels a home lists; a view holds no more.
const homeRows = 30

// Home is what the app's home shows the members of a workspace: what its
// channels hear, which of them are stopped and why, and how to begin. It never
// says anything of another workspace.
func (b *Bot) Home(ctx context.Context, p store.Platform, workspace string) notify.Message {
	m := notify.Message{Accent: accent, Fallback: "sparkbot: what the channels here hear of"}
	listings, err := b.store.Listings(ctx, p, workspace)
	if err != nil {
		b.log.Error("a home could not be read", "platform", p, "workspace", workspace, "error", err)
		m.Blocks = []notify.Block{paragraph("Something went wrong on our side; please open this again in a minute.")}
		return m
	}
	m.Blocks = append(m.Blocks,
		notify.Text{Style: notify.Title, Spans: []notify.Span{{Text: "sparkbot"}}},
		paragraph("Tells your channels when an open project moves, and once a week how fast it goes."),
		notify.Divider{}, heading("What the channels here hear of"))
	if len(listings) == 0 {
		m.Blocks = append(m.Blocks, paragraph("No channel is subscribed yet. "+firstStep(p)))
	}
	m.Blocks = append(m.Blocks, homeChannels(listings)...)
	m.Blocks = append(m.Blocks, notify.Divider{})
	for _, block := range brief(p) {
		if text, ok := block.(notify.Text); ok { // a button has no channel here to answer in
			m.Blocks = append(m.Blocks, text)
		}
	}
	return m
}

// homeChannels tells channel by channel what it hears.
func homeChannels(listings []store.Listing) []notify.Block {
	var blocks []notify.Block
	for from := 0; from < len(listings); {
		to := from
		for to < len(listings) && listings[to].Place.ID == listings[from].Place.ID {
			to++
		}
		if len(blocks) == homeRows {
			return append(blocks, small(fmt.Sprintf("… and more; /spark list in a channel tells what that one hears. %s in all.", count(len(listings), "subscription"))))
		}
		place := listings[from].Place
		lines := []notify.Span{{Channel: place.Channel, Text: place.Channel, Fixed: true}}
		if place.Disabled() {
			lines = append(lines, notify.Span{Text: "  stopped: " + place.DisabledReason, Italic: true})
		}
		lines = append(lines, notify.Span{Text: "\n", Fixed: true})
		for _, l := range listings[from:to] {
			lines = append(lines, bullet(l.Subscription)...)
		}
		blocks = append(blocks, notify.Text{Spans: trimBreak(lines)})
		from = to
	}
	return blocks
}
