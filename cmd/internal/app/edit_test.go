package app

import (
	"strings"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/store/storetest"
)

// TestAnotherProcessEditsAndRetracts changes a posted move with plain SQL and
// looks at the messages of both platforms.
func TestAnotherProcessEditsAndRetracts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := stage(t, url, true)
		onDiscord, onSlack := s.world.Discord().AddChannel("news"), s.world.Slack().AddChannel("news")
		s.discordSays(onDiscord, "/sparkbot subscribe project:session")
		s.slackSays(onSlack, "/spark subscribe session")
		storeSpark(t, url, "session", "funded")

		// both waits until each channel shows one message that holds the texts, and
		// none of the others.
		ids := map[string]string{}
		both := func(what string, want, not []string) {
			t.Helper()
			eventually(t, what, 8*time.Second, func() bool {
				return shows(s.world.Discord().Messages(onDiscord), want, not) && shows(s.world.Slack().Messages(onSlack), want, not)
			})
			for channel, m := range map[string]sandbox.Message{"Discord": s.world.Discord().Messages(onDiscord)[0], "Slack": s.world.Slack().Messages(onSlack)[0]} {
				if before, known := ids[channel]; known && before != m.ID {
					t.Errorf("on %s %s is another message, %s after %s", channel, what, m.ID, before)
				}
				ids[channel] = m.ID
			}
		}
		both("the spark", []string{"funded", "SPARK", "Session"}, []string{"Retracted"})
		elsewhere(t, url, "UPDATE moves SET title = 'funded for two years' WHERE title = 'funded'")
		both("the new title", []string{"funded for two years", "SPARK"}, nil)
		elsewhere(t, url, "UPDATE moves SET spark = (1 = 0) WHERE title = 'funded for two years'")
		both("the message without its mark", []string{"funded for two years"}, []string{"SPARK"})
		elsewhere(t, url, "UPDATE moves SET retracted_at = CURRENT_TIMESTAMP WHERE title = 'funded for two years'")
		both("the retraction", []string{"Retracted", "funded for two years"}, []string{"SPARK"})
		for _, m := range []sandbox.Message{s.world.Discord().Messages(onDiscord)[0], s.world.Slack().Messages(onSlack)[0]} {
			if len(m.Buttons) > 0 || len(m.Links) > 0 {
				t.Errorf("what was taken back still has the buttons %v and the links %v", m.Buttons, m.Links)
			}
		}
		validate(t, s.world.Discord().Messages(onDiscord)[0].Body)
	})
}

// shows reports whether the only message holds every text of want and none of
// not.
func shows(messages []sandbox.Message, want, not []string) bool {
	if len(messages) != 1 {
		return false
	}
	for _, text := range want {
		if !strings.Contains(messages[0].Text, text) {
			return false
		}
	}
	for _, text := range not {
		if strings.Contains(messages[0].Text, text) {
			return false
		}
	}
	return true
}
