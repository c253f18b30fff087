package slack

import (
	"testing"
	"time"

	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/notify"
)

// TestWhatSlackSaysOfEdits has Slack refuse edits in its own words.
func TestWhatSlackSaysOfEdits(t *testing.T) {
	c, k := stage(t, bottest.NewScript(), true)
	channel := k.AddChannel("news")
	for code, want := range map[string]notify.Failure{
		"message_not_found":   {Kind: notify.Missing},
		"edit_window_closed":  {Kind: notify.Missing},
		"cant_update_message": {Kind: notify.Missing},
		"is_archived":         {Kind: notify.Gone},
		"internal_error":      {Kind: notify.Transient},
		"ratelimited":         {Kind: notify.Throttled, Scope: notify.ScopeMessage, After: time.Second},
		"msg_too_long":        {Kind: notify.Permanent},
	} {
		k.Fail(sandbox.Fault{Path: "chat.update", Status: 200, Body: `{"ok":false,"error":"` + code + `"}`})
		body, err := c.Encode(notify.Message{Fallback: "x"})
		if err != nil {
			t.Fatal(err)
		}
		f := notify.Classify(c.Edit(t.Context(), notify.Envelope{Workspace: k.Team(), Channel: channel}, code, body))
		if f.Kind != want.Kind || f.Scope != want.Scope || f.After != want.After || f.Reason == "" {
			t.Errorf("%s: %+v", code, f)
		}
	}
	if f := notify.Classify(c.Edit(t.Context(), notify.Envelope{Workspace: "T0OTHER", Channel: channel}, "1.1", notify.Body{Content: []byte(`{"text":"x"}`)})); f.Kind != notify.Gone {
		t.Errorf("in another workspace: %+v", f)
	}
}
