package pace

import (
	"sync"
	"time"
)

// refusalSpan is how long a refusal is held against an address, in minutes; one
// more than Discord's ten, because a minute is counted as a whole.
const refusalSpan = 11

// Refusals count answers that a platform holds against whoever asks, such as
// Discord's 401, 403 and 429
// (https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans).
// The zero value is ready, and safe for concurrent use.
type Refusals struct {
	mu      sync.Mutex
	minutes [refusalSpan]struct {
		at int64 // minutes since 1970
		n  int
	}
}

// Note counts one more.
func (r *Refusals) Note(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := now.Unix() / 60
	m := &r.minutes[at%refusalSpan]
	if m.at != at {
		m.at, m.n = at, 0
	}
	m.n++
}

// Over gives how many there were in the last ten minutes and, when they are
// limit or more, the end of the minute in which enough of them are forgotten.
func (r *Refusals) Over(limit int, now time.Time) (n int, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := now.Unix() / 60
	for _, m := range r.minutes {
		if at-m.at < refusalSpan && m.at <= at {
			n += m.n
		}
	}
	left := n
	for first := at - refusalSpan + 1; left >= limit && first <= at; first++ {
		if m := r.minutes[first%refusalSpan]; m.at == first {
			left -= m.n
		}
		until = time.Unix((first+refusalSpan)*60, 0)
	}
	return n, until
}
