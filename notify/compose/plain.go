package compose

import (
	"strings"

	"github.com/rivo/uniseg"

	"sparkbot/notify"
)

// Plain gives a message as text for a terminal, wrapped to width columns. Links
// stand behind their text in angle brackets, buttons in square ones, with their
// address where the message shows it nowhere else. A picture is told by its
// description. A width below 1 counts as 1; a
// word wider than the width is never broken.
func Plain(m notify.Message, width int) string {
	width = max(width, 1)
	links := links(m)
	var out []string
	headed := false // the block before was a heading
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
			add("", buttonLine(b.Buttons, links))
		case notify.Picture:
			add("", "[picture: "+b.Alt+"]")
		case notify.Text:
			s := spanLine(b.Spans)
			if b.Button != nil {
				s += "  " + buttonLine([]notify.Button{*b.Button}, links)
			}
			switch b.Style {
			case notify.Title, notify.Heading:
				out = append(out, "")
				add("", s)
			case notify.Quote:
				add("│ ", s)
			default:
				if strings.Contains(s, "\n") && !headed {
					out = append(out, "") // several lines stand apart from their neighbours
				}
				add("", s)
			}
		}
		t, ok := b.(notify.Text)
		headed = ok && t.Style == notify.Heading
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

// links are the addresses that stand in the texts of a message.
func links(m notify.Message) map[string]bool {
	found := map[string]bool{}
	for _, b := range m.Blocks {
		if t, ok := b.(notify.Text); ok {
			for _, s := range t.Spans {
				found[s.URL] = true
			}
		}
	}
	return found
}

func buttonLine(buttons []notify.Button, links map[string]bool) string {
	labels := make([]string, len(buttons))
	for i, b := range buttons {
		labels[i] = "[" + b.Label + "]"
		if b.URL != "" && !links[b.URL] {
			labels[i] = "[" + b.Label + " <" + b.URL + ">]"
		}
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
