package compose

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"sparkbot/notify"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

const sparkMark = "⚡ SPARK"

// scoreLine tells velocity, change and trend: 3.8 ▲0.6 rising.
func scoreLine(r velocity.Reading) string {
	parts := []string{velocity.Format(r.Value)}
	if r.Curated {
		parts = append(parts, "(curated)")
	}
	if r.Known {
		parts = append(parts, velocity.FormatChange(r.Change))
	}
	return strings.Join(append(parts, string(r.Trend)), " ")
}

// bar draws a velocity as ten cells.
func bar(v float64) string {
	full := max(0, min(10, int(math.Round(v))))
	return strings.Repeat("▰", full) + strings.Repeat("▱", 10-full)
}

// longestInitial is how many bytes an initial may take: an emoji of a family takes
// 25, a letter under a heap of accents any number.
const longestInitial = 28

// initial stands in for a picture where a project has none. It is the first
// character a reader sees, which may be several code points.
func initial(p store.Project) string {
	first, _, _, _ := uniseg.FirstGraphemeClusterInString(name(p, longestName), -1)
	if len(first) > longestInitial {
		_, size := utf8.DecodeRuneInString(first)
		first = first[:size]
	}
	return strings.ToUpper(first)
}

// head begins every view of a project: picture or initial, name, and what a
// reader wants to know at a glance.
func head(p store.Project, r velocity.Reading, what string) []notify.Block {
	top := notify.Text{Style: notify.Title, Spans: []notify.Span{bold(name(p, longestName))}}
	if p.IconURL != "" {
		top.Icon, top.IconAlt = p.IconURL, "Icon of "+name(p, longestName)
	} else {
		top.Spans = append([]notify.Span{{Text: initial(p), Code: true, Fixed: true}, fixed("  ")}, top.Spans...)
	}
	if what != "" {
		top.Spans = append(top.Spans, fixed(" · "+what))
	}
	glance := []notify.Span{}
	if s := line(p.Category); s != "" {
		glance = append(glance, notify.Span{Text: s, Bold: true, Fixed: true}, fixed("  ·  "))
	}
	glance = append(glance, fixed("Velocity "+bar(r.Value)+" "+scoreLine(r)))
	return []notify.Block{top, notify.Text{Style: notify.Small, Spans: glance}}
}
