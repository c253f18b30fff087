package slack

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/notify"
)

func TestCanPostSaysWhatToDo(t *testing.T) {
	answer := func(body string) func(*sandbox.Slack, string) {
		return func(k *sandbox.Slack, _ string) {
			k.Fail(sandbox.Fault{Path: "conversations.info", Status: 200, Body: body})
		}
	}
	for _, tc := range []struct {
		name string
		do   func(k *sandbox.Slack, channel string)
		want string // empty: it may post
	}{
		{"the app is a member", func(*sandbox.Slack, string) {}, ""},
		{"a private channel without the app", func(k *sandbox.Slack, channel string) { k.Kick(channel) }, "/invite @sparkbot"},
		{"an archived channel", func(k *sandbox.Slack, channel string) { k.Archive(channel) }, "Unarchive"},
		{"a public channel without the app, which may post there anyway", answer(`{"ok":true,"channel":{"is_member":false}}`), ""},
		{"a conversation of two people", answer(`{"ok":true,"channel":{"is_im":true}}`), ""},
		{"a scope is missing", answer(`{"ok":false,"error":"missing_scope","needed":"channels:read"}`), "channels:read"},
		{"the token was revoked, which no invitation mends", answer(`{"ok":false,"error":"token_revoked"}`), "install it again"},
		{"Slack asks to wait, which says nothing", answer(`{"ok":false,"error":"ratelimited"}`), ""},
		{"Slack has trouble, which says nothing", answer(`{"ok":false,"error":"internal_error"}`), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, k := stage(t, bottest.NewScript(), false)
			channel := k.AddChannel("news")
			tc.do(k, channel)
			err := c.CanPost(t.Context(), k.Team(), channel)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("CanPost says %v, want %q in it", err, tc.want)
			}
		})
	}
}

// Without chat:write.public the app has to be invited to public channels too.
func TestCanPostNeedsAnInvitationWithoutTheScope(t *testing.T) {
	slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-OAuth-Scopes", "chat:write,channels:read")
		_, _ = w.Write([]byte(`{"ok":true,"team_id":"T1","user":"spark_of_acme","channel":{"is_member":false}}`))
	}))
	t.Cleanup(slack.Close)
	c, err := New(Options{BotToken: "x", APIURL: slack.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.CanPost(t.Context(), "T1", "C1"); err == nil || !strings.Contains(err.Error(), "/invite @spark_of_acme") {
		t.Errorf("CanPost says %v", err)
	}
}

func TestNoRedirectTakesATokenElsewhere(t *testing.T) {
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	slack := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(slack.Close)
	c, err := New(Options{BotToken: "x", APIURL: slack.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Post(t.Context(), notify.Envelope{Channel: "C1"}, notify.Body{Content: []byte(`{"text":"x"}`)})
	if err == nil || notify.Classify(err).Kind != notify.Transient || asked.Load() != 0 {
		t.Errorf("a redirected post gives %v; %d requests went elsewhere", err, asked.Load())
	}
}
