package deliver

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/pace"
	"sparkbot/store"
)

// laterVersion is how long a delivery of an unknown kind is left to a replica
// that knows it.
const laterVersion = time.Minute

// deliver takes one claim to its end and hands it to the settler. A place whose
// first message is put off has nothing else to be claimed until then, since it
// keeps its order.
func (l *lane) deliver(ctx, sending context.Context, c *store.Claimed) {
	if l.traced() {
		l.trace("a delivery is claimed", c, "again", c.Again)
	}
	claimed := c.Delivery // an attempt notes in c who joined it
	e := l.attempt(ctx, sending, c)
	e.Delivery, e.Place, e.StoredAt = claimed, c.Place, c.StoredAt
	if o := e.Settlement.Outcome; o == store.OutcomeRetry || o == store.OutcomeReleased {
		l.throttles.close(notify.ScopePlace, c.Place, e.Settlement.DueAt)
	}
	l.settler.add(&e, l)
	l.end()
}

// attempt sends c if it may be sent now. ctx ends with the service, sending
// some time after it.
func (l *lane) attempt(ctx, sending context.Context, c *store.Claimed) Event {
	now := l.o.Now()
	if ctx.Err() != nil { // what waited for a worker has not begun
		return Event{Settlement: release(c, now, now, c.Reason)}
	}
	if alerts(c) && len(c.Company) > 0 {
		c.Parts = joined(c)
		c.Roles = roles(c)
	}
	if doubtful(c) {
		if e, ended := l.settleDoubt(ctx, sending, c); ended {
			return e
		}
		now = l.o.Now()
	}
	if s, send := Ready(c, now); !send {
		return Event{Settlement: s}
	}
	if until := later(c.RestUntil, l.throttles.until(&c.Place)); until.After(now) {
		if until.Sub(now) > early || !sleep(ctx, until.Sub(now)) {
			return Event{Settlement: release(c, now, l.before(until), c.Reason)}
		}
		now = l.o.Now()
	}
	if s, ready := l.gather(sending, c, now); !ready {
		return Event{Settlement: s}
	}
	body, err := l.body(sending, c, now)
	if err != nil {
		return l.unprepared(c, err)
	}
	l.outage.ended(&l.bodies)
	l.o.Yield(ctx)
	began, due, admitted := l.admit(ctx, c)
	if !admitted {
		return Event{Settlement: release(c, began, due, c.Reason)}
	}
	return l.post(sending, c, body, began)
}

// body gives what is posted for c.
func (l *lane) body(ctx context.Context, c *store.Claimed, now time.Time) (notify.Body, error) {
	k := keyOf(c)
	b, first := l.bodies.entry(k, now)
	if first {
		b.body, b.err = l.prepare(ctx, c, now)
		l.bodies.made(k, b)
	}
	return b.wait(ctx)
}

// prepare composes and encodes what is posted for c.
func (l *lane) prepare(ctx context.Context, c *store.Claimed, now time.Time) (b notify.Body, err error) {
	defer l.rescue(&err)
	m, err := l.words(ctx, c, now)
	if err != nil {
		return b, err
	}
	if b, err = l.sender.Encode(m); err != nil {
		return b, &encodeError{err}
	}
	return b, nil
}

// unprepared ends a claim for which there is no body. Facts that could not be
// read cost no attempt, since the platform was never asked.
func (l *lane) unprepared(c *store.Claimed, err error) Event {
	now := l.o.Now()
	refused, isRefused := errors.AsType[*encodeError](err)
	broken, isBroken := errors.AsType[*notify.Failure](err)
	switch {
	case errors.Is(err, errRetracted), errors.Is(err, errProjectGone), errors.Is(err, errBack), errors.Is(err, errTold), errors.Is(err, errSilent):
		return Event{Settlement: settle(c, store.OutcomeCancelled, now, err.Error())}
	case errors.Is(err, errUnknownKind):
		return Event{Settlement: release(c, now, now.Add(laterVersion), err.Error())}
	case isRefused:
		f := &notify.Failure{Kind: notify.Permanent, Reason: refused.Error()}
		return Event{Failure: f, Settlement: Decide(c, notify.Receipt{}, f, now, l.o.Rand())}
	case isBroken:
		return Event{Failure: broken, Settlement: Decide(c, notify.Receipt{}, broken, now, l.o.Rand())}
	case errors.Is(err, context.Canceled):
		return Event{Settlement: release(c, now, now, c.Reason)}
	default:
		l.outage.began(&l.bodies, err)
		return Event{Settlement: release(c, now, now.Add(time.Second), c.Reason)}
	}
}

// admit waits for a turn of the platform's budget, which the next request then
// begins with, and gives the time at which it had it. It refuses, and says when the
// delivery is due again, when the service stops, when the place was throttled
// meanwhile, and when a post begun then could outlast the lease.
func (l *lane) admit(ctx context.Context, c *store.Claimed) (now, due time.Time, admitted bool) {
	latest := c.LeaseUntil.Add(l.o.slack() - l.o.Lease)
	err := l.budget.Take(l.turns.until(ctx, latest, l.o.Now()))
	now = l.o.Now()
	if err != nil {
		return now, now, false
	}
	if until := l.throttles.until(&c.Place); until.After(now) {
		return now, l.before(until), false
	}
	return now, now, !now.After(latest)
}

// before is when to claim again what has to wait until then. Another replica, which
// may claim it, does not know of the wait.
func (l *lane) before(until time.Time) time.Time {
	if l.budget.Shared() {
		return until
	}
	return until.Add(-early)
}

// post sends the body and decides what its answer means.
func (l *lane) post(ctx context.Context, c *store.Claimed, body notify.Body, began time.Time) Event {
	receipt, err := l.try(ctx, c, body, began)
	now := l.o.Now()
	e := Event{Receipt: receipt, Took: now.Sub(began)}
	if l.traced() {
		l.trace("the platform answered", c, "message", receipt.MessageID, "took", e.Took, "error", err)
	}
	l.typical.add(e.Took)
	rest, shared := max(l.limit.PlaceEvery, receipt.Pause), l.budget.Shared()
	until := now.Add(rest)
	if shared {
		until = wholeMillis(until) // as it is recorded
	}
	switch {
	case rest <= 0:
	case l.o.Burst > 0 && len(c.Company) == 0 && receipt.Pause == 0:
		l.throttles.rest(c.PlaceID, until)
	default: // more is to come, or nobody knows
		l.throttles.close(notify.ScopePlace, c.Place, until)
	}
	if err != nil {
		e.Failure = notify.Classify(err)
		l.obey(c.Place, e.Failure, now)
	}
	e.Settlement = l.decide(c, receipt, e.Failure, began, now)
	if rest > 0 && shared {
		e.Settlement.RestUntil = until
	}
	return e
}

// decide is Decide, but for a platform that fails as a whole: then everything
// waits, and the message has lost no attempt.
func (l *lane) decide(c *store.Claimed, receipt notify.Receipt, f *notify.Failure, began, now time.Time) store.Settlement {
	until, down := l.health.note(c.PlaceID, f, began, now, l.o.Rand())
	if !down {
		if f == nil {
			return Decide(c, receipt, nil, now, l.o.Rand())
		}
		return Decide(c, receipt, f, now, l.o.Rand())
	}
	return postpone(c, f, now, until)
}

// obey lets whatever the platform throttled wait, on the same instant for which
// the delivery itself is put off.
func (l *lane) obey(p store.Place, f *notify.Failure, now time.Time) {
	if f.Kind != notify.Throttled || f.Scope == notify.ScopeMessage {
		return
	}
	until := wholeMillis(now.Add(wait(f)))
	l.throttles.close(f.Scope, p, until)
	switch f.Scope {
	case notify.ScopePlatform:
		l.o.Log.Warn("the platform asks for a pause", "platform", p.Platform, "until", until, "reason", f.Reason)
	case notify.ScopeWorkspace:
		l.o.Log.Info("a workspace asks for a pause", "platform", p.Platform, "workspace", p.Workspace, "until", until, "reason", f.Reason)
	default:
		l.o.Log.Info("a channel asks for a pause", "platform", p.Platform, "channel", p.Channel, "until", until, "reason", f.Reason)
	}
}

// try posts once, within SendTimeout.
func (l *lane) try(ctx context.Context, c *store.Claimed, body notify.Body, began time.Time) (_ notify.Receipt, err error) {
	defer l.rescue(&err)
	ctx = l.posts.until(ctx, began.Add(l.o.SendTimeout), began)
	return l.send(pace.WithTurn(ctx), c, body)
}

func envelope(c *store.Claimed) notify.Envelope {
	return notify.Envelope{Workspace: c.Place.Workspace, Channel: c.Place.Channel, Nonce: Nonce(c.Delivery), Roles: c.Roles}
}

// rescue turns a panic into a failure that is tried again. The panic's words
// stay in the log: they may hold anything.
func (l *lane) rescue(err *error) {
	if p := recover(); p != nil {
		l.o.Log.Error("panic in a delivery", "platform", l.platform, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		*err = &notify.Failure{Kind: notify.Transient, Reason: "an internal error; the log has it in full"}
	}
}
