package feed

import (
	"errors"
	"net/http"
	"time"

	"sparkbot/store"
)

const (
	firstRetry = time.Minute
	lastRetry  = 24 * time.Hour
	// goneRetry is how often a feed is asked that its server calls gone.
	goneRetry = 24 * time.Hour
)

// After says what is remembered of a feed after it was asked at now with an
// answer or an error. chance, from 0 up to 1, spreads the feeds.
//
// A feed that answers is due an interval later, a tenth more or less. One that
// fails is asked again after a minute, then after twice that and so on up to a
// day, and never before the server said. An address to which a permanent redirect
// led is forgotten when nothing is there any more.
func After(st store.FeedState, a Answer, err error, interval time.Duration, now time.Time, chance float64) store.FeedState {
	spread := func(d time.Duration) time.Time {
		return now.Add(time.Duration(float64(d) * (0.9 + 0.2*chance))).Truncate(time.Millisecond)
	}
	if err == nil {
		st.Failures, st.Problem, st.ReadAt, st.NextAt = 0, "", now, spread(interval)
		if a.MovedTo != "" {
			st.MovedTo = a.MovedTo
		}
		if !a.Unchanged {
			st.ETag, st.LastModified = a.ETag, a.LastModified
		}
		return st
	}
	st.Failures++
	st.Problem = cut(Line(err.Error()), 500)
	wait := lastRetry
	if st.Failures < 12 {
		wait = min(lastRetry, firstRetry<<(st.Failures-1))
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		lost := r.Status == http.StatusNotFound || r.Status == http.StatusGone
		switch {
		case lost && st.MovedTo != "":
			st.MovedTo, st.ETag, st.LastModified = "", "", ""
		case r.Status == http.StatusGone:
			wait = goneRetry
		}
		if r.After > 0 {
			// Jitter only adds here: the server is never asked before it said.
			st.NextAt = now.Add(max(wait, r.After) + time.Duration(float64(time.Minute)*chance)).Truncate(time.Millisecond)
			return st
		}
	}
	st.NextAt = spread(wait)
	return st
}
