package bot

import (
	"strings"
	"testing"
	"time"

	"sparkbot/store"
)

// TestSilenceIsSaidWithItsZone goes through a night in Berlin.
func TestSilenceIsSaidWithItsZone(t *testing.T) {
	k := newTalk(t)
	k.ask("subscribe session moves")
	for _, step := range []struct{ at, text, want string }{
		{"2026-08-10T17:30:00Z", "quiet 20:00-08:00 europe/berlin", "It is Monday 10 August, 19:30 Europe/Berlin now."},
		{"2026-08-10T18:30:00Z", "quiet", "It is quiet now, until Tuesday 11 August, 08:00 Europe/Berlin."},
		{"2026-08-10T18:30:00Z", "unmute", "Nothing is muted here. It is quiet until Tuesday 11 August, 08:00 Europe/Berlin."},
		{"2026-08-10T18:30:00Z", "mute until mon", "Alerts here are muted until Monday 17 August, 09:00 Europe/Berlin. What comes meanwhile is told then, in one message."},
		{"2026-08-10T18:30:00Z", "list", "Everything is muted until Monday 17 August, 09:00 Europe/Berlin."},
		{"2026-08-10T18:31:00Z", "unmute", "Unmuted. It is quiet until Tuesday 11 August, 08:00 Europe/Berlin; what was held comes then, in one message."},
		{"2026-08-11T06:00:00Z", "unmute", "Nothing is muted here."},
		{"2026-08-11T06:00:00Z", "quiet 22:00-6:00", "from 22:00 to 06:00 Europe/Berlin"},
		{"2026-08-11T06:00:00Z", "quiet off", "There are no quiet hours here."},
		{"2026-08-11T06:00:00Z", "mute 2h", "muted until Tuesday 11 August, 08:00 UTC."},
	} {
		now, err := time.Parse(time.RFC3339, step.at)
		if err != nil {
			t.Fatal(err)
		}
		k.w.Now = now
		if _, text := k.ask(step.text); !strings.Contains(text, step.want) {
			t.Errorf("/spark %s at %s does not say %q:\n%s", step.text, step.at, step.want, text)
		}
	}
}

// TestOnlySparksChangesWhatLetsAProjectThrough tries every kind of subscription.
func TestOnlySparksChangesWhatLetsAProjectThrough(t *testing.T) {
	k := newTalk(t)
	for _, s := range []string{"session moves digest", "category:COMMS moves", "tag:go moves", "everything moves -session", "simplex-chat moves"} {
		k.ask("subscribe " + s)
	}
	k.ask("only sparks session")
	p, err := k.w.DB.PlaceAt(t.Context(), store.Slack, "T1", "C1")
	if err != nil {
		t.Fatal(err)
	}
	subs, err := k.w.DB.Subscriptions(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"session": "sparks, digest", "category:COMMS": "sparks", "tag:go": "moves", "everything": "moves", "simplex-chat": "moves",
	}
	for _, s := range subs {
		if got := s.Events.String(); got != want[s.Target.String()] {
			t.Errorf("%s now hears %s, want %s", s.Target, got, want[s.Target.String()])
		}
		if s.Target.Kind == store.TargetEverything && len(s.Except) != 1 {
			t.Errorf("%s leaves out %v", s.Target, s.Except)
		}
	}
}
