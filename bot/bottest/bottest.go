// Package bottest is the suite that every platform's adapter passes, whatever
// the platform is like. It is for tests alone.
package bottest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sparkbot/bot"
	"sparkbot/notify"
	"sparkbot/store"
)

// Answerer is what the adapter under test asks; the suite scripts it.
type Answerer interface {
	Answer(ctx context.Context, r bot.Request) bot.Reply
	Complete(ctx context.Context, kind, typed string, r bot.Request) []bot.Choice
	Home(ctx context.Context, p store.Platform, workspace string) notify.Message
}

// Sender is the way out.
type Sender interface {
	Encode(m notify.Message) (notify.Body, error)
	Post(ctx context.Context, e notify.Envelope, body notify.Body) (notify.Receipt, error)
	Edit(ctx context.Context, e notify.Envelope, messageID string, body notify.Body) error
	Find(ctx context.Context, e notify.Envelope, since time.Time) (messageID string, asked bool, err error)
	CanPost(ctx context.Context, workspace, channel string) error
	Admits(ctx context.Context, workspace, channel string) (bool, error)
}

// Shown is a message as somebody sees it.
type Shown struct {
	ID      string
	Text    string
	Private bool
	Updated bool
	Pings   []string
	Buttons []string // labels
	// Pictures are those shown, as they can be fetched.
	Pictures []notify.Picture
	Links    []string
	Mark     string // by which the platform tells the message from others of ours
}

// Fault is a way for the platform to fail the next post.
type Fault int

// The faults every platform knows.
const (
	Throttle     Fault = iota // asks to wait 7 seconds
	ThrottleHTML              // the same, from a network in front of the platform
	Broken                    // a failure of the platform's own
	AnswerLost                // the message is accepted and the answer never comes
	Nonsense                  // a success that cannot be read
	Unasked                   // the next question about a channel is not answered
	Gateway                   // a gateway in front gives up on a post that may have arrived
	Unlisted                  // the next question about a channel's messages is not answered
)

// Harness is a platform's stand-in with the adapter logged in to it.
type Harness struct {
	Platform           store.Platform
	Sender             Sender
	Workspace, Channel string
	// Say has a member type a command, in the grammar of Slack's /spark.
	Say func(ctx context.Context, user, text string) (Shown, error)
	// Press has a member press a button by its label.
	Press func(ctx context.Context, user, messageID, label string) (Shown, error)
	// Posted gives what stands in the channel.
	Posted func() []Shown
	Break  func(Fault)
	// NoPictures lets the platform take no picture of the bot any more.
	NoPictures func()
	Shut       func() // takes the bot's right to post in the channel
	Open       func() // gives it back
	Lost       func() // takes the channel away
	// Delete takes a message away, as a member may.
	Delete func(messageID string)
	Unread func() // takes the bot's right to read the channel
	// Private gives what a member was written in private, and the member's id.
	Private func(user string) (id string, all []Shown)
	Deaf    func(user string) // has the member take no more of that
	Chat    func(n int)       // has members post n messages
}

// Script is an Answerer that does as it is told.
type Script struct {
	Reply    func(bot.Request) bot.Reply
	Requests chan bot.Request
}

// NewScript makes a Script that answers nothing yet.
func NewScript() *Script { return &Script{Requests: make(chan bot.Request, 100)} }

// Answer notes the request and gives the scripted reply.
func (s *Script) Answer(_ context.Context, r bot.Request) bot.Reply {
	s.Requests <- r
	return s.Reply(r)
}

// Home tells whose home it is.
func (s *Script) Home(_ context.Context, p store.Platform, workspace string) notify.Message {
	return sentence(fmt.Sprintf("the home of %s on %s", workspace, p))
}

// Complete suggests one project.
func (s *Script) Complete(context.Context, string, string, bot.Request) []bot.Choice {
	return []bot.Choice{{Label: "Session", Value: "session"}}
}

// Run tells every story on a fresh stand-in.
func Run(t *testing.T, start func(t *testing.T, a Answerer) Harness) {
	for _, story := range []struct {
		name string
		tell func(t *testing.T, h Harness, s *Script)
	}{
		{"a picture is shown and described", pictureShown},
		{"a reply shows a picture", pictureInReply},
		{"an edit shows its picture", pictureEdited},
		{"words go without a picture that is refused", pictureRefused},
		{"a hostile title stays a title", hostileTitle},
		{"every message fits", everyMessageFits},
		{"every digest fits", digestsFit},
		{"what is said of momentum fits", momentaFit},
		{"a command brings its request and shows its reply", commandAndReply},
		{"a mistyped command is told so in private", mistyped},
		{"a button asks what typing would", button},
		{"turning a page changes the message", turning},
		{"failures are told apart", failures},
		{"a channel that is closed or gone is gone", closed},
		{"a message is recognized by its nonce", nonce},
		{"an edit changes the message in place", edits},
		{"an edit of what is not there is missing", editsMissing},
		{"whether a message arrived can be asked", asking},
		{"a member is written to in private", writingInPrivate},
		{"whether a place is open again can be asked", knocking},
	} {
		t.Run(story.name, func(t *testing.T) {
			s := NewScript()
			story.tell(t, start(t, s), s)
		})
	}
}

// post posts a message to the channel under test.
func post(t *testing.T, h Harness, m notify.Message) (notify.Receipt, error) {
	t.Helper()
	body, err := h.Sender.Encode(m)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return h.Sender.Post(t.Context(), notify.Envelope{Workspace: h.Workspace, Channel: h.Channel, Nonce: "n1"}, body)
}

func mustPost(t *testing.T, h Harness, m notify.Message) {
	t.Helper()
	if _, err := post(t, h, m); err != nil {
		t.Fatalf("post: %v", err)
	}
}

func sentence(s string) notify.Message {
	return notify.Message{Fallback: s, Blocks: []notify.Block{notify.Text{Spans: []notify.Span{{Text: s}}}}}
}

func commandAndReply(t *testing.T, h Harness, s *Script) {
	for _, private := range []bool{false, true} {
		s.Reply = func(bot.Request) bot.Reply { return bot.Reply{Message: sentence("the reply"), Private: private} }
		shown, err := h.Say(t.Context(), "ada", "show session moves")
		if err != nil {
			t.Fatal(err)
		}
		if shown.Private != private || !strings.Contains(shown.Text, "the reply") {
			t.Errorf("private %v: the member sees %+v", private, shown)
		}
		r := <-s.Requests
		if r.Command.Verb != bot.Show || r.Command.Project != "session" || r.Command.View != bot.ViewMoves || r.Button ||
			r.Platform != h.Platform || r.Workspace != h.Workspace || r.Channel != h.Channel || r.User == "" || r.ID == "" || !r.Manager || r.At.IsZero() {
			t.Errorf("the request is %+v", r)
		}
	}
}

func mistyped(t *testing.T, h Harness, s *Script) {
	s.Reply = func(bot.Request) bot.Reply { return bot.Reply{Message: sentence("unexpected")} }
	shown, err := h.Say(t.Context(), "ada", "mute never")
	if err != nil {
		t.Fatal(err)
	}
	if !shown.Private || !strings.Contains(shown.Text, "is no time") {
		t.Errorf("the member sees %+v", shown)
	}
}

func button(t *testing.T, h Harness, s *Script) {
	s.Reply = func(r bot.Request) bot.Reply { return bot.Reply{Message: sentence("muted"), Private: true} }
	m := sentence("an alert")
	m.Blocks = append(m.Blocks, notify.Actions{Buttons: []notify.Button{{Label: "Source", URL: "https://example.org"}, {Label: "Mute a day", Command: "mute 1d session"}}})
	mustPost(t, h, m)
	posted := h.Posted()[0]
	if strings.Join(posted.Buttons, ", ") != "Source, Mute a day" || !strings.Contains(strings.Join(posted.Links, " "), "https://example.org") {
		t.Errorf("the message stands as %+v", posted)
	}
	shown, err := h.Press(t.Context(), "ada", posted.ID, "Mute a day")
	if err != nil {
		t.Fatal(err)
	}
	r := <-s.Requests
	if !r.Button || r.Command.Verb != bot.Mute || r.Command.For != "1d" || r.Command.Project != "session" || r.Channel != h.Channel {
		t.Errorf("the request is %+v", r)
	}
	if !shown.Private || shown.Text != "muted" {
		t.Errorf("the member sees %+v", shown)
	}
	if again := h.Posted(); len(again) != 1 || again[0].Text != posted.Text {
		t.Errorf("the alert became %+v", again)
	}
}

func turning(t *testing.T, h Harness, s *Script) {
	m := sentence("page one")
	m.Blocks = append(m.Blocks, notify.Actions{Buttons: []notify.Button{{Label: "More", Command: "all page:2"}}})
	mustPost(t, h, m)
	s.Reply = func(r bot.Request) bot.Reply {
		return bot.Reply{Message: sentence("page two"), Private: true, Update: r.Button}
	}
	shown, err := h.Press(t.Context(), "ada", h.Posted()[0].ID, "More")
	if err != nil {
		t.Fatal(err)
	}
	if all := h.Posted(); !shown.Updated || len(all) != 1 || all[0].Text != "page two" {
		t.Errorf("the member sees %+v, the channel %+v", shown, all)
	}
}

func failures(t *testing.T, h Harness, _ *Script) {
	for _, tc := range []struct {
		fault Fault
		kind  notify.Kind
	}{{Broken, notify.Transient}, {AnswerLost, notify.Ambiguous}, {Nonsense, notify.Ambiguous}, {Gateway, notify.Ambiguous}, {Throttle, notify.Throttled}, {ThrottleHTML, notify.Throttled}} {
		if tc.fault == ThrottleHTML {
			h = besides(h)
		}
		h.Break(tc.fault)
		_, err := post(t, h, sentence("hello"))
		f, ok := errors.AsType[*notify.Failure](err)
		if !ok || f.Kind != tc.kind || f.Reason == "" {
			t.Errorf("fault %d gives %v, want it %s", tc.fault, err, tc.kind)
			continue
		}
		if tc.kind == notify.Throttled && f.After != 7*time.Second {
			t.Errorf("fault %d asks to wait %s, want 7s", tc.fault, f.After)
		}
		if tc.fault == ThrottleHTML && f.Scope != notify.ScopePlatform {
			t.Errorf("a throttle from the network covers %v, want the platform", f.Scope)
		}
	}
}

// besides is the harness with a channel beside the one under test, which is not
// throttled with it.
func besides(h Harness) Harness {
	last := len(h.Channel) - 1
	h.Channel = h.Channel[:last] + string('0'+('9'-h.Channel[last])%10)
	return h
}

func closed(t *testing.T, h Harness, _ *Script) {
	if err := h.Sender.CanPost(t.Context(), h.Workspace, h.Channel); err != nil {
		t.Errorf("in an open channel: %v", err)
	}
	if err := h.Sender.CanPost(t.Context(), "999", h.Channel); err == nil {
		t.Error("a channel of another workspace is taken for ours")
	}
	h.Break(Unasked)
	if err := h.Sender.CanPost(t.Context(), h.Workspace, h.Channel); err != nil {
		t.Errorf("while the platform does not answer: %v", err)
	}
	h.Shut()
	if err := h.Sender.CanPost(t.Context(), h.Workspace, h.Channel); err == nil || len(err.Error()) < 20 {
		t.Errorf("in a closed channel CanPost says %v", err)
	}
	if _, err := post(t, h, sentence("hello")); notify.Classify(orNone(err)).Kind != notify.Gone {
		t.Errorf("a post to a closed channel gives %v", err)
	}
	h.Open()
	if _, err := post(t, h, sentence("hello")); err != nil {
		t.Errorf("a post to a channel that is open again gives %v", err)
	}
	h.Lost()
	if _, err := post(t, h, sentence("hello")); notify.Classify(orNone(err)).Kind != notify.Gone {
		t.Errorf("a post to a lost channel gives %v", err)
	}
}

func orNone(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

func nonce(t *testing.T, h Harness, _ *Script) {
	if _, err := post(t, h, sentence("once")); err != nil {
		t.Fatal(err)
	}
	if h.Platform == store.Discord { // Slack cannot refuse a double; its metadata lets it be found
		if _, err := post(t, h, sentence("once")); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(h.Posted()); n != 1 {
		t.Errorf("the message stands %d times", n)
	}
}
