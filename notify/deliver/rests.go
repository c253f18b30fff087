package deliver

import "time"

// rests are places that are left alone for a moment after a post and are, as far as
// is known, owed nothing else. No claim has to leave them out: at thousands of posts
// a second the list would be the dearest part of it. Should something come for one of
// them meanwhile it is claimed and released, and then the place is listed.
//
// They are kept in two generations, of which the older is dropped as a whole, and as
// numbers without pointers, so that neither a sweep nor the garbage collector looks at
// each.
type rests struct{ young, old generation }

// generation is until when places rest, in nanoseconds since 1970, and until when the
// last of them does.
type generation struct {
	until map[int64]int64
	over  int64
}

func (r *rests) add(place int64, until time.Time) {
	n := until.UnixNano()
	if r.young.until == nil {
		r.young.until = map[int64]int64{}
	}
	r.young.until[place] = max(n, r.young.until[place])
	r.young.over = max(n, r.young.over)
}

// end is when a place has rested; zero when it does not rest.
func (r *rests) end(place int64) time.Time {
	n := max(r.young.until[place], r.old.until[place])
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

// sweep forgets what is over, at the latest at the second call after it is.
func (r *rests) sweep(now time.Time) {
	n := now.UnixNano()
	if r.old.over > n {
		return
	}
	r.old, r.young = r.young, generation{}
	if r.old.over <= n {
		r.old = generation{}
	}
}
