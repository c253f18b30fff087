package deliver

import (
	"context"
	"slices"
	"time"

	"sparkbot/store"
)

const (
	// within is how far apart alerts of a burst may be due.
	within = time.Minute
	// breath is how long nothing new may have come for a burst to be over, and
	// patience how long its first alerts wait for that at most.
	breath   = time.Second
	patience = 2 * time.Second
)

// Gather says which other open alerts of its place are told in the message of a
// claimed one: when more than burst are due within a minute all of them, and when
// it was held whatever else was held and is due. A burst of 0 is never reached.
// Changes of trend, which come with a picture, are a burst apart from moves, and
// part of the same catch-up.
//
// A place to which several alerts come at once waits a moment for the last of
// them; until is then when to look again. What a mute covers waits for its end,
// what was taken back is not told at all, and what was tried before goes as it was.
func Gather(c *store.Claimed, burst int, now time.Time) (others []store.Companion, until time.Time) {
	if !alerts(c) || c.Retracted || doubtful(c) || c.Attempt > 0 {
		return nil, time.Time{}
	}
	if joined(c) != nil { // no other joins any more
		return nil, time.Time{}
	}
	turns := c.Kind == store.DeliveryTrend
	for _, o := range c.Company {
		limit := now
		if !c.Held {
			limit = now.Add(within)
		}
		if o.Held == c.Held && (c.Held || (o.TurningID != 0) == turns) && !o.Muted && !o.Retracted && !o.DueAt.After(limit) {
			others = append(others, o)
		}
	}
	switch {
	case c.Held || len(others) == 0:
		return others, time.Time{}
	case burst <= 0:
		return nil, time.Time{}
	}
	if until = burstEnds(others, now); until.After(now) {
		return nil, until
	}
	if 1+len(others) <= burst {
		return nil, time.Time{}
	}
	return others, time.Time{}
}

// burstEnds is when a burst is taken to be over, by the times at which its alerts
// became due. Those that are put off for longer say nothing of that.
func burstEnds(others []store.Companion, now time.Time) time.Time {
	var first, last time.Time
	for _, o := range others {
		if !o.DueAt.After(now.Add(breath)) {
			first, last = sooner(first, o.DueAt), later(last, o.DueAt)
		}
	}
	return sooner(last.Add(breath), first.Add(patience))
}

// joined gives the moves of the message of a claim, its own first, when others
// joined it before: whatever may have arrived already tells of just those.
func joined(c *store.Claimed) []store.Part {
	return together(c, func(o store.Companion) bool { return o.MergedInto == c.ID })
}

// together gives the moves of a message that tells of a claimed alert and those of
// its company; nil when it tells of the one alone.
func together(c *store.Claimed, with func(store.Companion) bool) []store.Part {
	if len(c.Company) == 0 {
		return nil
	}
	parts := []store.Part{{DeliveryID: c.ID, MoveID: c.MoveID, TurningID: c.TurningID, Revision: c.Revision, Shown: c.Shown, Retracted: c.Retracted}}
	for _, o := range c.Company {
		if with(o) && !o.Retracted {
			parts = append(parts, o.Part)
		}
	}
	if len(parts) == 1 {
		return nil
	}
	return parts
}

// roles gives the roles a message of several alerts mentions.
func roles(c *store.Claimed) []string {
	all := slices.Clone(c.Roles)
	for _, o := range c.Company {
		if slices.ContainsFunc(c.Parts, func(p store.Part) bool { return p.DeliveryID == o.DeliveryID }) {
			all = append(all, o.Roles...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// gather has others join a claim, which names them from then on, where they should.
// ready is false when the claim ends as s instead: it waits for more to come, or it is
// not known who joined.
func (l *lane) gather(ctx context.Context, c *store.Claimed, now time.Time) (s store.Settlement, ready bool) {
	others, until := Gather(c, l.o.Burst, now)
	if !until.IsZero() {
		return release(c, now, until, c.Reason), false
	}
	if len(others) == 0 {
		return s, true
	}
	ids := make([]int64, len(others))
	for i, o := range others {
		ids[i] = o.DeliveryID
	}
	ctx, cancel := context.WithTimeout(ctx, l.o.Lease/4)
	defer cancel()
	with, err := l.queue.Merge(ctx, c.ID, c.Fence, ids)
	if err != nil {
		l.outage.began(l, err)
		return release(c, now, now.Add(time.Second), c.Reason), false
	}
	c.Parts = together(c, func(o store.Companion) bool { return slices.Contains(with, o.DeliveryID) })
	c.Roles = roles(c)
	return s, true
}

// alerts reports whether a claim tells of something that happened, unasked.
func alerts(c *store.Claimed) bool {
	return c.Kind == store.DeliveryAlert || c.Kind == store.DeliveryTrend
}

// silence says until when a claim is to be held because of a mute or of quiet
// hours, whether it is dropped instead, and why. Neither concerns what a member
// asked for.
func silence(c *store.Claimed, now time.Time) (until time.Time, drop bool, why string) {
	if !alerts(c) {
		return time.Time{}, false, ""
	}
	if c.MutedUntil.After(now) {
		until, drop, why = c.MutedUntil, c.MuteDrops, "muted"
	}
	if quiet := c.Place.Quiet.Until(now); !quiet.IsZero() {
		drop = drop || !c.Place.Quiet.CatchUp
		if quiet.After(until) {
			until, why = quiet, "quiet hours"
		}
	}
	return until, drop, why
}

// hush ends a claim that a silence covers.
func hush(c *store.Claimed, now time.Time) (s store.Settlement, hushed bool) {
	until, drop, why := silence(c, now)
	switch {
	case until.IsZero():
		return s, false
	case drop:
		return settle(c, store.OutcomeCancelled, now, why+", and nothing of it is caught up"), true
	}
	s = settle(c, store.OutcomeHeld, now, why)
	s.DueAt = until
	s.GiveUpAt = until.Add(AfterMute)
	return s, true
}
