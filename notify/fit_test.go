package notify

import (
	"strings"
	"testing"
)

func length(m Message) int {
	n := 0
	for _, b := range m.Blocks {
		if t, ok := b.(Text); ok {
			for _, s := range t.Spans {
				n += len(s.Text)
			}
		}
	}
	return n
}

func TestFitShortensTheLongestFirst(t *testing.T) {
	m := Message{Blocks: []Block{
		Text{Style: Title, Spans: []Span{{Text: "A title stays whole"}}},
		Divider{},
		Text{Spans: []Span{{Text: strings.Repeat("word ", 400)}, {Text: strings.Repeat("fixed", 20), Fixed: true}}},
	}}
	got, ok := Fit(m, func(m Message) bool { return length(m) <= 500 })
	if !ok || length(got) > 500 || length(got) < 470 {
		t.Fatalf("Fit left %d bytes (ok %v), want just under 500", length(got), ok)
	}
	if title := got.Blocks[0].(Text).Spans[0].Text; title != "A title stays whole" {
		t.Errorf("the title became %q", title)
	}
	if fixed := got.Blocks[2].(Text).Spans[1].Text; len(fixed) != 100 {
		t.Errorf("a fixed span was cut to %d bytes", len(fixed))
	}
	if n := length(m); n < 2000 {
		t.Errorf("Fit changed the message it was given: %d bytes left", n)
	}
	if _, ok := Fit(m, func(m Message) bool { return length(m) <= 100 }); ok {
		t.Error("Fit said yes to a limit that the fixed text alone passes")
	}
}
