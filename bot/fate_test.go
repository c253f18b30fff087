package bot

import (
	"testing"
	"time"

	"sparkbot/store"
)

// TestFate explains every way in which a move comes to a place or does not.
func TestFate(t *testing.T) {
	stored := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	session := store.Project{ID: 1, Slug: "session", Name: "Session", Category: "COMMS", Tags: []string{"privacy"}}
	move := store.Move{ID: 5, ProjectID: 1, Title: "Funded", StoredAt: stored, OccurredAt: stored.Add(-time.Hour)}
	spark, old, taken := move, move, move
	spark.Spark = true
	old.OccurredAt = stored.Add(-100 * time.Hour)
	taken.RetractedAt = stored.Add(time.Hour)
	sub := func(target string, events store.Events, change ...func(*store.Subscription)) store.Subscription {
		s := store.Subscription{Target: store.Target{Kind: store.TargetProject, Value: target}, Events: events, Since: stored.Add(-time.Hour)}
		switch target {
		case "everything":
			s.Target = store.Target{Kind: store.TargetEverything}
		case "COMMS":
			s.Target.Kind = store.TargetCategory
		}
		for _, f := range change {
			f(&s)
		}
		return s
	}
	late := func(s *store.Subscription) { s.Since = stored.Add(time.Minute) }
	without := func(s *store.Subscription) { s.Except = []string{"session"} }
	subs := func(all ...store.Subscription) []store.Subscription { return all }
	owed := func(state store.State, change func(d *store.Delivery)) store.LogEntry {
		d := store.Delivery{ID: 9, Kind: store.DeliveryAlert, State: state, CreatedAt: stored, DueAt: stored.Add(time.Hour)}
		if change != nil {
			change(&d)
		}
		return store.LogEntry{Delivery: d, Move: spark, Project: session}
	}
	entry := func(m store.Move) store.LogEntry { return store.LogEntry{Move: m, Project: session} }
	both := subs(sub("session", store.Sparks), sub("everything", store.Moves))
	for _, tc := range []struct {
		name string
		e    store.LogEntry
		subs []store.Subscription
		want string
	}{
		{"sent", owed(store.StateSent, nil), subs(sub("session", store.Sparks)), "sent, because of session"},
		{"sent for two reasons", owed(store.StateSent, nil), both, "sent, once, because of session and everything"},
		{"sent at last", owed(store.StateSent, func(d *store.Delivery) { d.Attempt = 3 }), nil, "sent at attempt 3"},
		{"merged", owed(store.StateSent, func(d *store.Delivery) { d.MergedInto = 8 }), nil, "told in one message together with others"},
		{"being sent", owed(store.StateSending, nil), nil, "is being sent now"},
		{"waiting", owed(store.StateWaiting, nil), nil, "waits for its turn"},
		{"tried", owed(store.StateWaiting, func(d *store.Delivery) { d.Attempt, d.Reason = 2, "Discord asks to wait" }), nil, "tried 2 times, again at Wednesday 25 November, 14:00 Europe/Berlin: Discord asks to wait"},
		{"muted", owed(store.StateHeld, func(d *store.Delivery) { d.Reason = "muted" }), nil, "held until Wednesday 25 November, 14:00 Europe/Berlin: muted"},
		{"gone", owed(store.StateHeld, func(d *store.Delivery) { d.Reason = "the place is gone: archived" }), nil, "held: the place is gone: archived"},
		{"given up", owed(store.StateFailed, func(d *store.Delivery) { d.Reason = "gave up after 12 attempts: 502" }), nil, "given up: after 12 attempts: 502"},
		{"refused", owed(store.StateFailed, func(d *store.Delivery) { d.Reason = "Slack refuses the message: too long" }), nil, "given up: Slack refuses the message: too long"},
		{"retracted in time", owed(store.StateCancelled, func(d *store.Delivery) { d.Reason = "the move was retracted before it was posted" }), nil, "not sent: the move was retracted before it was posted"},

		{"nothing fits", entry(move), nil, "not sent: nothing here is subscribed to Session"},
		{"another project", entry(move), subs(sub("river", store.Moves)), "not sent: nothing here is subscribed to Session"},
		{"only sparks", entry(move), subs(sub("session", store.Sparks)), "not sent: session hears of sparks only, and it is none"},
		{"only the digest", entry(spark), subs(sub("session", store.Digests)), "not sent: session asks for no alerts"},
		{"left out", entry(move), subs(sub("everything", store.Moves, without)), "not sent: everything leaves session out (except)"},
		{"too late", entry(move), subs(sub("session", store.Moves, late)), "not sent: session was subscribed after it was stored"},
		{"three that overlap", entry(move), subs(sub("session", store.Sparks), sub("COMMS", store.Moves, without), sub("everything", store.Moves, late)), "not sent: session hears of sparks only, and it is none; category:COMMS leaves session out (except); everything was subscribed after it was stored"},
		{"history", entry(old), subs(sub("session", store.Moves)), "not sent: it happened 4 days before it was stored, and alerts go back 3 days"},
		{"a first import", store.LogEntry{Move: move, Project: session, History: true}, subs(sub("session", store.Moves)), "not sent: it came with the project's first import, which is history"},
		{"being told", store.LogEntry{Move: move, Project: session, Pending: true}, subs(sub("session", store.Moves)), "the places that hear of it are being told just now"},
		{"taken back", entry(taken), subs(sub("session", store.Moves)), "not sent: it was taken back"},
		{"pruned", store.LogEntry{Move: move, Project: session, Known: true}, nil, "was owed here once; the record of it is not kept any more"},
		{"asked for since", entry(spark), subs(sub("session", store.Sparks)), "not sent: when it was told, no subscription here asked for it"},
	} {
		if got := fate(tc.e, tc.subs, 72*time.Hour, "Europe/Berlin"); got != tc.want {
			t.Errorf("%s:\n got %q\nwant %q", tc.name, got, tc.want)
		}
	}
}
