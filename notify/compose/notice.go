package compose

import (
	"fmt"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// goneReason bounds the reason of one place, in characters.
const goneReason = 200

// GoneMessage tells a member which of the places they subscribed take no messages
// any more, why, and what brings them back. gone is not empty; all of it is on one
// platform.
func GoneMessage(gone []store.Place, now time.Time) notify.Message {
	command := "/spark test"
	if gone[0].Platform == store.Discord {
		command = "/sparkbot test"
	}
	what := "a channel"
	if n := len(gone); n > 1 {
		what = fmt.Sprintf("%d channels", n)
	}
	headline := "I cannot post in " + what + " any more"
	blocks := []notify.Block{notify.Text{Style: notify.Heading, Spans: []notify.Span{bold(headline)}}}
	for _, p := range gone {
		blocks = append(blocks, notify.Text{Spans: []notify.Span{
			{Channel: p.Channel, Text: p.Channel, Fixed: true},
			fixed(": "), plain(notify.Cut(line(p.DisabledReason), goneReason)), fixed("."),
		}})
	}
	return notify.Message{
		Accent: 0x8B5CF6, Fallback: headline + ".",
		Blocks: append(blocks,
			notify.Text{Spans: []notify.Span{
				plain("You subscribed there, so you can mend it. What happens meanwhile is kept, and comes as one message when I am let in again: I look by myself every hour, and at once when you type "),
				{Text: command, Code: true, Fixed: true},
				fixed(" there."),
			}},
			notify.Text{Style: notify.Small, Spans: []notify.Span{fixed("Gone since "), {Text: Age(gone[0].DisabledAt, now), At: gone[0].DisabledAt, Fixed: true}}},
		),
	}
}
