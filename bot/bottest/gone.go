package bottest

import (
	"strings"
	"testing"

	"sparkbot/notify"
)

// writingInPrivate writes to a member twice, and to one who takes nothing.
func writingInPrivate(t *testing.T, h Harness, _ *Script) {
	body, err := h.Sender.Encode(sentence("the channel is gone"))
	if err != nil {
		t.Fatal(err)
	}
	id, _ := h.Private("ada")
	write := func(to, nonce string) error {
		_, err := h.Sender.Post(t.Context(), notify.Envelope{Workspace: h.Workspace, Channel: "@" + to, Nonce: nonce}, body)
		return err
	}
	for _, nonce := range []string{"p1", "p2"} {
		if err := write(id, nonce); err != nil {
			t.Errorf("writing to a member gives %v", err)
		}
	}
	if _, all := h.Private("ada"); len(all) != 2 || !strings.Contains(all[0].Text, "the channel is gone") {
		t.Errorf("the member was written %+v", all)
	}
	if n := len(h.Posted()); n != 0 {
		t.Errorf("the channel shows %d of what is private", n)
	}
	if err := write("not an id", "p3"); notify.Classify(orNone(err)).Kind != notify.Permanent {
		t.Errorf("writing to nobody gives %v", err)
	}
	h.Deaf("ada")
	if err := write(id, "p4"); notify.Classify(orNone(err)).Kind == notify.Transient {
		t.Errorf("writing to a member who takes nothing gives %v", err)
	}
}

// knocking asks for a place as it closes and opens, and while nobody answers.
func knocking(t *testing.T, h Harness, _ *Script) {
	knock := func(what string, want bool) {
		t.Helper()
		if open, err := h.Sender.Admits(t.Context(), h.Workspace, h.Channel); err != nil || open != want {
			t.Errorf("%s: %v (%v), want %v", what, open, err, want)
		}
	}
	knock("an open place", true)
	h.Shut()
	knock("a closed place", false)
	h.Open()
	knock("one that opened again", true)
	h.Break(Unasked)
	if open, err := h.Sender.Admits(t.Context(), h.Workspace, h.Channel); err == nil || open {
		t.Errorf("while nobody answers: %v, %v", open, err)
	}
	h.Lost()
	knock("a lost place", false)
}
