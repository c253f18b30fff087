package compose

import (
	"fmt"
	"strings"

	"sparkbot/notify"
)

var styleNames = map[notify.Style]string{notify.Normal: "body", notify.Small: "small", notify.Heading: "heading", notify.Title: "title", notify.Quote: "quote"}

// structure writes what Plain does not show: which block each text is, the look
// of every span, and what every button does.
func structure(m notify.Message) string {
	out := []string{fmt.Sprintf("accent #%06X", m.Accent)}
	for _, b := range m.Blocks {
		switch b := b.(type) {
		case notify.Divider:
			out = append(out, "divider")
		case notify.Picture:
			out = append(out, fmt.Sprintf("picture %s %dx%d\n\t%q", b.Name, b.Width, b.Height, b.Alt))
		case notify.Actions:
			out = append(out, "actions")
			for _, button := range b.Buttons {
				out = append(out, "\t"+pressed(button))
			}
		case notify.Text:
			out = append(out, styleNames[b.Style])
			if b.Icon != "" {
				out = append(out, fmt.Sprintf("\ticon %s %q", b.Icon, b.IconAlt))
			}
			for _, s := range b.Spans {
				out = append(out, "\t"+look(s))
			}
			if b.Button != nil {
				out = append(out, "\tbeside "+pressed(*b.Button))
			}
		}
	}
	return strings.Join(out, "\n") + "\n"
}

func look(s notify.Span) string {
	line := fmt.Sprintf("%q", s.Text)
	for _, l := range []struct {
		on   bool
		name string
	}{{s.Bold, "bold"}, {s.Italic, "italic"}, {s.Strike, "strike"}, {s.Code, "code"}, {s.Fixed, "fixed"}} {
		if l.on {
			line += " " + l.name
		}
	}
	if s.URL != "" {
		line += " → " + s.URL
	}
	if !s.At.IsZero() {
		line += " at " + s.At.Format("2006-01-02T15:04:05Z07:00")
	}
	return line
}

func pressed(b notify.Button) string {
	if b.URL != "" {
		return fmt.Sprintf("[%s] → %s", b.Label, b.URL)
	}
	return fmt.Sprintf("[%s] /spark %s", b.Label, b.Command)
}
