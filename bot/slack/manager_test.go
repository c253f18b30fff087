package slack

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sparkbot/bot"
	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
)

func TestAMembersRankIsAskedWhereItMattersAndKeptForAMinute(t *testing.T) {
	var passed atomic.Int64
	s := bottest.NewScript()
	s.Reply = func(bot.Request) bot.Reply { return sentence("done") }
	_, k := stage(t, s, false, func(o *Options) {
		o.Managers = ManagersAdmins
		o.Now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	})
	channel := k.AddChannel("news")
	k.SetAdmin("ada", true)
	say := func(text string) string {
		t.Helper()
		a, err := k.RunText(t.Context(), "ada", channel, "/spark "+text)
		if err != nil {
			t.Fatal(err)
		}
		return a.Message.Text
	}
	lacking := sandbox.Fault{Path: "users.info", Status: 200, Body: `{"ok":false,"error":"missing_scope","needed":"users:read"}`}

	k.Fail(lacking)
	if got := say("show session"); got != "done" {
		t.Errorf("a card needs no rank, but the member sees %q", got)
	}
	if got := say("subscribe session"); !strings.Contains(got, "users:read") {
		t.Errorf("without the scope the member sees %q", got)
	}
	if got := say("subscribe session"); got != "done" {
		t.Errorf("an admin sees %q", got)
	}
	k.Fail(lacking)
	if got := say("unsubscribe session"); got != "done" {
		t.Errorf("Slack was asked again within a minute; the member sees %q", got)
	}
	passed.Store(int64(rankFor))
	if got := say("mute 2h"); !strings.Contains(got, "users:read") {
		t.Errorf("Slack was not asked again after a minute; the member sees %q", got)
	}
	k.Fail(sandbox.Fault{Path: "users.info", Status: 500})
	if got := say("mute 2h"); !strings.Contains(got, "try again") || strings.Contains(got, "users:read") {
		t.Errorf("while Slack has trouble the member sees %q", got)
	}
}
