package discord

import (
	"testing"
	"time"

	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/notify"
)

// TestWhatDiscordSaysOfEdits has Discord refuse edits in its own words.
func TestWhatDiscordSaysOfEdits(t *testing.T) {
	c, d := stage(t, bottest.NewScript(), true)
	channel := d.AddChannel("news")
	body, err := c.Encode(sentence("x").Message)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		status int
		body   string
		kind   notify.Kind
		scope  notify.Scope
		after  time.Duration
	}{
		"deleted":                      {404, `{"code":10008,"message":"Unknown Message"}`, notify.Missing, 0, 0},
		"of somebody else":             {403, `{"code":50005,"message":"Cannot edit a message authored by another user"}`, notify.Missing, 0, 0},
		"older than an hour too often": {429, `{"code":30046,"message":"Maximum number of edits to messages older than 1 hour reached. Try again later.","retry_after":40}`, notify.Throttled, notify.ScopeMessage, 40 * time.Second},
		"too many in the channel":      {429, `{"message":"You are being rate limited.","retry_after":3,"global":false}`, notify.Throttled, notify.ScopePlace, 3 * time.Second},
		"a lost channel":               {404, `{"code":10003,"message":"Unknown Channel"}`, notify.Gone, 0, 0},
	} {
		channel := d.AddChannel(name) // one that is throttled is left alone for a while
		d.Fail(sandbox.Fault{Path: "/messages/", Status: tc.status, Body: tc.body})
		f := notify.Classify(c.Edit(t.Context(), notify.Envelope{Channel: channel}, "123", body))
		if f.Kind != tc.kind || f.Scope != tc.scope || f.After != tc.after || f.Reason == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if f := notify.Classify(c.Edit(t.Context(), notify.Envelope{Channel: channel}, "1747.0001", body)); f.Kind != notify.Permanent {
		t.Errorf("an id that is none of Discord's: %+v", f)
	}
}
