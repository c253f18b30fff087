package slack

import (
	"fmt"
	"testing"
	"time"

	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/notify"
)

// TestEditsHaveALimitOfTheirOwn edits more messages than Slack takes in a minute.
// Those beyond are put off, each to its turn, without a question to Slack, and
// what is posted goes on.
func TestEditsHaveALimitOfTheirOwn(t *testing.T) {
	c, k := stage(t, bottest.NewScript(), true)
	k.SetChannelLimit(false)
	e := notify.Envelope{Workspace: k.Team(), Channel: k.AddChannel("news")}
	body, err := c.Encode(notify.Message{Fallback: "x"})
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := c.Post(t.Context(), e, body)
	if err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	for range tier3 + 10 {
		if err := c.Edit(t.Context(), e, receipt.MessageID, body); err != nil {
			f := notify.Classify(err)
			if f.Kind != notify.Throttled || f.Scope != notify.ScopeMessage {
				t.Fatalf("an edit beyond the limit is %+v", f)
			}
			waits = append(waits, f.After)
		}
	}
	if n := k.Requests("chat.update"); n != tier3 || len(waits) != 10 || waits[0] > time.Minute {
		t.Errorf("Slack was asked %d times; %v are the waits of the others", n, waits)
	}
	if _, err := c.Post(t.Context(), e, body); err != nil {
		t.Errorf("a post waits for edits: %v", err)
	}
}

// TestRefusedWorkspacesAreLeftAlone has Slack refuse two channels of a workspace:
// the first is taken for the channel's own rate, the second for the workspace's.
func TestRefusedWorkspacesAreLeftAlone(t *testing.T) {
	c, k := stage(t, bottest.NewScript(), true)
	body, err := c.Encode(notify.Message{Fallback: "x"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []notify.Scope{notify.ScopePlace, notify.ScopeWorkspace} {
		k.Fail(sandbox.Fault{Path: "chat.postMessage", Status: 429, Header: map[string]string{"Retry-After": "3600"}, Body: `{"ok":false,"error":"ratelimited"}`})
		_, err := c.Post(t.Context(), notify.Envelope{Workspace: k.Team(), Channel: k.AddChannel(fmt.Sprint("news-", i))}, body)
		if f := notify.Classify(err); f.Kind != notify.Throttled || f.Scope != want || f.After != time.Hour {
			t.Errorf("refusal %d is %+v, want it for %v", i+1, f, want)
		}
	}
	asked := k.Requests("chat.postMessage")
	_, err = c.Post(t.Context(), notify.Envelope{Workspace: k.Team(), Channel: k.AddChannel("other")}, body)
	if f := notify.Classify(err); f.Kind != notify.Throttled || f.After < 59*time.Minute || k.Requests("chat.postMessage") != asked {
		t.Errorf("the workspace is asked on: %+v", f)
	}
	if at := c.turns.Take("T0OTHER chat.postMessage", "C1", c.rate("chat.postMessage"), c.now()); at.After(c.now()) {
		t.Errorf("another workspace waits until %v", at)
	}
}
