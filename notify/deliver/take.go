package deliver

import (
	"context"
	"time"

	"sparkbot/store"
)

const (
	// worthwhile is the least room for which it pays to take claims from elsewhere:
	// one transaction makes them, and a small one costs as much as a large one.
	worthwhile = 512
	// roomWait is how long whoever owes alerts waits for that room. A platform that
	// answers quickly has it again much sooner.
	roomWait = 100 * time.Millisecond
	// roomLook is how often it is looked for.
	roomLook = 2 * time.Millisecond
)

// Room is room for claims that somebody else makes.
type Room struct {
	Claims    int              // on each of the platforms
	Platforms []store.Platform // none: there is no room
	Lease     time.Duration    // how long the claims are to last
	// Take is to be called once, with the claims or with none.
	Take func([]store.Claimed)
}

// Reserve keeps room for up to most claims on each platform. A platform whose rate
// is known, that fails, or that is busy with what is in the queue already, takes
// nothing. Whoever is patient waits for room, though not for long, and not where replicas share
// the rate: another one may have some.
func (w *Worker) Reserve(ctx context.Context, most int, patient bool) (r Room) {
	w.mu.Lock()
	lanes := w.running
	w.mu.Unlock()
	for until := w.o.Now().Add(roomWait); ; {
		kept := map[store.Platform]*lane{}
		wait := false
		for _, l := range lanes {
			switch free, taking := l.free(); {
			case !taking:
			case free >= min(most, worthwhile):
				kept[l.platform] = l
				r.Platforms = append(r.Platforms, l.platform)
				if r.Claims == 0 || free < r.Claims {
					r.Claims = free
				}
			default:
				wait = wait || !l.budget.Shared()
			}
		}
		if r.Claims = min(r.Claims, most); r.Claims > 0 {
			for _, l := range kept {
				l.hold(r.Claims)
			}
			r.Lease, r.Take = w.o.Lease, func(claims []store.Claimed) { w.take(kept, r.Claims, claims) }
			return r
		}
		if !wait || !patient || !w.o.Now().Before(until) || !sleep(ctx, roomLook) {
			return r
		}
	}
}

// take hands claims to the lanes that kept room for them, and gives back what room
// is left. What comes when the lanes have closed is released.
func (w *Worker) take(kept map[store.Platform]*lane, n int, claims []store.Claimed) {
	var late []store.Settlement
	taken := map[store.Platform]int{}
	for i := range claims {
		c := &claims[i]
		if l := kept[c.Place.Platform]; l != nil && l.accept(c) {
			taken[c.Place.Platform]++
		} else {
			now := w.o.Now()
			late = append(late, release(c, now, now, c.Reason))
		}
	}
	for platform, l := range kept {
		if left := n - taken[platform]; left > 0 {
			l.hold(-left)
			l.ease()
		}
	}
	if len(late) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.o.Lease/4)
	defer cancel()
	if _, _, err := w.queue.Settle(ctx, late); err != nil {
		w.o.Log.Warn("what was claimed while the service stopped could not be released; it is asked for when its lease ends", "claims", len(late), "err", err)
	}
}

// free is how many more claims the lane may hold, and whether it takes any from
// elsewhere at present.
func (l *lane) free() (n int, taking bool) {
	if _, bounded := l.budget.Ahead(l.o.slack() / 2); bounded || l.settler.behind.Load() {
		return 0, false
	}
	if down, tryAt := l.health.state(); down || later(l.throttles.all(), tryAt).After(l.o.Now()) {
		return 0, false
	}
	most := ahead(l.o, l.most(), l.typical.get())
	return min(most-int(l.open.Load()), 2*most-int(l.busy.Load())), true
}

// hold counts claims that the lane holds from now on, or no longer.
func (l *lane) hold(n int) {
	l.busy.Add(int64(n))
	l.open.Add(int64(n))
}

// accept hands a claim to the workers, unless they are gone.
func (l *lane) accept(c *store.Claimed) bool {
	l.gate.RLock()
	defer l.gate.RUnlock()
	if l.closed {
		return false
	}
	l.jobs <- c
	return true
}

// shut lets the workers end with what they were handed.
func (l *lane) shut() {
	l.gate.Lock()
	defer l.gate.Unlock()
	l.closed = true
	close(l.jobs)
}
