package bot

import (
	"regexp"
	"strconv"
)

var daysPattern = regexp.MustCompile(`^([1-9][0-9]?)d$`)

// parseLog reads a project's name and a number of days, both of which may be
// missing, and a page.
func parseLog(rest []word) (Command, error) {
	const mend = "write /spark log, /spark log session or /spark log session 14d; at most 30d"
	c := Command{Verb: Log}
	rest, page, err := takePage(rest)
	if err != nil {
		return c, err
	}
	c.Page = page
	if n := len(rest); n > 0 && !rest[n-1].quoted {
		if m := daysPattern.FindStringSubmatch(rest[n-1].text); m != nil {
			if c.Days, err = strconv.Atoi(m[1]); err != nil || c.Days > MaxLogDays {
				return c, misused(mend, "the log goes back %d days", MaxLogDays)
			}
			rest = rest[:n-1]
		}
	}
	c.Project = join(rest)
	return c, nil
}

// days writes a number of days as it is typed.
func days(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n) + "d"
}
