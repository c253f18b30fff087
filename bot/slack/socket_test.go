package slack

import (
	"strings"
	"testing"

	"sparkbot/bot"
	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
)

// Slack drops an acknowledgement of 20 KB or more without a word. An outlook
// in Chinese is that long well within Slack's limits, which count characters.
func TestAReplyTooLongForTheSocketStillArrives(t *testing.T) {
	long := bottest.Messages(strings.Repeat("隐私消息", 5000))["outlook"]
	s := bottest.NewScript()
	s.Reply = func(bot.Request) bot.Reply { return bot.Reply{Message: long} }
	c, k := stage(t, s, false)
	if body, err := c.Encode(long); err != nil || len(body.Content) < 20<<10 {
		t.Fatalf("the outlook has %d bytes (%v); this story needs a longer one", len(body.Content), err)
	}
	a, err := k.RunText(t.Context(), "ada", k.AddChannel("news"), "/spark session outlook")
	if err != nil || !strings.Contains(a.Message.Text, "隐私消息") {
		t.Errorf("the member sees %.60q, %v", a.Message.Text, err)
	}
}

func TestReadySaysWhySocketModeIsRefused(t *testing.T) {
	for _, tc := range []struct {
		name  string
		token string
		fault sandbox.Fault
		want  string
	}{
		{"an app token that is none", "xapp-hunter2", sandbox.Fault{}, "SPARKBOT_SLACK_APP_TOKEN"},
		{"an app token without its scope", "", sandbox.Fault{Path: "connections.open", Times: 1000, Status: 200, Body: `{"ok":false,"error":"missing_scope"}`}, "connections:write"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			world, err := sandbox.Start(sandbox.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = world.Close() })
			k := world.Slack()
			if tc.fault.Path != "" {
				k.Fail(tc.fault)
			}
			if tc.token == "" {
				tc.token = k.AppToken()
			}
			c, err := New(Options{BotToken: k.BotToken(), AppToken: tc.token, APIURL: k.URL()})
			if err != nil {
				t.Fatal(err)
			}
			run(t, c, bottest.NewScript())
			eventually(t, "Ready says why", func() bool {
				err := c.Ready(t.Context())
				if err != nil && strings.Contains(err.Error(), "hunter2") {
					t.Fatalf("Ready shows the token: %v", err)
				}
				return err != nil && strings.Contains(err.Error(), tc.want)
			})
		})
	}
}
