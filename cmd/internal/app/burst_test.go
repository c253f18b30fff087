package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/store/storetest"
)

// TestABurstOfAnotherProcess stores seven moves at once, edits one of them, takes
// one back, and mutes the channels while three more come.
func TestABurstOfAnotherProcess(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := stage(t, url, true)
		onDiscord, onSlack := s.world.Discord().AddChannel("news"), s.world.Slack().AddChannel("news")
		s.discordSays(onDiscord, "/sparkbot subscribe project:session moves:true")
		s.slackSays(onSlack, "/spark subscribe session moves")
		all := func() map[string][]sandbox.Message {
			return map[string][]sandbox.Message{"Discord": s.world.Discord().Messages(onDiscord), "Slack": s.world.Slack().Messages(onSlack)}
		}
		both := func(what string, within time.Duration, ok func(messages []sandbox.Message) bool) {
			t.Helper()
			eventually(t, what, within, func() bool {
				m := all()
				return ok(m["Discord"]) && ok(m["Slack"])
			})
		}

		elsewhere(t, url, insert("burst", 7))
		both("the burst in one message", 8*time.Second, func(messages []sandbox.Message) bool { return named(messages, "burst", 7) })
		for where, messages := range all() {
			if len(messages) != 1 || !strings.Contains(messages[0].Text, "7 moves, 4 of them sparks") || strings.Count(messages[0].Text, "SPARK") != 4 {
				t.Errorf("on %s the burst is %d messages: %+v", where, len(messages), messages)
			}
		}
		elsewhere(t, url, "UPDATE moves SET title = 'edited since' WHERE title = 'burst 3.'")
		elsewhere(t, url, "UPDATE moves SET retracted_at = CURRENT_TIMESTAMP WHERE title = 'burst 5.'")
		both("its message edited", 8*time.Second, func(messages []sandbox.Message) bool {
			return len(messages) == 1 && strings.Contains(messages[0].Text, "edited since") && !strings.Contains(messages[0].Text, "burst 3.") &&
				strings.Contains(messages[0].Text, "1 taken back")
		})

		s.discordSays(onDiscord, "/sparkbot mute for:1h")
		s.slackSays(onSlack, "/spark mute 1h")
		elsewhere(t, url, insert("held", 3))
		eventually(t, "the alerts are held", 8*time.Second, func() bool {
			var held int
			db, err := openOutside(url)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			return db.QueryRow("SELECT count(*) FROM deliveries WHERE state = 'held'").Scan(&held) == nil && held == 6
		})
		elsewhere(t, url, "UPDATE moves SET retracted_at = CURRENT_TIMESTAMP WHERE title = 'held 2.'")
		s.discordSays(onDiscord, "/sparkbot unmute")
		s.slackSays(onSlack, "/spark unmute")
		both("the catch-up", 8*time.Second, func(messages []sandbox.Message) bool {
			return len(messages) == 2 && strings.Contains(messages[1].Text, "While alerts were held: 2 moves") &&
				strings.Contains(messages[1].Text, "held 1.") && !strings.Contains(messages[1].Text, "held 2.") && strings.Contains(messages[1].Text, "held 3.")
		})
		validate(t, s.world.Discord().Messages(onDiscord)[0].Body)
		validate(t, s.world.Discord().Messages(onDiscord)[1].Body)
	})
}

// insert stores n moves of Session in one statement, every other of them a spark.
func insert(what string, n int) string {
	var rows []string
	for i := 1; i <= n; i++ {
		rows = append(rows, fmt.Sprintf("SELECT id, '%s %d.', 'https://example.org/%s-%d', %d = 1, CURRENT_TIMESTAMP FROM projects WHERE slug = 'session'", what, i, what, i, i%2))
	}
	return "INSERT INTO moves (project_id, title, source_url, spark, occurred_at) " + strings.Join(rows, " UNION ALL ")
}

// named reports whether each of n titles stands in the messages exactly once.
func named(messages []sandbox.Message, what string, n int) bool {
	text := ""
	for _, m := range messages {
		text += m.Text + "\n"
	}
	for i := 1; i <= n; i++ {
		if strings.Count(text, fmt.Sprintf("%s %d.", what, i)) != 1 {
			return false
		}
	}
	return true
}
