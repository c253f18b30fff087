package deliver

import (
	"context"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/pace"
	"sparkbot/store"
)

const (
	// questions is how often a platform is asked before a message is sent again.
	// The second question is for a message that was still on its way inside the
	// platform when the first was answered.
	questions = 2
	// margin is how much earlier than our clock says the search for a message
	// begins, because a platform's clock and ours differ.
	margin = 2 * time.Minute
)

// doubtful reports whether the message of a claim may have arrived already: an
// answer was lost, or whoever sent it never recorded how that ended. An edit is
// repeated without harm, so nobody has to ask.
func doubtful(c *store.Claimed) bool {
	return c.Kind != store.DeliveryEdit && (c.Again || !c.UnsureAt.IsZero())
}

// searchFrom is where the search for a doubtful message begins. A doubt that
// seems to lie in the future was noted by a clock that has been set back since.
func searchFrom(c *store.Claimed, now time.Time) time.Time {
	since := c.UnsureAt
	if since.IsZero() {
		since = c.CreatedAt
	}
	return firstOf(since, now).Add(-margin)
}

// verdict is what an answer to "did it arrive?" means.
type verdict int

const (
	arrived    verdict = iota // it is recorded as sent
	absent                    // it is sent again
	askAgain                  // after a short wait
	unanswered                // it is asked another time
)

// judge says what the answer to the n-th question means, n from 1. Where the
// platform forbids the question the message is sent again: a message twice is
// better than none.
func judge(n int, messageID string, asked bool, err error) verdict {
	switch {
	case err != nil:
		return unanswered
	case messageID != "":
		return arrived
	case !asked || n >= questions:
		return absent
	default:
		return askAgain
	}
}

// settleDoubt asks the platform whether a doubtful message arrived. ended is false
// when it did not, or nobody can tell, so that it is sent again. Each question
// passes the platform's limits as a post does, and is only begun as early in the
// lease as leaves time for the post.
func (l *lane) settleDoubt(ctx, sending context.Context, c *store.Claimed) (e Event, ended bool) {
	began := l.o.Now()
	if until := l.throttles.until(&c.Place); until.After(began) {
		return Event{Settlement: release(c, began, until, c.Reason)}, true
	}
	for n := 1; ; n++ {
		if now, due, admitted := l.admit(ctx, c); !admitted {
			return Event{Settlement: release(c, now, due, c.Reason)}, true
		}
		id, asked, err := l.find(sending, c)
		now := l.o.Now()
		switch judge(n, id, asked, err) {
		case arrived:
			l.o.Log.Info("a message that was in doubt had arrived", "delivery", c.ID, "platform", l.platform, "channel", c.Place.Channel)
			r := notify.Receipt{MessageID: id}
			s := Decide(c, r, nil, now, l.o.Rand())
			s.Shown = shownInDoubt(c)
			return Event{Receipt: r, Took: now.Sub(began), Settlement: s}, true
		case unanswered:
			f := aboutTheQuestion(err)
			l.obey(c.Place, f, now)
			return Event{Failure: f, Took: now.Sub(began), Settlement: l.decide(c, notify.Receipt{}, f, began, now)}, true
		case absent:
			l.o.Log.Info("a message that was in doubt is sent again", "delivery", c.ID, "platform", l.platform, "channel", c.Place.Channel, "asked", asked)
			return Event{}, false
		case askAgain:
		}
		if !sleep(ctx, l.o.slack()/5) {
			now = l.o.Now()
			return Event{Settlement: release(c, now, now, c.Reason)}, true
		}
	}
}

// find asks once. Two questions and the wait between them fit into the time in
// which a post may begin.
func (l *lane) find(ctx context.Context, c *store.Claimed) (messageID string, asked bool, err error) {
	defer l.rescue(&err)
	ctx, cancel := context.WithTimeout(pace.WithTurn(ctx), l.o.slack()/3)
	defer cancel()
	return l.sender.Find(ctx, envelope(c), searchFrom(c, l.o.Now()))
}

// aboutTheQuestion takes out of a failure what it cannot mean: that a question
// went wrong says nothing of the message or the place.
func aboutTheQuestion(err error) *notify.Failure {
	f := *notify.Classify(err)
	if f.Kind != notify.Throttled {
		f.Kind = notify.Transient
	}
	return &f
}
