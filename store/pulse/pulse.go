// Package pulse answers one question: when does a loop that looks every so often
// look next?
//
// All such loops of a process look at the same moments, since a processor at rest is
// woken for milliseconds by each of them that comes on its own: a bot with nothing to
// do costs what its wakings cost, not what it does then. It neither waits nor asks for
// the time.
package pulse

import "time"

// Next is how long after now the next multiple of every is, by the clock on the wall. One
// that is closer than a tenth of every is passed over: a timer runs by another clock and
// may fire just before the moment it was set for, which would be looked at twice. What
// it gives is so between a tenth of every, which must be positive, and eleven tenths.
func Next(now time.Time, every time.Duration) time.Duration {
	next := now.Truncate(every).Add(every).Sub(now)
	if next < every/10 {
		next += every
	}
	return next
}
