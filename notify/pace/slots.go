package pace

import (
	"slices"
	"time"
)

// Window is the span in which no more than the limit reach a platform. It is a
// little longer than the second the platforms count in, for clocks that do not
// run alike.
const Window = time.Second + 2*time.Millisecond

// slots are what counts against a share: a request from when it begins until a
// Window after its answer, since it may have reached the platform at any moment
// between. A turn that no request has used counts for a Window.
type slots struct {
	granted  []time.Time // turns nobody has used yet, oldest first
	underWay int         // requests without an answer
	answered []time.Time // when answers came, oldest first
	trip     trip
}

// use turns the oldest turn that was granted into a request that is under way,
// if there is one.
func (s *slots) use(now time.Time) bool {
	s.forget(now)
	if len(s.granted) == 0 {
		return false
	}
	s.granted = slices.Delete(s.granted, 0, 1)
	s.underWay++
	return true
}

// answer notes the answer to a request that began then.
func (s *slots) answer(began, now time.Time) {
	s.underWay--
	s.answered = append(s.answered, now)
	s.trip.add(now.Sub(began))
}

// held is how many there are.
func (s *slots) held(now time.Time) int { return s.underWay + len(s.ends(now)) }

// room is when fewer than share are held; false when that waits for an answer.
func (s *slots) room(share int, now time.Time) (at time.Time, known bool) {
	ends := s.ends(now)
	switch over := s.underWay + len(ends) - share; {
	case over < 0:
		return now, true
	case over < len(ends):
		return ends[over], true
	default:
		return at, false
	}
}

// ends is when those that wait for no answer end, in order.
func (s *slots) ends(now time.Time) []time.Time {
	s.forget(now)
	ends := make([]time.Time, 0, len(s.granted)+len(s.answered))
	for _, t := range s.granted {
		ends = append(ends, t.Add(Window))
	}
	common := s.trip.common()
	for _, t := range s.answered {
		if end := t.Add(Window - common); end.After(now) {
			ends = append(ends, end)
		}
	}
	slices.SortFunc(ends, time.Time.Compare)
	return ends
}

// forget drops what counts no more. What lies ahead was noted before the clock
// was set back.
func (s *slots) forget(now time.Time) {
	over := func(t time.Time) bool { return now.Sub(t) >= Window || t.After(now) }
	s.granted = slices.DeleteFunc(s.granted, over)
	s.answered = slices.DeleteFunc(s.answered, over)
}

const (
	// sample is of how many answers the quickest is taken.
	sample = 200
	// unlike is what even the quickest of them may have lost on its way.
	unlike = 10 * time.Millisecond
	// believed bounds what is taken for the way itself: a platform that is slower
	// is slow by itself, and may be quick again the next moment.
	believed = 200 * time.Millisecond
)

// trip learns how long the way to the platform and back takes at least.
type trip struct {
	n             int
	least, before time.Duration // of the n latest answers, and of the sample before
}

func (t *trip) add(took time.Duration) {
	if t.n == 0 || took < t.least {
		t.least = took
	}
	if t.n++; t.n == sample {
		t.n, t.before = 0, t.least
	}
}

// common is the part of the way that all requests need alike. It moves none of
// them towards another, so nobody need wait for it.
func (t *trip) common() time.Duration {
	least := t.before
	if t.n > 0 {
		least = min(least, t.least)
	}
	return min(max(least-unlike, 0), believed)
}
