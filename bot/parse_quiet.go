package bot

import (
	"fmt"
	"slices"
	"strings"
)

// QuietAction is what a quiet command asks for.
type QuietAction string

// The actions of a quiet command.
const (
	QuietShow QuietAction = "" // when it is quiet
	QuietSet  QuietAction = "set"
	QuietOff  QuietAction = "off"
)

// QuietWish is the quiet part of a command.
type QuietWish struct {
	Action   QuietAction
	From, To string // of QuietSet: 20:00, 08:00
	Zone     string // of QuietSet, as typed; empty for the channel's own
}

const (
	quietMend = "write /spark quiet 20:00-08:00 Europe/Berlin, or /spark quiet off"
	// dropWord, after a mute or quiet hours, wants nothing caught up.
	dropWord = "drop"
)

// bridges are words people put between the parts of a span of time.
var bridges = []string{"from", "to", "until", "till", "and", "between", "daily", "in", "at", "-", "–", "—"}

func parseQuiet(rest []word) (Command, error) {
	c := Command{Verb: Quiet}
	switch {
	case len(rest) == 0:
		return c, nil
	case len(rest) == 1 && rest[0].is("off"):
		c.Quiet.Action = QuietOff
		return c, nil
	}
	c.Quiet.Action = QuietSet
	var times, where []string
	for _, w := range rest {
		switch {
		case w.quoted:
			where = append(where, w.text)
		case w.is(dropWord):
			c.Drop = true
		case strings.ContainsRune("0123456789", rune(w.text[0])):
			for _, piece := range strings.FieldsFunc(w.text, func(r rune) bool { return strings.ContainsRune("-–—", r) }) {
				clock, ok := timeOfDay(piece)
				if !ok {
					return c, misused("write it like 20:00 or 8pm", "%q is no time of day", piece)
				}
				times = append(times, clock)
			}
		case !isBridge(w):
			where = append(where, w.text)
		}
	}
	switch {
	case len(times) != 2:
		return c, misused(quietMend, "quiet needs two times of day, its beginning and its end")
	case times[0] == times[1]:
		return c, misused(quietMend, "quiet hours that begin and end at %s are none", times[0])
	}
	c.Quiet.From, c.Quiet.To, c.Quiet.Zone = times[0], times[1], strings.Join(where, " ")
	if len(c.Quiet.Zone) > 100 {
		return c, misused("write one like Europe/Berlin", "that is no time zone")
	}
	return c, nil
}

func isBridge(w word) bool { return slices.ContainsFunc(bridges, w.is) }

// String gives the wish as it would be typed after quiet.
func (w QuietWish) String() string {
	switch w.Action {
	case QuietOff:
		return string(QuietOff)
	case QuietSet:
		text := fmt.Sprintf("%s-%s", w.From, w.To)
		if w.Zone != "" {
			text += ` "` + w.Zone + `"`
		}
		return text
	default:
		return ""
	}
}

// takeDrop takes the word drop from the end of the words.
func takeDrop(all []word) (rest []word, drop bool) {
	if n := len(all); n > 0 && all[n-1].is(dropWord) {
		return all[:n-1], true
	}
	return all, false
}

// parseOnly reads what a channel shall hear only the sparks of.
func parseOnly(rest []word) (Command, error) {
	const mend = "write /spark only sparks session"
	c := Command{Verb: Only}
	if len(rest) == 0 || !rest[0].is("sparks") {
		return c, misused(mend, "only knows sparks alone")
	}
	if c.Project = join(rest[1:]); c.Project == "" {
		return c, misused(mend, "only sparks needs a project")
	}
	return c, nil
}
