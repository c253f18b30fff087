package bottest

import (
	"testing"
	"time"

	"sparkbot/notify"
)

// asking loses the answer to a post and asks for it, in a quiet channel, in a busy
// one, while the platform does not answer, and where it may not be asked.
func asking(t *testing.T, h Harness, _ *Script) {
	began := time.Now()
	named := func(nonce string) notify.Envelope {
		return notify.Envelope{Workspace: h.Workspace, Channel: h.Channel, Nonce: nonce}
	}
	find := func(nonce string) (id string, asked bool) {
		t.Helper()
		id, asked, err := h.Sender.Find(t.Context(), named(nonce), began.Add(-time.Minute))
		if err != nil {
			t.Errorf("asking for %s gives %v", nonce, err)
		}
		return id, asked
	}
	send := func(nonce string) error {
		body, err := h.Sender.Encode(sentence("the message " + nonce))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Sender.Post(t.Context(), named(nonce), body)
		return err
	}
	if id, asked := find("s1"); id != "" || !asked {
		t.Errorf("in an empty channel the answer is %q, %v", id, asked)
	}
	h.Chat(3)
	h.Break(AnswerLost)
	if err := send("s1"); notify.Classify(orNone(err)).Kind != notify.Ambiguous {
		t.Fatalf("a lost answer gives %v", err)
	}
	posted := h.Posted()
	want := posted[len(posted)-1].ID
	if err := send("s2"); err != nil {
		t.Fatal(err)
	}
	h.Chat(450) // several pages on each platform
	if id, asked := find("s1"); id != want || !asked {
		t.Errorf("what arrived is found as %q, %v, want %q", id, asked, want)
	}
	if id, asked := find("s3"); id != "" || !asked {
		t.Errorf("what never arrived is found as %q, %v", id, asked)
	}
	h.Break(Unlisted)
	if _, _, err := h.Sender.Find(t.Context(), named("s1"), began); notify.Classify(orNone(err)).Kind != notify.Transient {
		t.Errorf("a question without an answer gives %v", err)
	}
	h.Unread()
	if id, _ := find("s1"); id != "" {
		t.Errorf("where the channel may not be read it is found as %q", id)
	}
	h.Shut()
	if id, asked := find("s1"); id != "" || asked {
		t.Errorf("in a closed channel the answer is %q, %v", id, asked)
	}
}
