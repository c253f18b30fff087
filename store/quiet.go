package store

import (
	"fmt"
	"time"
)

// Quiet is the time of day at which a place wants no alerts. The zero value is
// never quiet.
type Quiet struct {
	// From and To are minutes after midnight, 0 to 1439, in Zone. A From after To
	// reaches over midnight; equal ones are never quiet.
	From, To int
	Zone     string // an IANA name such as Europe/Berlin
	// CatchUp says that what was held is told in one message when the quiet ends;
	// without it, it is dropped.
	CatchUp bool
}

// Set reports whether there is a quiet time at all.
func (q Quiet) Set() bool { return q.From != q.To }

// String gives the time as it is typed in a command: 20:00-08:00 Europe/Berlin.
func (q Quiet) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d %s", q.From/60, q.From%60, q.To/60, q.To%60, q.Zone)
}

// Until gives the end of the quiet time in which now lies, or the zero time when
// now is not quiet. A zone this machine does not know is never quiet, because a
// message too many is mended and one that never comes is not. Where clocks are
// turned, a local time that does not exist is the instant the clock jumps to,
// and one that exists twice is its first.
func (q Quiet) Until(now time.Time) time.Time {
	zone, err := time.LoadLocation(q.Zone)
	if err != nil || !q.Set() {
		return time.Time{}
	}
	year, month, day := now.In(zone).Date()
	for _, back := range []int{-1, 0} { // a night may have begun yesterday
		from := at(year, month, day+back, q.From, zone)
		to := at(year, month, day+back, q.To, zone)
		if q.From > q.To {
			to = at(year, month, day+back+1, q.To, zone)
		}
		if !now.Before(from) && now.Before(to) {
			return to
		}
	}
	return time.Time{}
}

// at is the instant of a local time. time.Date gives, inside a gap, a time that
// is off by the length of the gap in one direction or the other.
func at(year int, month time.Month, day, minutes int, zone *time.Location) time.Time {
	t := time.Date(year, month, day, minutes/60, minutes%60, 0, 0, zone)
	if t.Hour()*60+t.Minute() == minutes {
		return t
	}
	start, end := t.ZoneBounds()
	if start.IsZero() || t.Sub(start).Abs() > end.Sub(t).Abs() {
		return end
	}
	return start
}
