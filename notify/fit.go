package notify

import "sort"

// shortest is the fewest characters a text is cut to before Fit gives up.
const shortest = 8

// Fit shortens the longest texts of m, all to the same length, until fits says
// yes. The length kept is the greatest that will do, so short texts such as
// titles stay whole while a long summary gives way. Fixed spans and buttons are
// never shortened. It reports false, with the shortest form it could reach,
// when even that does not fit.
func Fit(m Message, fits func(Message) bool) (Message, bool) {
	if fits(m) {
		return m, true
	}
	longest := 0
	for _, b := range m.Blocks {
		if t, ok := b.(Text); ok {
			for _, s := range t.Spans {
				if !s.Fixed {
					longest = max(longest, len(s.Text))
				}
			}
		}
	}
	// Search finds the smallest amount taken off the longest length that fits.
	off := sort.Search(max(longest-shortest, 0), func(off int) bool {
		return fits(limitSpans(m, longest-off))
	})
	m = limitSpans(m, max(longest-off, shortest))
	return m, fits(m)
}

// limitSpans gives a copy of m whose spans are at most n characters long.
func limitSpans(m Message, n int) Message {
	blocks := make([]Block, len(m.Blocks))
	for i, b := range m.Blocks {
		blocks[i] = b
		t, ok := b.(Text)
		if !ok {
			continue
		}
		spans := make([]Span, len(t.Spans))
		for j, s := range t.Spans {
			if !s.Fixed {
				s.Text = Cut(s.Text, n)
			}
			spans[j] = s
		}
		t.Spans = spans
		blocks[i] = t
	}
	m.Blocks = blocks
	return m
}
