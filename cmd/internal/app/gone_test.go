package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// jump sets the bot's clock forward.
func (s *trouble) jump(d time.Duration) {
	s.ahead.Add(int64(d))
	s.app.LookAgain()
}

// TestAChannelThatIsGoneComesBack closes a channel of each platform to the bot
// while sparks are stored, and opens it again: on Discord somebody says so with a
// command, on Slack the bot finds out by itself.
func TestAChannelThatIsGoneComesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := troubled(t, url)
		discord, slack := s.world.Discord(), s.world.Slack()
		onDiscord, onSlack := discord.AddChannel("quiet"), slack.AddChannel("quiet")
		say := func(p store.Platform, text string) string {
			t.Helper()
			var answer sandbox.Answer
			var err error
			if p == store.Discord {
				answer, err = discord.RunText(t.Context(), "ada", onDiscord, text)
			} else {
				answer, err = slack.RunText(t.Context(), "ada", onSlack, text)
			}
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			return answer.Message.Text
		}
		eventually(t, "the bot listens", crashPatience, func() bool {
			return discord.Registrations() > 0 && slack.Connected() && s.app.Ready(t.Context()) == nil
		})
		say(store.Discord, "/sparkbot subscribe project:session")
		say(store.Slack, "/spark subscribe session")

		home := func() string {
			m, _ := slack.Home(slack.Team(), "ada")
			return m.Text
		}
		if err := slack.OpenHome(t.Context(), slack.Team(), "ada"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the home shows the channel", crashPatience, func() bool { return strings.Contains(home(), "session") })

		discord.Deny(onDiscord)
		slack.Kick(onSlack)
		var missed []string
		for i := range 3 {
			missed = append(missed, fmt.Sprint("missed-", i))
			storeSpark(t, url, "session", missed[i])
		}
		eventually(t, "the home says that it is stopped, and nobody asked", crashPatience, func() bool { return strings.Contains(home(), "does not exist, or is private") })
		eventually(t, "both are disabled, with a reason", crashPatience, func() bool {
			return strings.Contains(say(store.Discord, "/sparkbot list"), "stopped: the bot cannot see the channel") &&
				strings.Contains(say(store.Slack, "/spark list"), "stopped: the channel does not exist, or is private")
		})
		if log := say(store.Slack, "/spark log session"); !strings.Contains(log, "held: the place is gone") {
			t.Errorf("the log says %q", log)
		}

		s.jump(2 * time.Minute)
		eventually(t, "ada is told on both platforms", crashPatience, func() bool {
			return len(discord.DirectMessages("ada")) > 0 && len(slack.DirectMessages("ada")) > 0
		})
		for what, told := range map[string][]sandbox.Message{"Discord": discord.DirectMessages("ada"), "Slack": slack.DirectMessages("ada")} {
			if len(told) != 1 || !strings.Contains(told[0].Text, "I cannot post in a channel any more") {
				t.Errorf("on %s ada is told %+v", what, told)
			}
		}

		discord.Allow(onDiscord)
		slack.Invite(onSlack)
		say(store.Discord, "/sparkbot test")
		s.jump(time.Hour)
		for p, channel := range map[store.Platform]string{store.Discord: onDiscord, store.Slack: onSlack} {
			eventually(t, "what was missed comes to "+string(p), crashPatience, func() bool { return times(s.world, p, channel, missed[2]) > 0 })
		}
		eventually(t, "nothing is owed any more", crashPatience, func() bool { return owed(t, url) == 0 })
		for p, channel := range map[store.Platform]string{store.Discord: onDiscord, store.Slack: onSlack} {
			holding := 0
			for _, m := range messages(s.world, p, channel) {
				if strings.Contains(m.Text, "missed-") {
					holding++
				}
			}
			for _, spark := range missed {
				if n := times(s.world, p, channel, spark); n != 1 {
					t.Errorf("%s has %s %d times", p, spark, n)
				}
			}
			if holding != 1 {
				t.Errorf("on %s what was missed came in %d messages", p, holding)
			}
		}
		if log := say(store.Discord, "/sparkbot log project:session"); !strings.Contains(log, "told in one message together with others") {
			t.Errorf("the log says %q", log)
		}
	})
}
