package pace

import (
	"time"

	"sparkbot/store"
)

const (
	// ShareTTL is how long a member that died is still counted. It leaves room for two
	// beats of the heart that are lost before a share lapses.
	ShareTTL = 7500 * time.Millisecond
	// slowest is how long an answer may take whose request began when the share
	// lapsed, and still count no more when the database forgets the share.
	slowest = 300 * time.Millisecond
	// usable is how long a share is used after it was asked for.
	usable = ShareTTL - Window - slowest
)

// seat is one member's part of a limit, by its own clock.
type seat struct {
	limit int
	share int
	until time.Time
}

// holds is what is in force at now.
func (s *seat) holds(now time.Time) int {
	if !now.Before(s.until) {
		return 0
	}
	return s.share
}

// decide says what a member records and what it uses from then on, given what
// the others have recorded and how much of the limit its requests hold. It uses
// at once what is free of its fair part. What it must give up it records as used
// for one round more, and for as long as its requests hold it.
func (s *seat) decide(holder string, others []store.Member, held int, now time.Time) (record, use int) {
	use = s.limit
	for _, o := range others {
		use -= o.Share
	}
	use = max(min(use, fair(s.limit, holder, others)), 0)
	return max(use, s.holds(now), held), use
}

// granted notes that the database took what was decided after a question that
// was asked then.
func (s *seat) granted(use int, asked time.Time) { s.share, s.until = use, asked.Add(usable) }

// fair is a member's part: the same for all, and one more for the first of them
// by name until nothing is left.
func fair(limit int, holder string, others []store.Member) int {
	rank := 0
	for _, o := range others {
		if o.Holder < holder {
			rank++
		}
	}
	part := limit / (len(others) + 1)
	if rank < limit%(len(others)+1) {
		part++
	}
	return part
}
