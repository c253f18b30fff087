package deliver

import (
	"fmt"
	"strings"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

const (
	// MaxAttempts is how often a delivery is tried at most.
	MaxAttempts = 12
	// AfterMute is how long a held alert may be tried once its mute has ended.
	AfterMute = 6 * time.Hour
	// unknownWait stands in for a throttle that names no time.
	unknownWait = time.Second
	// maxReason is how many characters of a reason are kept.
	maxReason = 500
)

// Ready says whether a claimed delivery is to be sent at now, and if not, how
// its claim ends: a retracted move has nothing left to say, a mute or quiet hours
// hold an alert (a test was asked for by hand and goes through), and attempts and
// age are bounded. An edit is none of these: it is sent whenever its message is there
// and shows something that is out of date.
func Ready(c *store.Claimed, now time.Time) (s store.Settlement, send bool) {
	switch {
	case c.Kind == store.DeliveryEdit:
		if why := needless(c); why != "" {
			return settle(c, store.OutcomeCancelled, now, why), false
		}
	case c.Retracted && !saysMore(c):
		return settle(c, store.OutcomeCancelled, now, gone(c)), false
	}
	if s, hushed := hush(c, now); hushed {
		return s, false
	}
	switch {
	case c.Attempt >= MaxAttempts:
		return settle(c, store.OutcomeFailed, now, gaveUp(c.Attempt, c.Reason)), false
	case late(c, now):
		return settle(c, store.OutcomeFailed, now, because("gave up: its time ran out", c.Reason)), false
	}
	return store.Settlement{}, true
}

// gone says why nothing is left to say.
func gone(c *store.Claimed) string {
	if c.Kind == store.DeliveryTrend {
		return errProjectGone.Error()
	}
	return errRetracted.Error()
}

// saysMore reports whether a message tells of a move beside the first.
func saysMore(c *store.Claimed) bool { return len(c.Parts) > 1 }

// Decide says how a claim ends after a post that gave receipt or err. now is
// the time after the post; chance, from 0 up to 1, spreads the retries.
//
// A throttled post costs no attempt and is due when the platform said, to the
// millisecond or later. One that may have arrived is tried again like one that
// did not, but is asked for before: the doubt is kept since the claim began.
func Decide(c *store.Claimed, receipt notify.Receipt, err error, now time.Time, chance float64) store.Settlement {
	if err == nil {
		s := settle(c, store.OutcomeSent, now, "")
		s.MessageID, s.Shown = clean(receipt.MessageID), shown(c)
		return s
	}
	f := notify.Classify(err)
	reason := f.Reason
	if reason == "" {
		reason = f.Error()
	}
	switch f.Kind {
	case notify.Permanent:
		if alerts(c) && saysMore(c) { // one of them is refused, and nobody knows which
			s := retry(c, now, 0, reason)
			s.Apart = true
			return s
		}
		return settle(c, store.OutcomeFailed, now, reason)
	case notify.Missing: // whoever deleted the message does not want it again
		return settle(c, store.OutcomeCancelled, now, reason)
	case notify.Gone:
		if c.Kind == store.DeliveryNotice { // a member who cannot be told is no place that is gone
			return settle(c, store.OutcomeFailed, now, reason)
		}
		s := settle(c, store.OutcomeGone, now, reason)
		s.Workspace = f.Scope == notify.ScopeWorkspace
		return s
	case notify.Throttled:
		due := wholeMillis(now.Add(wait(f)))
		if late(c, due) {
			return settle(c, store.OutcomeFailed, now, because("gave up: throttled until its time ran out", reason))
		}
		if f.Scope == notify.ScopeMessage {
			return aside(c, now, due, reason)
		}
		return release(c, now, due, reason)
	default:
		s := retry(c, now, max(Backoff(c.Attempt+1, chance), f.After), reason)
		if f.Kind == notify.Ambiguous {
			s.UnsureAt = firstOf(c.BegunAt, now)
		}
		return s
	}
}

// postpone ends a claim whose platform fails as a whole. It costs no attempt, but
// time, and leaves the doubt that it may have arrived all the same.
func postpone(c *store.Claimed, f *notify.Failure, now, due time.Time) store.Settlement {
	if late(c, due) {
		return settle(c, store.OutcomeFailed, now, because("gave up: the platform failed until its time ran out", f.Reason))
	}
	s := release(c, now, due, f.Reason)
	if f.Kind == notify.Ambiguous {
		s.UnsureAt = firstOf(c.BegunAt, now)
	}
	return s
}

// firstOf is the earlier of a time, if that is known, and another.
func firstOf(known, other time.Time) time.Time {
	if known.IsZero() || other.Before(known) {
		return other
	}
	return known
}

// retry ends an attempt that failed and may be repeated after wait, unless
// attempts or time run out before.
func retry(c *store.Claimed, now time.Time, wait time.Duration, reason string) store.Settlement {
	tried := c.Attempt + 1
	due := wholeMillis(now.Add(wait))
	if tried >= MaxAttempts || late(c, due) {
		return settle(c, store.OutcomeFailed, now, gaveUp(tried, reason))
	}
	s := settle(c, store.OutcomeRetry, now, reason)
	s.DueAt = due
	return s
}

// release ends a claim of which nothing was tried, or at no cost.
func release(c *store.Claimed, now, due time.Time, reason string) store.Settlement {
	s := settle(c, store.OutcomeReleased, now, reason)
	s.DueAt = wholeMillis(due)
	return s
}

// aside puts a delivery off that keeps no other of its place waiting meanwhile.
func aside(c *store.Claimed, now, due time.Time, reason string) store.Settlement {
	s := settle(c, store.OutcomeHeld, now, reason)
	s.DueAt = due
	return s
}

func settle(c *store.Claimed, o store.Outcome, now time.Time, reason string) store.Settlement {
	return store.Settlement{
		DeliveryID: c.ID, Fence: c.Fence, Outcome: o, At: now,
		Reason: notify.Cut(clean(reason), maxReason),
	}
}

// late reports whether the delivery is given up by t.
func late(c *store.Claimed, t time.Time) bool {
	return !c.GiveUpAt.IsZero() && !t.Before(c.GiveUpAt)
}

// wait is how long a throttled post has to wait.
func wait(f *notify.Failure) time.Duration {
	if f.After > 0 {
		return f.After
	}
	return unknownWait
}

func gaveUp(attempts int, reason string) string {
	if attempts == 1 {
		return because("gave up after 1 attempt", reason)
	}
	return because(fmt.Sprintf("gave up after %d attempts", attempts), reason)
}

func because(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}

// clean takes out what a database's text column refuses, since a platform's
// words end up in reasons.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// wholeMillis rounds up to a millisecond, the finest a database keeps, so that
// what is stored is never before what the platform asked for.
func wholeMillis(t time.Time) time.Time {
	if r := t.Truncate(time.Millisecond); r.Before(t) {
		return r.Add(time.Millisecond)
	}
	return t
}
