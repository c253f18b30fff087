package bottest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sparkbot/notify"
)

// edit edits a message of the channel under test.
func edit(t *testing.T, h Harness, messageID string, m notify.Message) error {
	t.Helper()
	body, err := h.Sender.Encode(m)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return h.Sender.Edit(t.Context(), notify.Envelope{Workspace: h.Workspace, Channel: h.Channel}, messageID, body)
}

func edits(t *testing.T, h Harness, _ *Script) {
	first := sentence("before")
	first.Blocks = append(first.Blocks, notify.Actions{Buttons: []notify.Button{{Label: "Mute a day", Command: "mute 1d session"}}})
	mustPost(t, h, first)
	other := sentence("another message")
	if _, err := h.Sender.Post(t.Context(), notify.Envelope{Workspace: h.Workspace, Channel: h.Channel, Nonce: "n2"}, mustEncode(t, h, other)); err != nil {
		t.Fatal(err)
	}
	posted := h.Posted()[0]
	for range 2 { // an edit may be repeated
		if err := edit(t, h, posted.ID, sentence("after")); err != nil {
			t.Fatal(err)
		}
	}
	all := h.Posted()
	if len(all) != 2 || all[0].ID != posted.ID || all[0].Text != "after" || len(all[0].Buttons) > 0 || all[1].Text != "another message" {
		t.Errorf("after the edit the channel shows %+v", all)
	}
	if all[0].Mark == "" || all[0].Mark != posted.Mark {
		t.Errorf("the message is recognized by %q after the edit, and was by %q", all[0].Mark, posted.Mark)
	}
	for _, tc := range []struct {
		fault Fault
		kind  notify.Kind
	}{{Broken, notify.Transient}, {AnswerLost, notify.Transient}, {Throttle, notify.Throttled}, {ThrottleHTML, notify.Throttled}} {
		if tc.fault == ThrottleHTML {
			h = besides(h)
		}
		h.Break(tc.fault)
		err := edit(t, h, posted.ID, sentence("later"))
		f, ok := errors.AsType[*notify.Failure](err)
		if !ok || f.Kind != tc.kind || f.Reason == "" || f.Kind == notify.Throttled && f.After != 7*time.Second {
			t.Errorf("fault %d gives %v, want it %s", tc.fault, err, tc.kind)
		}
	}
}

func editsMissing(t *testing.T, h Harness, _ *Script) {
	mustPost(t, h, sentence("soon deleted"))
	posted := h.Posted()[0]
	h.Delete(posted.ID)
	if f := notify.Classify(orNone(edit(t, h, posted.ID, sentence("too late")))); f.Kind != notify.Missing || !strings.Contains(f.Reason, "deleted") {
		t.Errorf("editing a deleted message gives %v", f)
	}
	if n := len(h.Posted()); n != 0 {
		t.Errorf("the edit posted %d messages", n)
	}
	h.Shut()
	if f := notify.Classify(orNone(edit(t, h, posted.ID, sentence("shut out")))); f.Kind != notify.Gone {
		t.Errorf("editing in a closed channel gives %v", f)
	}
}

func mustEncode(t *testing.T, h Harness, m notify.Message) notify.Body {
	t.Helper()
	body, err := h.Sender.Encode(m)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return body
}
