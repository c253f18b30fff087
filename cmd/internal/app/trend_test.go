package app

import (
	"strings"
	"testing"
	"time"

	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/store/storetest"
)

// TestATurnIsToldWithItsPicture is the whole way of a turn: a spark is stored by
// another program, the project surges, and channels of both platforms that follow
// its trend get one message with a picture that can be fetched.
func TestATurnIsToldWithItsPicture(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := stage(t, url, true)
		onDiscord, onSlack := s.world.Discord().AddChannel("trends"), s.world.Slack().AddChannel("trends")
		s.discordSays(onDiscord, "/sparkbot subscribe project:session trend:True")
		s.slackSays(onSlack, "/spark subscribe session trend")
		look := func() {
			t.Helper()
			if err := s.app.momentum.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		look() // what is stored already alerts nobody
		elsewhere(t, url, `INSERT INTO moves (project_id, title, source_url, spark, occurred_at)
			SELECT id, 'Session doubles its team', 'https://getsession.org/blog#team', `+yes(url)+`, '`+time.Now().UTC().Format(time.RFC3339)+`' FROM projects WHERE slug = 'session'`)
		look()
		look()
		trends := func(all []sandbox.Message) (found []sandbox.Message) {
			for _, m := range all {
				if strings.Contains(m.Text, "is surging") {
					found = append(found, m)
				}
			}
			return found
		}
		for platform, posted := range map[string]func() []sandbox.Message{
			"Discord": func() []sandbox.Message { return trends(s.world.Discord().Messages(onDiscord)) },
			"Slack":   func() []sandbox.Message { return trends(s.world.Slack().Messages(onSlack)) },
		} {
			eventually(t, "the turn is told on "+platform, 20*time.Second, func() bool { return len(posted()) > 0 })
			all := posted()
			if len(all) != 1 || !strings.Contains(all[0].Text, "Session doubles its team") || len(all[0].Pictures) != 1 {
				t.Errorf("%s shows %+v", platform, all)
				continue
			}
			if p := all[0].Pictures[0]; len(bottest.Fetch(p.URL)) < 5000 || !strings.Contains(p.Alt, "Velocity of Session over 26 weeks") {
				t.Errorf("%s shows the picture %+v", platform, p)
			}
		}
	})
}

// yes is true, as SQL of either database writes it.
func yes(url string) string {
	if strings.HasPrefix(url, "sqlite:") {
		return "1"
	}
	return "true"
}
