package app

import (
	"strings"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/store/storetest"
)

// TestQuietHoursAndOnlySparks holds an alert in quiet hours that last all day but an
// hour, ends them, and presses Only sparks on what comes.
func TestQuietHoursAndOnlySparks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := stage(t, url, true)
		onDiscord, onSlack := s.world.Discord().AddChannel("news"), s.world.Slack().AddChannel("news")
		s.discordSays(onDiscord, "/sparkbot subscribe project:session moves:true")
		s.slackSays(onSlack, "/spark subscribe session moves")
		from, to := allDay(time.Now())
		for where, text := range map[string]string{
			"Discord": s.discordSays(onDiscord, "/sparkbot quiet from:"+from+" to:"+to+" timezone:UTC").Text,
			"Slack":   s.slackSays(onSlack, "/spark quiet "+from+"-"+to+" UTC").Text,
		} {
			if !strings.Contains(text, "Alerts are quiet here every day from "+from+" to "+to) {
				t.Errorf("on %s the reply is %q", where, text)
			}
		}
		elsewhere(t, url, insert("held", 2))
		db, err := openOutside(url)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		eventually(t, "the alerts are held", 8*time.Second, func() bool {
			var held int
			return db.QueryRow("SELECT count(*) FROM deliveries WHERE state = 'held' AND reason = 'quiet hours'").Scan(&held) == nil && held == 4
		})
		s.discordSays(onDiscord, "/sparkbot quiet")
		s.slackSays(onSlack, "/spark quiet off")
		eventually(t, "the catch-up", 8*time.Second, func() bool {
			return named(s.world.Discord().Messages(onDiscord), "held", 2) && named(s.world.Slack().Messages(onSlack), "held", 2)
		})
		discord, slack := s.world.Discord().Messages(onDiscord), s.world.Slack().Messages(onSlack)
		if len(discord) != 1 || len(slack) != 1 {
			t.Fatalf("the catch-up is %d messages on Discord and %d on Slack", len(discord), len(slack))
		}
		pressed, err := s.world.Discord().Press(t.Context(), "ada", discord[0].ID, "Only sparks")
		if err != nil {
			t.Fatal(err)
		}
		also, err := s.world.Slack().Press(t.Context(), "ada", onSlack, slack[0].ID, "Only sparks")
		if err != nil {
			t.Fatal(err)
		}
		for where, a := range map[string]sandbox.Answer{"Discord": pressed, "Slack": also} {
			if !a.Private || !strings.Contains(a.Message.Text, "Of Session this channel hears only sparks from now on") {
				t.Errorf("on %s the member is told %+v", where, a)
			}
		}
		elsewhere(t, url, insert("later", 2)) // the first is a spark, the second is none
		eventually(t, "the spark", 8*time.Second, func() bool {
			return mentions(s.world.Discord().Messages(onDiscord), "later 1.") == 1 && mentions(s.world.Slack().Messages(onSlack), "later 1.") == 1
		})
		for where, messages := range map[string][]sandbox.Message{"Discord": s.world.Discord().Messages(onDiscord), "Slack": s.world.Slack().Messages(onSlack)} {
			if last := messages[len(messages)-1]; len(messages) != 2 || len(last.Buttons) != 5 || mentions(messages, "later 2.") != 0 {
				t.Errorf("in the end %s shows %+v", where, messages)
			}
		}
	})
}

// allDay gives quiet hours that are an hour old and last longer than any test.
func allDay(now time.Time) (from, to string) {
	now = now.UTC()
	return now.Add(-time.Hour).Format("15:04"), now.Add(-2 * time.Hour).Format("15:04")
}
