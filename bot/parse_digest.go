package bot

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// DigestAction is what a digest command asks for.
type DigestAction string

// The actions of a digest command.
const (
	DigestShow    DigestAction = "show"    // when it comes
	DigestPreview DigestAction = "preview" // what it would say now, to the member alone
	DigestNow     DigestAction = "now"     // the last seven days, in the channel
	DigestOff     DigestAction = "off"
	DigestOn      DigestAction = "on"
	DigestSet     DigestAction = "set"
	DigestList    DigestAction = "list" // all projects of one that was posted
)

// What becomes of a week in which nothing moved.
const (
	QuietSkip    = "skip"
	QuietOneLine = "one-line"
)

// DigestWish is the digest part of a command. What is empty stays as it is.
type DigestWish struct {
	Action    DigestAction
	Day       string // of DigestSet: mon to sun
	Time      string // of DigestSet: 09:00
	Zone      string // of DigestSet, as typed
	WhenQuiet string // of DigestSet: QuietSkip or QuietOneLine
	Edition   int64  // of DigestList
}

const digestMend = "write /spark digest mon 09:00 Europe/Berlin, off, on, now, preview, or when-quiet skip or one-line"

// fillers are words people put between the parts of a time.
var fillers = []string{"set", "at", "every", "in"}

func parseDigest(rest []word) (Command, error) {
	c := Command{Verb: Digest}
	rest, page, err := takePage(rest)
	if err != nil {
		return c, err
	}
	c.Page = page
	if len(rest) == 0 {
		c.Digest.Action = DigestShow
		return c, nil
	}
	if text, ok := rest[0].value("list"); ok {
		c.Digest.Action = DigestList
		c.Digest.Edition, err = strconv.ParseInt(text, 10, 64)
		if err != nil || c.Digest.Edition < 1 || len(rest) > 1 {
			return c, misused(digestMend, "%q is no digest", text)
		}
		return c, nil
	}
	for _, action := range []DigestAction{DigestShow, DigestPreview, DigestNow, DigestOff, DigestOn} {
		if rest[0].is(string(action)) {
			if len(rest) > 1 {
				return c, misused(digestMend, "digest %s takes nothing after it, but %q follows", action, rest[1].text)
			}
			c.Digest.Action = action
			return c, nil
		}
	}
	c.Digest, err = parseSchedule(rest)
	return c, err
}

// parseSchedule reads a day, a time and a zone in any order, and what becomes of
// a quiet week.
func parseSchedule(rest []word) (DigestWish, error) {
	w := DigestWish{Action: DigestSet}
	var where []string
	for i := 0; i < len(rest); i++ {
		one := rest[i]
		quiet, named := one.value("when-quiet")
		switch {
		case one.is("when-quiet") && i+1 < len(rest):
			i++
			quiet, named = rest[i].text, true
		case one.is("when-quiet"):
			return w, misused("write when-quiet skip, or when-quiet one-line", "when-quiet needs to know what a quiet week becomes")
		}
		if named {
			if w.WhenQuiet = quietWord(quiet); w.WhenQuiet == "" {
				return w, misused("write skip, or one-line", "%q is nothing a quiet week can become", quiet)
			}
			continue
		}
		if one.quoted {
			where = append(where, one.text)
			continue
		}
		day, isDay := weekday(one.text)
		clock, isTime := timeOfDay(one.text)
		switch {
		case slices.ContainsFunc(fillers, one.is):
		case isDay && w.Day == "":
			w.Day = day
		case isTime && w.Time == "":
			w.Time = clock
		case isDay, isTime:
			return w, misused(digestMend, "%q is one day or time too many", one.text)
		case one.text[0] >= '0' && one.text[0] <= '9':
			return w, misused("write it like 09:00 or 4:30pm", "%q is no time of day", one.text)
		default:
			where = append(where, one.text)
		}
	}
	w.Zone = strings.Join(where, " ")
	if len(w.Zone) > 100 {
		return w, misused("write one like Europe/Berlin", "that is no time zone")
	}
	if w == (DigestWish{Action: DigestSet}) {
		return w, misused(digestMend, "digest needs a day, a time or a zone")
	}
	return w, nil
}

func quietWord(s string) string {
	switch strings.ToLower(s) {
	case QuietSkip:
		return QuietSkip
	case QuietOneLine, "oneline", "one":
		return QuietOneLine
	default:
		return ""
	}
}

// weekday reads a day's English name, cut to three letters or more.
func weekday(s string) (string, bool) {
	s = strings.ToLower(s)
	for i, short := range weekdays {
		if strings.HasPrefix(s, short) && strings.HasPrefix(strings.ToLower(longDays[i])+"s", s) {
			return short, true
		}
	}
	return "", false
}

var longDays = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

var (
	fullTime = regexp.MustCompile(`^([01]?[0-9]|2[0-3])[:.h]([0-5][0-9])$`)
	halfTime = regexp.MustCompile(`^(1[0-2]|0?[1-9])(?:[:.]([0-5][0-9]))?(am|pm)$`)
)

// timeOfDay reads a time of day as 09:00.
func timeOfDay(s string) (string, bool) {
	s = strings.ToLower(s)
	if m := fullTime.FindStringSubmatch(s); m != nil {
		hour, _ := strconv.Atoi(m[1])
		return fmt.Sprintf("%02d:%s", hour, m[2]), true
	}
	m := halfTime.FindStringSubmatch(s)
	if m == nil {
		return "", false
	}
	hour, _ := strconv.Atoi(m[1])
	hour %= 12
	if m[3] == "pm" {
		hour += 12
	}
	if m[2] == "" {
		m[2] = "00"
	}
	return fmt.Sprintf("%02d:%s", hour, m[2]), true
}

// String gives the wish as it would be typed after digest.
func (w DigestWish) String() string {
	if w.Action == DigestList {
		return fmt.Sprintf("list:%d", w.Edition)
	}
	if w.Action != DigestSet {
		return string(w.Action)
	}
	var parts []string
	for _, s := range []string{w.Day, w.Time} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if w.Zone != "" {
		parts = append(parts, `"`+w.Zone+`"`)
	}
	if w.WhenQuiet != "" {
		parts = append(parts, "when-quiet "+w.WhenQuiet)
	}
	return strings.Join(parts, " ")
}
