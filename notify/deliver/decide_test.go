package deliver

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sparkbot/notify"
	"sparkbot/store"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func claimed(edit func(c *store.Claimed)) *store.Claimed {
	c := &store.Claimed{Delivery: store.Delivery{
		ID: 7, Fence: 3, Kind: store.DeliveryAlert, MoveID: 1, GiveUpAt: noon.Add(6 * time.Hour),
	}}
	if edit != nil {
		edit(c)
	}
	return c
}

// editing makes a claim an edit of a message of two moves, one of which changed.
func editing(c *store.Claimed) {
	c.Kind, c.TargetID, c.Target = store.DeliveryEdit, 3, &store.Delivery{ID: 3, State: store.StateSent, MessageID: "m1"}
	c.Parts = []store.Part{{DeliveryID: 3, MoveID: 1, Revision: 2, Shown: 1}, {DeliveryID: 4, MoveID: 2, Revision: 1, Shown: 1}}
}

func TestReady(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(c *store.Claimed)
		send bool
		want store.Settlement
	}{
		{name: "what is due is sent", send: true},
		{
			name: "a retracted move has nothing left to say", edit: func(c *store.Claimed) { c.Retracted = true },
			want: store.Settlement{Outcome: store.OutcomeCancelled, Reason: "the move was retracted before it was posted"},
		},
		{
			name: "a mute holds an alert, and its time to live begins after it",
			edit: func(c *store.Claimed) { c.MutedUntil = noon.Add(48 * time.Hour) },
			want: store.Settlement{Outcome: store.OutcomeHeld, Reason: "muted", DueAt: noon.Add(48 * time.Hour), GiveUpAt: noon.Add(54 * time.Hour)},
		},
		{
			name: "an edit is made of a retracted move, too, and in a muted place", send: true,
			edit: func(c *store.Claimed) { editing(c); c.Retracted, c.MutedUntil = true, noon.Add(time.Hour) },
		},
		{
			name: "an edit that an earlier one made already is not made again",
			edit: func(c *store.Claimed) { editing(c); c.Parts[0].Shown = 2 },
			want: store.Settlement{Outcome: store.OutcomeCancelled, Reason: "the message shows it already"},
		},
		{
			name: "what was never posted is not edited", edit: func(c *store.Claimed) { editing(c); c.Target.State = store.StateFailed },
			want: store.Settlement{Outcome: store.OutcomeCancelled, Reason: "what it would edit was not posted"},
		},
		{
			name: "what was posted under no known name is not edited", edit: func(c *store.Claimed) { editing(c); c.Target.MessageID = "" },
			want: store.Settlement{Outcome: store.OutcomeCancelled, Reason: "it is not known which message to edit"},
		},
		{
			name: "an edit is tried as often as an alert", edit: func(c *store.Claimed) { editing(c); c.Attempt = MaxAttempts },
			want: store.Settlement{Outcome: store.OutcomeFailed, Reason: "gave up after 12 attempts"},
		},
		{name: "a mute that is over holds nothing", edit: func(c *store.Claimed) { c.MutedUntil = noon }, send: true},
		{
			name: "a test was asked for by hand and passes a mute", send: true,
			edit: func(c *store.Claimed) { c.Kind, c.MutedUntil = store.DeliveryTest, noon.Add(time.Hour) },
		},
		{
			name: "leases that ran out count as attempts", edit: func(c *store.Claimed) { c.Attempt = MaxAttempts },
			want: store.Settlement{Outcome: store.OutcomeFailed, Reason: "gave up after 12 attempts"},
		},
		{
			name: "what is too old is given up, with its last reason",
			edit: func(c *store.Claimed) { c.GiveUpAt, c.Reason = noon, "502 Bad Gateway" },
			want: store.Settlement{Outcome: store.OutcomeFailed, Reason: "gave up: its time ran out: 502 Bad Gateway"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, send := Ready(claimed(tc.edit), noon)
			if !tc.send {
				tc.want.DeliveryID, tc.want.Fence, tc.want.At = 7, 3, noon
			}
			if diff := cmp.Diff(tc.want, got); send != tc.send || diff != "" {
				t.Errorf("send = %v, want %v\n%s", send, tc.send, diff)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	failure := func(k notify.Kind, after time.Duration) error {
		return &notify.Failure{Kind: k, After: after, Reason: "the platform said no"}
	}
	const no = "the platform said no"
	for _, tc := range []struct {
		name string
		edit func(c *store.Claimed)
		err  error
		want store.Settlement
	}{
		{name: "accepted", want: store.Settlement{Outcome: store.OutcomeSent, MessageID: "m1", Shown: []store.Part{{DeliveryID: 7, MoveID: 1, Shown: 5}}}, edit: func(c *store.Claimed) { c.Revision = 5 }},
		{
			name: "the first retry comes within a second", err: failure(notify.Transient, 0),
			want: store.Settlement{Outcome: store.OutcomeRetry, DueAt: noon.Add(500 * time.Millisecond), Reason: no},
		},
		{
			name: "the fourth within eight", err: failure(notify.Transient, 0), edit: func(c *store.Claimed) { c.Attempt = 3 },
			want: store.Settlement{Outcome: store.OutcomeRetry, DueAt: noon.Add(4 * time.Second), Reason: no},
		},
		{
			name: "an unknown error is transient", err: errors.New("broken pipe"),
			want: store.Settlement{Outcome: store.OutcomeRetry, DueAt: noon.Add(500 * time.Millisecond), Reason: "broken pipe"},
		},
		{
			name: "a transient failure that names a time waits that long", err: failure(notify.Transient, 30*time.Second),
			want: store.Settlement{Outcome: store.OutcomeRetry, DueAt: noon.Add(30 * time.Second), Reason: no},
		},
		{
			name: "what may have arrived is tried again, and in doubt since its claim", err: failure(notify.Ambiguous, 0),
			edit: func(c *store.Claimed) { c.BegunAt = noon.Add(-time.Second) },
			want: store.Settlement{Outcome: store.OutcomeRetry, DueAt: noon.Add(500 * time.Millisecond), UnsureAt: noon.Add(-time.Second), Reason: no},
		},
		{
			name: "the twelfth failure is the last", err: failure(notify.Transient, 0), edit: func(c *store.Claimed) { c.Attempt = 11 },
			want: store.Settlement{Outcome: store.OutcomeFailed, Reason: "gave up after 12 attempts: " + no},
		},
		{
			name: "a retry after its time is none", err: failure(notify.Transient, 0),
			edit: func(c *store.Claimed) { c.GiveUpAt = noon.Add(500 * time.Millisecond) },
			want: store.Settlement{Outcome: store.OutcomeFailed, Reason: "gave up after 1 attempt: " + no},
		},
		{
			name: "a throttle costs no attempt", err: failure(notify.Throttled, 7*time.Second), edit: func(c *store.Claimed) { c.Attempt = 11 },
			want: store.Settlement{Outcome: store.OutcomeReleased, DueAt: noon.Add(7 * time.Second), Reason: no},
		},
		{
			name: "a throttle without a time waits a second", err: failure(notify.Throttled, 0),
			want: store.Settlement{Outcome: store.OutcomeReleased, DueAt: noon.Add(time.Second), Reason: no},
		},
		{
			name: "a throttle is rounded up to what a database keeps", err: failure(notify.Throttled, 1500*time.Microsecond),
			want: store.Settlement{Outcome: store.OutcomeReleased, DueAt: noon.Add(2 * time.Millisecond), Reason: no},
		},
		{
			name: "a throttle past its time is the end", err: failure(notify.Throttled, 7*time.Hour),
			want: store.Settlement{Outcome: store.OutcomeFailed, Reason: "gave up: throttled until its time ran out: " + no},
		},
		{
			name: "an edit that alone has to wait keeps nothing else back",
			err:  &notify.Failure{Kind: notify.Throttled, Scope: notify.ScopeMessage, After: 40 * time.Second, Reason: no},
			want: store.Settlement{Outcome: store.OutcomeHeld, DueAt: noon.Add(40 * time.Second), Reason: no},
		},
		{
			name: "what is final is not tried again", err: failure(notify.Permanent, 0),
			want: store.Settlement{Outcome: store.OutcomeFailed, Reason: no},
		},
		{
			name: "a message that was deleted is not posted again", err: failure(notify.Missing, 0), edit: editing,
			want: store.Settlement{Outcome: store.OutcomeCancelled, Reason: no},
		},
		{
			name: "an edit shows every move of its message as it is now", edit: editing,
			want: store.Settlement{Outcome: store.OutcomeSent, MessageID: "m1", Shown: []store.Part{
				{DeliveryID: 3, MoveID: 1, Revision: 2, Shown: 2}, {DeliveryID: 4, MoveID: 2, Revision: 1, Shown: 1},
			}},
		},
		{
			name: "a place that is gone", err: failure(notify.Gone, 0),
			want: store.Settlement{Outcome: store.OutcomeGone, Reason: no},
		},
		{
			name: "a member who cannot be told is no place", err: failure(notify.Gone, 0),
			edit: func(c *store.Claimed) { c.Kind = store.DeliveryNotice },
			want: store.Settlement{Outcome: store.OutcomeFailed, Reason: no},
		},
		{
			name: "a failure without words gives its cause",
			err:  &notify.Failure{Kind: notify.Permanent, Err: errors.New("bad\x00 \xffbytes")},
			want: store.Settlement{Outcome: store.OutcomeFailed, Reason: "permanent: : bad \uFFFDbytes"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Decide(claimed(tc.edit), notify.Receipt{MessageID: "m1"}, tc.err, noon, 0.5)
			tc.want.DeliveryID, tc.want.Fence, tc.want.At = 7, 3, noon
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecideNeverComesTooEarlyNorForEver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := claimed(func(c *store.Claimed) { c.Attempt = rapid.IntRange(0, 30).Draw(t, "attempt") })
		f := &notify.Failure{
			Kind:   notify.Kind(rapid.IntRange(0, 6).Draw(t, "kind")),
			After:  time.Duration(rapid.Int64Range(0, int64(8*time.Hour)).Draw(t, "after")),
			Reason: rapid.String().Draw(t, "reason"),
		}
		now := noon.Add(time.Duration(rapid.Int64Range(0, int64(6*time.Hour)).Draw(t, "now")))
		s := Decide(c, notify.Receipt{}, f, now, rapid.Float64Range(0, 0.999_999).Draw(t, "chance"))
		again := s.Outcome == store.OutcomeRetry || s.Outcome == store.OutcomeReleased
		switch {
		case again && s.DueAt.Before(now.Add(f.After)):
			t.Fatalf("due %v, %v before the platform allows it", s.DueAt, now.Add(f.After).Sub(s.DueAt))
		case again && !s.DueAt.Before(c.GiveUpAt):
			t.Fatalf("due %v, after it is given up", s.DueAt)
		case again && s.DueAt.Sub(now) > max(lastWait, f.After, unknownWait)+time.Millisecond:
			t.Fatalf("due only %v later", s.DueAt.Sub(now))
		case s.Outcome == store.OutcomeRetry && c.Attempt+1 >= MaxAttempts:
			t.Fatalf("attempt %d is not the last", c.Attempt+1)
		case s.Outcome == store.OutcomeReleased && f.Kind != notify.Throttled:
			t.Fatalf("a %v failure costs no attempt", f.Kind)
		case s.Outcome == store.OutcomeSent:
			t.Fatal("a failure counts as sent")
		case !utf8.ValidString(s.Reason) || strings.Contains(s.Reason, "\x00"):
			t.Fatalf("no database takes the reason %q", s.Reason)
		}
	})
}

func TestBackoffHasFullJitterUpToItsBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(-1, 1_000_000).Draw(t, "attempt")
		chance := rapid.Float64Range(0, 0.999_999).Draw(t, "chance")
		got := Backoff(attempt, chance)
		if got < 0 || got > lastWait {
			t.Fatalf("Backoff(%d, %v) = %v", attempt, chance, got)
		}
		if next := Backoff(attempt+1, chance); next < got {
			t.Fatalf("after attempt %d the wait falls from %v to %v", attempt, got, next)
		}
		if p := pause(max(attempt, 1), chance); p < 50*time.Millisecond || p > 2*time.Second {
			t.Fatalf("the database is left alone for %v", p)
		}
	})
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 9: 256 * time.Second, 10: lastWait, 12: lastWait} {
		if got := Backoff(attempt, 1); got != want {
			t.Errorf("the bound after attempt %d is %v, want %v", attempt, got, want)
		}
	}
}

func TestNonceIsShortAndNamesOneDelivery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) store.Delivery {
			return store.Delivery{
				ID:        rapid.Int64Min(1).Draw(t, name),
				CreatedAt: time.Unix(rapid.Int64Range(1, 1<<34).Draw(t, name+" created"), 0),
			}
		}
		a, b := draw("a"), draw("b")
		if n := len(Nonce(a)); n > 25 {
			t.Fatalf("%q has %d characters", Nonce(a), n)
		}
		same := a.ID == b.ID && a.CreatedAt.Equal(b.CreatedAt)
		if (Nonce(a) == Nonce(b)) != same {
			t.Fatalf("%q and %q", Nonce(a), Nonce(b))
		}
	})
	if got := Nonce(store.Delivery{ID: 36}); got != "s10" {
		t.Errorf("without a creation time the nonce is %q", got)
	}
}
