package compose

import (
	"math"
	"strings"

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

// initial stands in for a picture where a project has none.
func initial(p store.Project) string {
	for _, r := range line(p.Name) {
		return strings.ToUpper(string(r))
	}
	return "?"
}

// head begins every view of a project: picture or initial, name, and what a
// reader wants to know at a glance.
func head(p store.Project, r velocity.Reading, what string) []notify.Block {
	name := notify.Text{Style: notify.Title, Spans: []notify.Span{bold(line(p.Name))}}
	if p.IconURL != "" {
		name.Icon, name.IconAlt = p.IconURL, "Icon of "+line(p.Name)
	} else {
		name.Spans = append([]notify.Span{{Text: initial(p), Code: true, Fixed: true}, fixed("  ")}, name.Spans...)
	}
	if what != "" {
		name.Spans = append(name.Spans, fixed(" · "+what))
	}
	glance := []notify.Span{}
	if p.Category != "" {
		glance = append(glance, notify.Span{Text: line(p.Category), Bold: true, Fixed: true}, fixed("  ·  "))
	}
	glance = append(glance, fixed("Velocity "+bar(r.Value)+" "+scoreLine(r)))
	return []notify.Block{name, notify.Text{Style: notify.Small, Spans: glance}}
}
