package bot

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxMute is the longest a place can be muted; for longer, unsubscribing is
// meant.
const maxMute = 90 * 24 * time.Hour

var (
	forPattern = regexp.MustCompile(`^([1-9][0-9]{0,3})(m|h|d|w)$`)
	weekdays   = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	units      = map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
)

// validFor reports whether muteEnd can make a time of the text.
func validFor(text string) bool {
	_, ok := muteEnd(text, time.Unix(0, 0), time.UTC)
	return ok
}

// muteEnd says when a mute ends that begins now: after 30m, 2h, 3d or 1w, or on
// the next weekday ("until mon", "until-monday") at 09:00 in the zone. At most 90
// days.
func muteEnd(text string, now time.Time, where *time.Location) (time.Time, bool) {
	if m := forPattern.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		d := time.Duration(n) * units[m[2]]
		return now.Add(d), err == nil && d <= maxMute
	}
	day, ok := strings.CutPrefix(strings.Replace(text, "-", " ", 1), "until ")
	if !ok || len(day) < 3 {
		return time.Time{}, false
	}
	i := slices.Index(weekdays, day[:3])
	if i < 0 || !strings.HasPrefix(strings.ToLower(time.Weekday(i).String()), day) {
		return time.Time{}, false
	}
	today := now.In(where)
	end := time.Date(today.Year(), today.Month(), today.Day()+(i-int(today.Weekday())+7)%7, 9, 0, 0, 0, where)
	if !end.After(now) {
		end = end.AddDate(0, 0, 7)
	}
	return end, true
}
