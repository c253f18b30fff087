package bot

import (
	"fmt"
	"strings"
	"testing"

	"sparkbot/notify"
	"sparkbot/store"
)

// TestLog answers why a move came and another did not, page by page.
func TestLog(t *testing.T) {
	k := newTalk(t)
	say := func(command string, wants ...string) Reply {
		t.Helper()
		reply, text := k.ask(command)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", command, want, text)
			}
		}
		if !reply.Private {
			t.Errorf("%s is answered for all to see", command)
		}
		return reply
	}
	say("log", "Nothing was owed to this channel")
	say("log session", "Session: Funded", "nothing here is subscribed to Session")
	say("log nowhere", "There is no project")
	k.ask("subscribe session")
	k.w.Forget()
	k.w.Move("session", "A small step")
	k.w.MustExec("UPDATE moves SET spark = true WHERE title = 'Funded'")
	for _, c := range k.w.Changes() {
		k.w.TellOne(c, map[store.ChangeKind]store.Events{store.ChangeStored: store.Moves, store.ChangeSparked: store.Sparks}[c.Kind])
	}
	k.w.Settle(k.w.Claim(k.w.Now, 1)[0], store.OutcomeSent, nil)
	say("log session", "spark · Session: Funded", "sent", "Session: A small step", "session hears of sparks only, and it is none")
	say("log session 1d", "The last 1 day.")
	if _, text := k.ask("log"); strings.Contains(text, "River") {
		t.Errorf("the log tells of what nobody here asked for:\n%s", text)
	}
	for i := range 20 {
		k.w.Move("session", fmt.Sprint("Step ", i))
	}
	k.w.Forget()
	reply := say("log", "Page 1 of 3", "[Older]", "Step 19")
	row := reply.Message.Blocks[len(reply.Message.Blocks)-1].(notify.Actions)
	second := say(row.Buttons[0].Command, "Page 2 of 3", "[Newer]", "[Older]")
	if len(second.Message.Blocks) > 40 {
		t.Errorf("a page has %d blocks", len(second.Message.Blocks))
	}
	say("log page:99", "Page 3 of 3")
}
