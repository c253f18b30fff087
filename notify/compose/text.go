package compose

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"sparkbot/notify"
)

// line makes a stored text fit for one line: no control characters, none of the
// invisible ones that turn the direction of what follows, and single spaces. A
// text in which nothing would be seen becomes "".
func line(s string) string {
	s = strings.Join(strings.Fields(visible(s)), " ")
	if strings.IndexFunc(s, seen) < 0 {
		return ""
	}
	return s
}

// seen reports whether a character leaves a trace of its own: a joiner, an accent
// without a letter, or one of the blank letters of Hangul and Braille does not.
func seen(r rune) bool {
	switch r {
	case '\u115F', '\u1160', '\u2800', '\u3164', '\uFFA0':
		return false
	}
	return !unicode.IsSpace(r) && !unicode.In(r, unicode.Cc, unicode.Cf, unicode.M)
}

// tallest is how many lines a passage may take where it stands among others.
const tallest = 8

// passage is text, shortened at a word to at most limit characters. One of very
// many lines is run together, so that it cannot fill a screen.
func passage(s string, limit int) string {
	s = text(s)
	if strings.Count(s, "\n") >= tallest {
		s = line(s)
	}
	return notify.Cut(s, limit)
}

// short is line, shortened at a word to at most limit characters.
func short(s string, limit int) string { return notify.Cut(line(s), limit) }

// text is like line, but keeps line breaks, at most one empty line at a time.
func text(s string) string {
	var lines []string
	empty := true
	for l := range strings.Lines(strings.ReplaceAll(s, "\r", "\n")) {
		l = line(l)
		if l == "" && empty {
			continue
		}
		empty = l == ""
		lines = append(lines, l)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// visible drops what nobody sees but a layout suffers from: control characters
// other than spaces, and the overrides, embeddings and isolates of Unicode's
// bidirectional algorithm, with which a title could reverse its neighbours. The
// joiners of emoji and of scripts that need them stay.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return r
		case unicode.IsControl(r), r == unicode.ReplacementChar, r == '\u200B', r == '\uFEFF',
			r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
			return -1
		default:
			return r
		}
	}, s)
}

// Age says how long ago then was, in the short form of a card: just now, 5m ago,
// 2h ago, 19d ago, 3mo ago, 2y ago; in 3d for what is to come. A month is 30
// days and a year 365.
func Age(then, now time.Time) string {
	d := now.Sub(then)
	if d < 0 {
		if -d < time.Minute {
			return "just now"
		}
		return "in " + span(-d)
	}
	if d < time.Minute {
		return "just now"
	}
	return span(d) + " ago"
}

func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < day:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d < 60*day:
		return fmt.Sprintf("%dd", d/day)
	case d < 365*day:
		return fmt.Sprintf("%dmo", d/(30*day))
	default:
		return fmt.Sprintf("%dy", d/(365*day))
	}
}

// host is the site an address leads to, as a reader recognizes it, or "" when
// the address names none.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return short(strings.TrimPrefix(u.Hostname(), "www."), longestHost)
}

// Accent is the colour 0xRRGGBB of a category: the same for the same name, from
// a fixed palette that reads on light and dark.
func Accent(category string) int {
	switch strings.ToUpper(category) {
	case "COMMS":
		return 0x8B5CF6
	case "INFRA":
		return 0x0EA5E9
	case "DATA":
		return 0x10B981
	case "AI":
		return 0xF59E0B
	}
	palette := []int{0xEC4899, 0x6366F1, 0x14B8A6, 0xF97316, 0x84CC16, 0xA855F7}
	sum := 0
	for _, r := range strings.ToUpper(category) {
		sum = (sum*31 + int(r)) % 9973
	}
	return palette[sum%len(palette)]
}

// plain is a span without any look.
func plain(s string) notify.Span { return notify.Span{Text: s} }

// fixed is a span that is never shortened.
func fixed(s string) notify.Span { return notify.Span{Text: s, Fixed: true} }

func bold(s string) notify.Span { return notify.Span{Text: s, Bold: true} }
