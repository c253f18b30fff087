package deliver

import (
	"maps"
	"sync"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// maxSkips bounds the list of places that a claim leaves out. A place beyond it
// is claimed and released, which is dearer but no less right.
const maxSkips = 2000

// early is how long before the end of its wait a place is claimed for, so that its
// message is at hand when it may be posted. What is left of the wait its worker waits.
const early = 25 * time.Millisecond

// throttles remember who must wait, on one platform: for a rate, or because the
// first message of a place is put off. Claims leave them out. Waits that are over are forgotten at the
// next claim, so their number is bounded by how many places can be written to
// within a wait.
type throttles struct {
	mu         sync.Mutex
	platform   time.Time
	workspaces map[string]time.Time
	places     map[int64]time.Time
	most       int // how many places the map was made to hold since it was new
	resting    rests
}

func newThrottles() *throttles {
	return &throttles{workspaces: map[string]time.Time{}, places: map[int64]time.Time{}}
}

// close lets a scope around p wait until then, and never shortens a wait.
func (t *throttles) close(scope notify.Scope, p store.Place, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch scope {
	case notify.ScopePlatform:
		t.platform = later(t.platform, until)
	case notify.ScopeWorkspace:
		t.workspaces[p.Workspace] = later(t.workspaces[p.Workspace], until)
	default:
		t.places[p.ID] = later(t.places[p.ID], until)
		t.most = max(t.most, len(t.places))
	}
}

// rest lets a place that is owed nothing else, as far as is known, wait until then.
func (t *throttles) rest(place int64, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resting.add(place, until)
}

// forget ends every wait.
func (t *throttles) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.platform = time.Time{}
	clear(t.workspaces)
	clear(t.places)
	t.resting = rests{}
}

// until is when p may be written to; a time that is past means now.
func (t *throttles) until(p *store.Place) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	until := later(t.platform, t.resting.end(p.ID))
	if len(t.workspaces) > 0 {
		until = later(until, t.workspaces[p.Workspace])
	}
	if len(t.places) > 0 {
		until = later(until, t.places[p.ID])
	}
	return until
}

// all is when the platform as a whole may be written to.
func (t *throttles) all() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.platform
}

// skip writes those who must wait at now into r, but for those who just rest or whose
// wait is nearly over, and forgets those for whom it is. It gives when to look for
// them again, or zero: as soon as the first of those left out may be claimed for, or a
// wait that is nearly over ends, since what it puts off is due only then.
func (t *throttles) skip(r *store.ClaimRequest, platform store.Platform, now time.Time) (next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resting.sweep(now)
	for id, until := range t.workspaces {
		if !until.After(now) {
			delete(t.workspaces, id)
			continue
		}
		look, out := lookAt(until, now)
		if next = sooner(next, look); !out {
			continue
		}
		r.SkipWorkspaces = append(r.SkipWorkspaces, store.Workspace{Platform: platform, ID: id})
	}
	for id, until := range t.places {
		if !until.After(now) {
			delete(t.places, id)
			continue
		}
		look, out := lookAt(until, now)
		if next = sooner(next, look); out && len(r.SkipPlaces) < maxSkips {
			r.SkipPlaces = append(r.SkipPlaces, id)
		}
	}
	t.shrink()
	return next
}

// lookAt is when to look again for who waits until then, and whether claims leave it
// out at present.
func lookAt(until, now time.Time) (look time.Time, out bool) {
	if until.Sub(now) > early {
		return until.Add(-early), true
	}
	return until, false
}

// shrink makes a new map of places when few are left of many, because a map
// never gives its memory back. The caller holds the lock.
func (t *throttles) shrink() {
	if t.most < 1024 || len(t.places) > t.most/4 {
		return
	}
	smaller := make(map[int64]time.Time, len(t.places))
	maps.Copy(smaller, t.places)
	t.places, t.most = smaller, len(smaller)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sooner is the earlier of two times, of which a zero one does not count.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
