package bot

import (
	"fmt"
	"strings"
	"testing"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/store"
)

// home reads a workspace's home as a member would.
func (k *talk) home(workspace string) string {
	k.Helper()
	m := k.bot.Home(k.Context(), store.Slack, workspace)
	for _, block := range m.Blocks {
		if _, is := block.(notify.Actions); is {
			k.Error("a button stands in the home, where no channel is to answer in")
		}
	}
	return compose.Plain(m, 1000)
}

func TestHome(t *testing.T) {
	k := newTalk(t)
	in := func(workspace, channel string) func(*Request) {
		return func(r *Request) { r.Workspace, r.Channel = workspace, channel }
	}
	if text := k.home("T1"); !strings.Contains(text, "No channel is subscribed yet") || !strings.Contains(text, "/spark subscribe") {
		t.Errorf("before anybody subscribed the home says:\n%s", text)
	}
	k.ask("subscribe session sparks", in("T1", "C1"))
	k.ask("subscribe everything -river", in("T1", "C1"))
	k.ask("subscribe river", in("T1", "C2"))
	k.ask("subscribe simplex-sdk", in("T2", "C3"))
	if _, err := k.w.DB.CloseWorkspace(t.Context(), store.Workspace{Platform: store.Slack, ID: "T2"}, k.w.Now, "the app was removed."); err != nil {
		t.Fatal(err)
	}
	text := k.home("T1")
	for _, want := range []string{"C1", "session: sparks", "everything", "without river", "C2", "river", "/spark list"} {
		if !strings.Contains(text, want) {
			t.Errorf("the home lacks %q:\n%s", want, text)
		}
	}
	for _, never := range []string{"C3", "simplex-sdk", "removed"} {
		if strings.Contains(text, never) {
			t.Errorf("the home shows another workspace's %q:\n%s", never, text)
		}
	}
	if text := k.home("T2"); !strings.Contains(text, "stopped: the app was removed.") {
		t.Errorf("the home does not say what is stopped:\n%s", text)
	}
	for i := range 2 * homeRows {
		k.ask("subscribe session", in("T3", fmt.Sprintf("C%03d", i)))
	}
	if text := k.home("T3"); !strings.Contains(text, "60 subscriptions in all") || strings.Count(text, "session:") != homeRows {
		t.Errorf("the home of a large workspace says:\n%s", text)
	}
}

func TestHomeOfADatabaseThatIsAway(t *testing.T) {
	k := newTalk(t)
	if err := k.w.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if text := k.home("T1"); !strings.Contains(text, "again in a minute") {
		t.Errorf("the home says:\n%s", text)
	}
}
