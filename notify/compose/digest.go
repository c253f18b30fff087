package compose

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"sparkbot/notify"
	"sparkbot/notify/digest"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// How much stands in a digest. Ten movers and six sparks with their links have
// about 3,600 characters, so that little has to be cut on Discord.
const (
	digestName   = 40  // characters of a name
	digestTitle  = 70  // of a move's title
	digestSparks = 6   // sparks listed
	digestQuiet  = 12  // quiet projects named
	digestLink   = 140 // bytes of a link that stands in the text
	digestWatch  = 280 // characters of the prediction
)

// DigestMessage tells of a week: a verdict, who moved, the sparks, who is quiet
// and what to watch. A week in which nothing moved is one line and its foot. The
// picture, when there is one, shows the movers.
func DigestMessage(w digest.Week, picture *notify.Picture) notify.Message {
	verdict := verdict(w)
	title := digestTitleOf(w)
	m := notify.Message{Accent: 0x8B5CF6, Fallback: title + ": " + verdict}
	if w.Empty() {
		m.Blocks = []notify.Block{
			notify.Text{Spans: []notify.Span{bold(title), fixed(": "), plain(verdict)}},
			digestFoot(w),
			notify.Actions{Buttons: digestButtons(w)},
		}
		return m
	}
	m.Blocks = append(m.Blocks,
		notify.Text{Style: notify.Title, Spans: []notify.Span{bold(title)}},
		notify.Text{Spans: []notify.Span{plain(verdict)}})
	if picture != nil {
		m.Blocks = append(m.Blocks, *picture)
	}
	up, down, began := w.Leading()
	for _, part := range []struct {
		heading string
		movers  []*digest.Mover
	}{{"▲ Faster", up}, {"✦ New", began}, {"▼ Slower", down}} {
		if len(part.movers) > 0 {
			m.Blocks = append(m.Blocks, notify.Text{Style: notify.Heading, Spans: []notify.Span{bold(part.heading)}})
		}
		for _, mover := range part.movers {
			m.Blocks = append(m.Blocks, moverBlock(*mover, w.Edition))
		}
	}
	m.Blocks = append(m.Blocks, sparkBlocks(w)...)
	m.Blocks = append(m.Blocks, quietBlocks(w)...)
	if w.Watch != nil {
		m.Blocks = append(m.Blocks,
			notify.Text{Style: notify.Heading, Spans: []notify.Span{bold("One to watch")}},
			notify.Text{Style: notify.Quote, Spans: []notify.Span{bold(name(*w.Watch, digestName)), fixed(": "), plain(short(w.Watch.Prediction, digestWatch))}})
	}
	m.Blocks = append(m.Blocks, digestFoot(w), notify.Actions{Buttons: digestButtons(w)})
	return m
}

// moverBlock tells of one mover in two lines: how fast, and what gave most of it.
func moverBlock(m digest.Mover, e store.Edition) notify.Text {
	name := name(m.Project, digestName)
	var spans []notify.Span
	if rightToLeft(name) {
		spans = append(spans, fixed(leftToRight))
	}
	// Plain, because Slack writes code in red.
	spans = append(spans, bold(name), fixed("  "+sparkline(m.Line)+"  "+scoreLine(m.Reading)))
	top := m.Top.Move
	if top.ID == 0 || top.Title == "" {
		return notify.Text{Spans: spans}
	}
	spans = append(spans, fixed("\n"))
	title := title(top, digestTitle)
	if rightToLeft(title) {
		spans = append(spans, fixed(leftToRight))
	}
	switch gave := velocity.Format(m.Top.Points); {
	case top.OccurredAt.After(e.End): // announced, and counted once its day has come
		spans = append(spans, fixed("Ahead: "))
	case m.Moves == 0:
		spans = append(spans, fixed("Strongest: "))
	case gave != "0.0":
		spans = append(spans, fixed("+"+gave+" from "))
	}
	if top.Spark {
		spans = append(spans, fixed("⚡ "))
	}
	return notify.Text{Spans: append(spans, plain(title), fixed(", "+happened(top.OccurredAt, e)))}
}

// sparkBlocks list the sparks of the week, the strongest first, with their links.
func sparkBlocks(w digest.Week) []notify.Block {
	if len(w.Sparks) == 0 {
		return nil
	}
	blocks := []notify.Block{notify.Text{Style: notify.Heading, Spans: []notify.Span{bold("⚡ Sparks")}}}
	for _, s := range w.Sparks[:min(digestSparks, len(w.Sparks))] {
		var spans []notify.Span
		name, title := name(s.Project, digestName), title(s.Move, digestTitle)
		if rightToLeft(name) {
			spans = append(spans, fixed(leftToRight))
		}
		if !strings.HasPrefix(strings.ToLower(title), strings.ToLower(name)) { // a release says whose it is
			spans = append(spans, bold(name), fixed(": "))
		}
		link := notify.Span{Text: title}
		block := notify.Text{}
		if len(s.Move.SourceURL) <= digestLink && inline(s.Move.SourceURL) {
			link.URL = s.Move.SourceURL
		} else {
			block.Button = &notify.Button{Label: "Source", URL: s.Move.SourceURL}
		}
		block.Spans = append(spans, link, fixed(", "+happened(s.Move.OccurredAt, w.Edition)))
		blocks = append(blocks, block)
	}
	if more := len(w.Sparks) - digestSparks; more > 0 {
		blocks = append(blocks, foot(fmt.Sprintf("and %s; their cards have them all", several(more, "more spark"))))
	}
	return blocks
}

// quietBlocks name in one line who has not moved for four weeks.
func quietBlocks(w digest.Week) []notify.Block {
	if len(w.Quiet) == 0 {
		return nil
	}
	shown := w.Quiet[:min(digestQuiet, len(w.Quiet))]
	return []notify.Block{notify.Text{Spans: []notify.Span{
		bold("Quiet for four weeks or more"), fixed(": "), plain(enumerate(shown, len(w.Quiet)-len(shown))), fixed("."),
	}}}
}

// enumerate names projects, and how many more there are.
func enumerate(projects []store.Project, more int) string {
	names := make([]string, len(projects))
	for i, p := range projects {
		names[i] = name(p, digestName)
	}
	if more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return join(names)
}

// join puts commas between texts and "and" before the last.
func join(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// several counts things: 1 spark, 2 sparks.
func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// happened says when a move was: by its weekday when that can be no other, else
// by its age.
func happened(at time.Time, e store.Edition) string {
	ago := e.End.Sub(at)
	if ago < 0 || ago >= 6*24*time.Hour {
		return Age(at, e.End)
	}
	return "on " + local(at, e.Schedule.Zone).Weekday().String()
}

// least is how many points the height of a sparkline spans at least, so that a
// tenth looks like a tenth.
const least = 2.0

// sparkline draws a velocity week by week, from the lowest of them to the
// greatest.
func sparkline(points []velocity.Point) string {
	cells := []rune("▁▂▃▄▅▆▇█")
	low, high := velocity.Max, 0.0
	for _, p := range points {
		low, high = min(low, p.Value), max(high, p.Value)
	}
	low = max(0, min(low, high-least))
	span := max(high-low, least)
	var b strings.Builder
	for _, p := range points {
		b.WriteRune(cells[min(len(cells)-1, int((p.Value-low)/span*float64(len(cells))))])
	}
	return b.String()
}

// leftToRight makes a line that begins with a name of another direction run like
// its figures do.
const leftToRight = "\u200e"

// rightToLeft reports whether a text has letters of a script that runs that way.
func rightToLeft(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam)
	})
}
