package bottest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"testing"

	"sparkbot/bot"
	"sparkbot/notify"
)

// picture is a real PNG of one colour.
func picture(name, alt string, of color.Color) notify.Picture {
	img := image.NewPaletted(image.Rect(0, 0, 96, 54), color.Palette{of})
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		panic(err) // a buffer takes everything
	}
	return notify.Picture{Name: name, Alt: alt, PNG: out.Bytes(), Width: 96, Height: 54}
}

// Fetch gets what is at an address, or nil.
func Fetch(address string) []byte {
	resp, err := http.Get(address) //nolint:noctx,gosec // of this process's own sandbox, whose stories end with it
	if err != nil {
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "image/png" {
		return nil
	}
	return content
}

// illustrated is a message with pictures between its words.
func illustrated(words string, pictures ...notify.Picture) notify.Message {
	m := sentence(words)
	for _, p := range pictures {
		m.Blocks = append(m.Blocks, p)
	}
	m.Blocks = append(m.Blocks, notify.Actions{Buttons: []notify.Button{{Label: "More", Command: "all page:2"}}})
	return m
}

// shows holds what is shown against the pictures that should be.
func shows(t *testing.T, what string, got Shown, want ...notify.Picture) {
	t.Helper()
	if len(got.Pictures) != len(want) {
		t.Errorf("%s shows %d pictures, want %d", what, len(got.Pictures), len(want))
		return
	}
	for i, w := range want {
		if p := got.Pictures[i]; p.Alt != w.Alt || !bytes.Equal(p.PNG, w.PNG) || p.Width != w.Width || p.Height != w.Height {
			t.Errorf("%s shows %q of %dx%d and %d bytes, want %q", what, p.Alt, p.Width, p.Height, len(p.PNG), w.Alt)
		}
	}
}

var red, blue = color.RGBA{0xFF, 0, 0, 0xFF}, color.RGBA{0, 0, 0xFF, 0xFF}

func pictureShown(t *testing.T, h Harness, _ *Script) {
	first, second := picture("velocity-session.png", "Velocity of *Session*: 3.8 <up>", red), picture("velocity-session.png", "שלום 🎉", blue)
	mustPost(t, h, illustrated("look", first, second))
	shows(t, "the message", h.Posted()[0], first, second)
}

func pictureInReply(t *testing.T, h Harness, s *Script) {
	card, next := picture("card.png", "a card", red), picture("next.png", "the next", blue)
	s.Reply = func(r bot.Request) bot.Reply {
		switch {
		case !r.Button:
			return bot.Reply{Message: illustrated("the card", card)}
		case r.Command.Page == 2:
			return bot.Reply{Message: illustrated("page two", next), Update: true}
		default:
			return bot.Reply{Message: sentence("no picture"), Update: true}
		}
	}
	shown, err := h.Say(t.Context(), "ada", "show session moves")
	if err != nil {
		t.Fatal(err)
	}
	shows(t, "the reply", shown, card)
	if shown, err = h.Press(t.Context(), "ada", shown.ID, "More"); err != nil {
		t.Fatal(err)
	}
	shows(t, "the next page", shown, next)
	s.Reply = func(bot.Request) bot.Reply { return bot.Reply{Message: sentence("no picture"), Update: true} }
	if shown, err = h.Press(t.Context(), "ada", shown.ID, "More"); err != nil {
		t.Fatal(err)
	}
	shows(t, "a page without one", shown)
}

func pictureEdited(t *testing.T, h Harness, _ *Script) {
	before, after := picture("before.png", "before", red), picture("after.png", "after", blue)
	receipt, err := post(t, h, illustrated("look", before))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []notify.Picture{before, after} {
		body, err := h.Sender.Encode(illustrated("look again", p))
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Sender.Edit(t.Context(), notify.Envelope{Workspace: h.Workspace, Channel: h.Channel}, receipt.MessageID, body); err != nil {
			t.Fatal(err)
		}
		shows(t, "the edited message", h.Posted()[0], p)
	}
}

func pictureRefused(t *testing.T, h Harness, s *Script) {
	p := picture("velocity.png", "3.8", red)
	h.NoPictures()
	receipt, err := post(t, h, illustrated("the words", p))
	if err != nil {
		t.Fatal(err)
	}
	posted := h.Posted()
	if len(posted) != 1 || posted[0].Text != "the words" || len(posted[0].Buttons) != 1 {
		t.Fatalf("the channel shows %+v", posted)
	}
	shows(t, "the message", posted[0])
	body, err := h.Sender.Encode(illustrated("other words", p))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Sender.Edit(t.Context(), notify.Envelope{Workspace: h.Workspace, Channel: h.Channel}, receipt.MessageID, body); err != nil || h.Posted()[0].Text != "other words" {
		t.Errorf("the edited message shows %+v, %v", h.Posted()[0], err)
	}
	if _, err := post(t, h, illustrated("", p)); err != nil {
		t.Errorf("a picture without words gives %v", err)
	}
	s.Reply = func(bot.Request) bot.Reply { return bot.Reply{Message: illustrated("the reply", p)} }
	shown, err := h.Say(t.Context(), "ada", "show session moves")
	if err != nil || shown.Text != "the reply" {
		t.Errorf("the member sees %+v, %v", shown, err)
	}
}
