package bot

import (
	"fmt"
	"strings"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/store"
)

const (
	// longestFate bounds the words a platform gave for a refusal, in characters.
	longestFate = 240
	day         = 24 * time.Hour
)

// fate says in one clause what became of a move or a message at a place. subs are
// the place's subscriptions as they are now; maxAge is how long ago a move may have
// happened to be news; where is the zone in which the place reads times.
func fate(e store.LogEntry, subs []store.Subscription, maxAge time.Duration, where string) string {
	if e.Delivery.ID == 0 {
		return unheard(e, subs, maxAge)
	}
	d := e.Delivery
	reason := notify.Cut(d.Reason, longestFate)
	switch d.State {
	case store.StateSent:
		if d.MergedInto != 0 {
			return "told in one message together with others" + through(e, subs)
		}
		return "sent" + ordinal(d.Attempt) + through(e, subs)
	case store.StateSending:
		return "is being sent now"
	case store.StateHeld:
		if strings.HasPrefix(reason, "the place is gone") {
			return "held: " + reason
		}
		return "held until " + compose.When(d.DueAt, where) + because(reason)
	case store.StateFailed:
		return "given up" + because(strings.TrimPrefix(reason, "gave up "))
	case store.StateCancelled:
		return "not sent" + because(reason)
	default:
		if d.Attempt == 0 {
			return "waits for its turn" + because(reason)
		}
		return fmt.Sprintf("tried %s, again at %s", count(d.Attempt, "time"), compose.When(d.DueAt, where)) + because(reason)
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func ordinal(attempt int) string {
	if attempt < 2 {
		return ""
	}
	return fmt.Sprintf(" at attempt %d", attempt)
}

// through names the subscriptions that make a place hear of a move. Several make
// one message.
func through(e store.LogEntry, subs []store.Subscription) string {
	if e.Move.ID == 0 {
		return ""
	}
	var names []string
	for _, s := range subs {
		if s.Hears(e.Project, eventsOf(e.Move), e.At()) {
			names = append(names, s.Target.String())
		}
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return ", because of " + names[0]
	default:
		return ", once, because of " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	}
}

// eventsOf are the events that a move is, as it stands now.
func eventsOf(m store.Move) store.Events {
	if m.Spark {
		return store.Sparks | store.Moves
	}
	return store.Moves
}

// unheard says why a move that is stored was never owed to a place.
func unheard(e store.LogEntry, subs []store.Subscription, maxAge time.Duration) string {
	if e.Known {
		return "was owed here once; the record of it is not kept any more"
	}
	if e.Move.Retracted() {
		return "not sent: it was taken back"
	}
	var against []string // why each subscription that is about the project leaves it out
	hears := false
	for _, s := range subs {
		if !s.Target.Covers(e.Project) {
			continue
		}
		no := objection(s, e)
		if no == "" {
			hears = true
			break
		}
		against = append(against, no)
	}
	switch {
	case hears && e.Pending:
		return "the places that hear of it are being told just now"
	case hears && e.History:
		return "not sent: it came with the project's first import, which is history"
	case hears && e.Move.StoredAt.Sub(e.Move.OccurredAt) > maxAge:
		return fmt.Sprintf("not sent: it happened %s before it was stored, and alerts go back %s", span(e.Move.StoredAt.Sub(e.Move.OccurredAt)), span(maxAge))
	case hears:
		return "not sent: when it was told, no subscription here asked for it"
	case len(against) == 0:
		return "not sent: nothing here is subscribed to " + e.Project.Name
	default:
		return "not sent: " + strings.Join(against, "; ")
	}
}

// objection says why a subscription that is about the project leaves a move out, or
// "" when it does not.
func objection(s store.Subscription, e store.LogEntry) string {
	name := s.Target.String()
	all := s
	all.Events = store.AllEvents
	everSince := all
	everSince.Since = time.Time{}
	switch {
	case !everSince.Hears(e.Project, store.AllEvents, e.Move.StoredAt):
		return name + " leaves " + e.Project.Slug + " out (except)"
	case !all.Hears(e.Project, store.AllEvents, e.Move.StoredAt):
		return name + " was subscribed after it was stored"
	case s.Events&(store.Sparks|store.Moves) == 0:
		return name + " asks for no alerts"
	case s.Events&eventsOf(e.Move) == 0:
		return name + " hears of sparks only, and it is none"
	default:
		return ""
	}
}

// span writes a time in days or hours, whole ones.
func span(d time.Duration) string {
	if d >= 2*day {
		return count(int(d/day), "day")
	}
	return count(max(1, int(d/time.Hour)), "hour")
}
