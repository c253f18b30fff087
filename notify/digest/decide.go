package digest

import (
	"time"

	"sparkbot/store"
)

const (
	// TooLate is how late a digest may come. One that would come later is left out,
	// and what it would have told is in the next.
	TooLate = 24 * time.Hour
	// longest is how far back a window may reach. After a longer time without a
	// digest it begins a week before its end, like the first.
	longest = 28 * 24 * time.Hour
	// farthest is how far ahead the next digest can be: a week, the day between two
	// and an hour of clocks turned back. One that is farther was worked out by a
	// clock that was wrong.
	farthest = 9 * 24 * time.Hour
)

// outcome is what becomes of a digest whose time has come.
type outcome string

const (
	sent     outcome = "sent"
	tooLate  outcome = "too late"
	unwanted outcome = "unwanted" // no subscription chose it, or the place is gone
)

// decide says what becomes of a digest that is due, and over which window it
// goes. notices is the last notice there is. A window goes from the end of the
// last digest to now, so that nothing falls between two of them however late one
// was.
func decide(d store.Due, now time.Time, notices int64) (store.Edition, outcome) {
	switch {
	case d.Gone || d.Follows == "":
		return store.Edition{}, unwanted
	case now.Sub(d.NextAt) >= TooLate:
		return store.Edition{}, tooLate
	}
	return Upcoming(d.Digest, d.Follows, now, notices), sent
}

// Upcoming is the edition that a place's weekly digest would be if it came now.
func Upcoming(d store.Digest, follows string, now time.Time, notices int64) store.Edition {
	end := now.UTC().Truncate(time.Minute)
	e := store.Edition{
		Variant: store.Weekly, Schedule: d.Schedule, Follows: follows, Begin: d.Since.UTC(), End: end,
		After: d.Seen, UpTo: max(d.Seen, notices), SkipQuiet: d.SkipQuiet,
	}
	if reach := end.Sub(d.Since); d.Since.IsZero() || reach <= 0 || reach > longest {
		e.Begin, e.First = end.Add(-week), true
	}
	return e
}

// LastWeek is an edition of the seven days before now, whatever was told of them
// already or will be. Nobody shares it, so it ends at this very moment and holds
// what happened just now.
func LastWeek(d store.Digest, follows string, v store.Variant, now time.Time, notices int64) store.Edition {
	end := now.UTC().Truncate(time.Millisecond)
	return store.Edition{
		Variant: v, Schedule: d.Schedule, Follows: follows, Begin: end.Add(-week), End: end, First: true, UpTo: notices, SkipQuiet: d.SkipQuiet,
	}
}
