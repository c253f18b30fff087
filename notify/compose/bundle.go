package compose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// What a message of many moves has room for. Discord counts 4,000 characters in
// all, addresses and markup among them, of which only titles can be shortened.
const (
	bundleRoom = 3400 // characters in all, each title counted as at most bundleLeft
	bundleName = 60   // of a project's name
	bundleLeft = 90   // of a title where there are many
	bundleRow  = 40   // separators and the age of a move
	bundleMark = 18   // the mark of a spark, or of what was taken back
	blockRows  = 5    // moves in one text
)

// Item is one move among several, or one turn of a project's momentum.
type Item struct {
	Project store.Project
	Move    store.Move // of a turn, only when it was noticed: OccurredAt
	Turn    store.Turn // empty for a move
}

// Bundle is several moves and turns that are told in one message.
type Bundle struct {
	Items []Item
	// CatchUp says that they were held before.
	CatchUp bool
}

// BundleMessage tells of several moves in one message, each with its title in one
// line. Sparks keep their mark, and what was taken back is struck. When there are
// more than it has room for, it leaves addresses out first, then those that are no
// sparks, and says how many it does not name.
func BundleMessage(b Bundle, now time.Time) notify.Message {
	shown := room(b.Items)
	m := notify.Message{Accent: bundleAccent(b.Items), Fallback: b.headline() + ": " + names(b.Items)}
	m.Blocks = append(m.Blocks, notify.Text{Style: notify.Heading, Spans: []notify.Span{{Text: b.headline(), Bold: true, Fixed: true}}})
	for rows := range slices.Chunk(shown, blockRows) {
		var spans []notify.Span
		for i, r := range rows {
			if i > 0 {
				spans = append(spans, fixed("\n"))
			}
			spans = append(spans, r.line(now)...)
		}
		m.Blocks = append(m.Blocks, notify.Text{Spans: spans})
	}
	buttons := b.buttons()
	if more := len(b.Items) - len(shown); more > 0 {
		m.Blocks = append(m.Blocks, notify.Text{Style: notify.Small, Spans: []notify.Span{fixed(fmt.Sprintf("… and %d more.", more))}})
		buttons = append([]notify.Button{{Label: fmt.Sprintf("All %d", len(b.Items)), Command: "log"}}, buttons...)
	}
	m.Blocks = append(m.Blocks, notify.Actions{Buttons: buttons})
	return m
}

// headline says how many moves there are, and how many of them are sparks.
func (b Bundle) headline() string {
	sparks, gone, turns := 0, 0, 0
	for _, item := range b.Items {
		switch {
		case item.Turn != "":
			turns++
		case item.Move.Retracted():
			gone++
		case item.Move.Spark:
			sparks++
		}
	}
	var parts []string
	moves := len(b.Items) - turns
	if moves > 0 {
		parts = append(parts, count(moves, "move"))
	}
	switch {
	case sparks == 1 && moves == 1:
		parts = append(parts, "a spark")
	case sparks == 1:
		parts = append(parts, "one of them a spark")
	case sparks > 1:
		parts = append(parts, fmt.Sprintf("%d of them sparks", sparks))
	}
	if gone > 0 {
		parts = append(parts, fmt.Sprintf("%d taken back", gone))
	}
	if turns > 0 {
		parts = append(parts, count(turns, "change")+" of trend")
	}
	if b.CatchUp {
		parts[0] = "While alerts were held: " + parts[0]
	}
	return strings.Join(parts, ", ")
}

// line tells of one move in one line.
func (r entry) line(now time.Time) []notify.Span {
	title, mark := notify.Span{Text: title(r.Move, listTitle)}, spark(r.Move)
	switch {
	case r.Turn != "":
		title = notify.Span{Text: turned(r.Turn), Italic: true}
	case r.Move.Retracted():
		title.Strike, mark = true, takenBack()
	case r.link:
		title.URL = r.Move.SourceURL
	}
	return append(mark, bold(name(r.Project, bundleName)), fixed("  ·  "), title, fixed("  ·  "),
		notify.Span{Text: Age(r.Move.OccurredAt, now), At: r.Move.OccurredAt, Fixed: true})
}

// entry is an item that is shown, with its address or without.
type entry struct {
	Item
	link bool
}

// cost is about how many characters a row takes without its address.
func (i Item) cost() int {
	n := bundleRow + min(len(i.Project.Name), bundleName) + min(len(i.Move.Title), bundleLeft)
	if i.Move.Spark || i.Move.Retracted() {
		n += bundleMark
	}
	return n
}

// room says which items are shown, in their order, and which of them with their
// addresses: what comes first by rank has both as long as there is room.
func room(items []Item) []entry {
	order := make([]int, len(items))
	for n := range items {
		order[n] = n
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank(items[a].Move), rank(items[b].Move)) })
	left, kept := bundleRoom, map[int]entry{}
	for _, n := range order {
		if left -= items[n].cost(); left < 0 {
			break
		}
		kept[n] = entry{Item: items[n]}
	}
	for _, n := range order {
		address := items[n].Move.SourceURL
		if r, shown := kept[n]; shown && inline(address) && addressCost(address) <= left {
			left -= addressCost(address)
			r.link = true
			kept[n] = r
		}
	}
	shown := make([]entry, 0, len(kept))
	for n := range items {
		if r, is := kept[n]; is {
			shown = append(shown, r)
		}
	}
	return shown
}

// rank says what is named first where there is no room for all.
func rank(m store.Move) int {
	switch {
	case m.Retracted():
		return 2
	case m.Spark:
		return 0
	default:
		return 1
	}
}

// buttons concern the project, when all the moves are one's, or the channel.
func (b Bundle) buttons() []notify.Button {
	slug := b.Items[0].Project.Slug
	if slices.ContainsFunc(b.Items, func(i Item) bool { return i.Project.Slug != slug }) {
		return []notify.Button{{Label: "All projects", Command: "all"}, {Label: "Mute a day", Command: "mute 1d"}}
	}
	return []notify.Button{
		{Label: "Card", Command: "show " + slug + " card"},
		{Label: "Why this score", Command: "show " + slug + " why"},
		{Label: "Only sparks", Command: "only sparks " + slug},
		{Label: "Mute a day", Command: "mute 1d " + slug},
	}
}

// names gives the projects of some moves, the first three by name.
func names(items []Item) string {
	var all []string
	for _, i := range items {
		if n := name(i.Project, bundleName); !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	if more := len(all) - 3; more > 0 {
		return strings.Join(all[:3], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(all, ", ")
}

// bundleAccent is the colour of the category, if all moves are of one.
func bundleAccent(items []Item) int {
	category := items[0].Project.Category
	if slices.ContainsFunc(items, func(i Item) bool { return !strings.EqualFold(i.Project.Category, category) }) {
		return 0x8B5CF6
	}
	return Accent(category)
}
