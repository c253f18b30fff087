package compose

import (
	"strings"

	"github.com/rivo/uniseg"

	"sparkbot/notify"
)

// Plain gives a message as text for a terminal, wrapped to width columns. Links
// stand behind their text in angle brackets, buttons in square ones.
func Plain(m notify.Message, width int) string {
	var out []string
	add := func(prefix, s string) {
		for l := range strings.Lines(s) {
			out = append(out, wrap(strings.TrimRight(l, "\n"), prefix, width)...)
		}
	}
	for _, b := range m.Blocks {
		switch b := b.(type) {
		case notify.Divider:
			out = append(out, strings.Repeat("─", width))
		case notify.Actions:
			add("", buttonLine(b.Buttons))
		case notify.Text:
			s := spanLine(b.Spans)
			if b.Button != nil {
				s += "  " + buttonLine([]notify.Button{*b.Button})
			}
			switch b.Style {
			case notify.Title, notify.Heading:
				out = append(out, "")
				add("", s)
			case notify.Quote:
				add("│ ", s)
			default:
				if strings.Contains(s, "\n") {
					out = append(out, "") // several lines stand apart from their neighbours
				}
				add("", s)
			}
		}
	}
	return strings.TrimLeft(strings.Join(out, "\n"), "\n") + "\n"
}

func spanLine(spans []notify.Span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Channel != "" {
			b.WriteString("#" + s.Channel)
			continue
		}
		b.WriteString(s.Text)
		if s.URL != "" {
			b.WriteString(" <" + s.URL + ">")
		}
	}
	return b.String()
}

func buttonLine(buttons []notify.Button) string {
	labels := make([]string, len(buttons))
	for i, b := range buttons {
		labels[i] = "[" + b.Label + "]"
	}
	return strings.Join(labels, " ")
}

// wrap breaks one line between words, each piece behind the prefix. A word that
// is wider than the line stands on a line of its own.
func wrap(s, prefix string, width int) []string {
	var lines []string
	current := prefix
	for i, word := range strings.Split(s, " ") {
		candidate := current + " " + word
		if i == 0 || current == prefix {
			candidate = current + word
		}
		if uniseg.StringWidth(candidate) > width && strings.TrimSpace(strings.TrimPrefix(current, prefix)) != "" {
			lines = append(lines, strings.TrimRight(current, " "))
			candidate = prefix + word
		}
		current = candidate
	}
	return append(lines, strings.TrimRight(current, " "))
}
