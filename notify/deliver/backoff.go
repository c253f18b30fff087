package deliver

import "time"

// The waits between attempts: up to firstWait after the first, doubling up to
// lastWait.
const (
	firstWait = time.Second
	lastWait  = 5 * time.Minute
)

// Backoff is how long to wait after the attempt-th failed attempt, counted from
// 1. It has full jitter: anything from nothing to a bound that begins at one
// second and doubles up to five minutes, since waits that are spread over the
// whole span keep those who failed together from coming back together
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
// chance is from 0 up to 1.
func Backoff(attempt int, chance float64) time.Duration {
	bound := lastWait
	if n := max(attempt, 1) - 1; n < 16 {
		bound = min(firstWait<<n, lastWait)
	}
	return time.Duration(chance * float64(bound))
}

// pause is how long to leave the database alone after so many failures in a
// row: never nothing, and never above 2 s, since messages wait for it.
func pause(failures int, chance float64) time.Duration {
	return 50*time.Millisecond + min(Backoff(failures, chance), 1950*time.Millisecond)
}
