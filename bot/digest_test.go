package bot

import (
	"strings"
	"testing"
	"time"

	"sparkbot/notify/digest"
	"sparkbot/store"
)

// TestDigestConversation sets, shows, asks for and stops a digest.
func TestDigestConversation(t *testing.T) {
	k := newTalk(t)
	k.w.Now = time.Date(2026, time.October, 20, 12, 0, 0, 0, time.UTC) // a Tuesday, days before clocks go back in Europe
	k.w.MustExec("UPDATE moves SET occurred_at = $1", k.w.Now.Add(-time.Hour).Format(time.RFC3339))
	k.w.Forget() // fan-out has noticed the move
	guest := func(r *Request) { r.Manager = false }
	for _, step := range []struct {
		text   string
		change func(*Request)
		want   []string
	}{
		{"digest", nil, []string{"No weekly digest comes, because no subscription of this channel chose it", "every Monday at 09:00 UTC", "/spark digest fri 16:00"}},
		{"digest preview", nil, []string{"There is nothing to tell", "Try /spark subscribe session"}},
		{"digest now", nil, []string{"There is nothing to tell"}},
		{"subscribe session", nil, []string{"The next weekly digest comes on Monday 26 October, 09:00 UTC", "Does another time suit", "[Change digest time]"}},
		{"subscribe river moves", nil, []string{"The next weekly digest comes on Monday 26 October, 09:00 UTC"}},
		{"digest mon 09:00 europe/BERLIN", guest, []string{"Only admins and owners"}},
		{"digest preview", guest, []string{"A preview, for you alone", "Session made 1 move"}},
		{"digest mon 09:00 europe/BERLIN", nil, []string{"Done. The next weekly digest comes on Monday 26 October, 09:00 Europe/Berlin", "[Fridays 16:00]", "[Turn it off]"}},
		{"digest new york", nil, []string{"Monday 26 October, 09:00 America/New York"}},
		{"digest Europe/Berln", nil, []string{"“Europe/Berln” is no time zone I know", "nothing was changed", "[Europe/Berlin]"}},
		{"digest UTC+2", nil, []string{"no time zone I know", "wrong half of the year"}},
		{"digest fri 16:00", nil, []string{"Friday 23 October, 16:00 America/New York"}},
		{"digest when-quiet skip", nil, []string{"is left out", "[Tell of quiet weeks]"}},
		{"digest off", nil, []string{"The weekly digest is off here", "[Turn it on]"}},
		{"list", nil, []string{"The weekly digest is off here"}},
		{"digest on", nil, []string{"Friday 23 October, 16:00 America/New York", "is left out"}},
		{"digest sat", nil, []string{"Saturday 24 October"}},
		{"digest sat", func(r *Request) { r.Channel = "closed" }, []string{"Nothing was changed, because I cannot post there"}},
		{"digest now", nil, []string{"on its way to this channel", "The next weekly digest comes on Saturday 24 October"}},
		{"digest list:1", nil, []string{"Session", "[Card]"}},
		{"digest list:1", func(r *Request) { r.Channel = "C2" }, []string{"That digest is too old, or belongs to another channel"}},
		{"digest list:99", nil, []string{"too old"}},
		{"digest preview page:1", nil, []string{"Session"}},
		{"test digest", nil, []string{"on its way"}},
		{"help digest", func(r *Request) { r.Platform = store.Discord }, []string{"/sparkbot digest set day:fri"}},
		{"unsubscribe session", nil, []string{"No weekly digest comes"}},
		{"unsubscribe all", nil, []string{"gets no digest"}},
	} {
		reply, text := k.ask(step.text, func(r *Request) {
			if step.change != nil {
				step.change(r)
			}
		})
		if !reply.Private {
			t.Errorf("/spark %s is answered for all to see", step.text)
		}
		for _, want := range step.want {
			if !strings.Contains(strings.ReplaceAll(text, "\n", " "), want) {
				t.Errorf("/spark %s does not say %q:\n%s", step.text, want, text)
			}
		}
	}
	p, err := k.w.DB.PlaceAt(t.Context(), store.Slack, "T1", "C1")
	if err != nil {
		t.Fatal(err)
	}
	owed, err := k.w.DB.Deliveries(t.Context(), p.ID, 10)
	if err != nil || len(owed) != 2 || owed[0].Kind != store.DeliveryDigest || owed[0].Rank != store.RankNews || owed[0].EditionID == owed[1].EditionID {
		t.Errorf("the channel is owed %+v (%v)", owed, err)
	}
	if d := k.w.Digest(p.ID); d.Seen != 0 || !d.Since.IsZero() {
		t.Errorf("a digest on demand took from the weekly one: %+v", d)
	}
}

func TestACompletedTimezoneIsOne(t *testing.T) {
	k := newTalk(t)
	for typed, want := range map[string]string{"": "UTC", "berl": "Europe/Berlin", "pst": "America/Los_Angeles"} {
		got := k.bot.Complete(t.Context(), CompleteTimezone, typed, Request{})
		if len(got) == 0 || len(got) > 25 || got[0].Value != want {
			t.Errorf("%q completes to %v, want %s first", typed, got, want)
		}
	}
}

// TestADigestIsQueuedOncePerRequest asks with one request twice.
func TestADigestIsQueuedOncePerRequest(t *testing.T) {
	k := newTalk(t)
	k.ask("subscribe session")
	for range 2 {
		k.ask("digest now", func(r *Request) { r.ID = "same" })
	}
	p, err := k.w.DB.PlaceAt(t.Context(), store.Slack, "T1", "C1")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := k.w.DB.Deliveries(t.Context(), p.ID, 10); err != nil || len(d) != 1 {
		t.Errorf("the queue holds %+v (%v)", d, err)
	}
}

func FuzzDigest(f *testing.F) {
	for _, s := range []string{"mon 09:00 Europe/Berlin", "4pm", "every sunday at 0.30 in new york", "when-quiet skip tue", "tues day", "12:00am", "٣:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("digest " + text)
		if err != nil || c.Digest.Action != DigestSet {
			return
		}
		d := store.Digest{Schedule: store.DefaultSchedule}
		if err := apply(c.Digest, "", &d); err != nil {
			t.Fatalf("%q is read as %+v, which gives %v", text, c.Digest, err)
		}
		next, err := digest.Next(d.Schedule, time.Unix(1_790_000_000, 0))
		if err != nil {
			t.Fatalf("%q is read as %s, which gives %v", text, d.Schedule, err)
		}
		if next.UTC().Weekday() != d.Schedule.Weekday || c.Digest.Time != "" && next.UTC().Format("15:04") != c.Digest.Time {
			t.Errorf("%q comes on %s", text, next)
		}
	})
}
