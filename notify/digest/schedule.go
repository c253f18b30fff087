package digest

import (
	"fmt"
	"time"

	"sparkbot/notify/zone"
	"sparkbot/store"
)

const (
	// reach is how far before the wished local time, read as if it were UTC, its
	// instant may lie: no zone is more than 14 hours ahead or 12 behind.
	reach = 26 * time.Hour
	// spacing keeps a digest from following another within a day, when its time is
	// changed on the very day it came.
	spacing = 24 * time.Hour
)

// Next gives the first instant after `after` at which the schedule's local time
// comes, whatever clocks do meanwhile: a time they skip is the first instant
// after the skip, and one they repeat is its first coming alone.
func Next(s store.Schedule, after time.Time) (time.Time, error) {
	if s.Weekday < time.Sunday || s.Weekday > time.Saturday || s.Minute < 0 || s.Minute >= 24*60 {
		return time.Time{}, fmt.Errorf("no week has the day %d and the minute %d", s.Weekday, s.Minute)
	}
	where, err := zone.Load(s.Zone)
	if err != nil {
		return time.Time{}, err
	}
	year, month, day := after.In(where).Date()
	// A skipped day may put the time of one date behind that of the next, so the
	// search begins a week back.
	day += int(s.Weekday-after.In(where).Weekday()) - 7
	for ; ; day += 7 {
		if t := instant(year, month, day, s.Minute, where); t.After(after) {
			return t, nil
		}
	}
}

// instant is the first at which clocks in a zone show a local time or a later
// one. It walks over the stretches between two changes of the clocks.
func instant(year int, month time.Month, day, minute int, where *time.Location) time.Time {
	wished := time.Date(year, month, day, 0, minute, 0, 0, time.UTC)
	for start := wished.Add(-reach).In(where); ; {
		_, offset := start.Zone()
		_, end := start.ZoneBounds()
		t := wished.Add(-time.Duration(offset) * time.Second)
		if t.Before(start) {
			t = start
		}
		if end.IsZero() || t.Before(end) {
			return t.UTC()
		}
		start = end
	}
}

// NextOf is Next for a place: never within a day of its last digest.
func NextOf(d store.Digest, now time.Time) (time.Time, error) {
	if least := d.Since.Add(spacing); !d.Since.IsZero() && least.After(now) && d.Since.Before(now.Add(spacing)) {
		now = least
	}
	return Next(d.Schedule, now)
}
