package slack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sparkbot/bot"
	"sparkbot/bot/bottest"
)

func TestReplaysAreRememberedForAWhileAndNotWithoutEnd(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r := newReplays()
	if r.before("a", now) || !r.before("a", now.Add(2*maxSkew-1)) {
		t.Error("a signature is not remembered while it is good")
	}
	if r.before("a", now.Add(2*maxSkew)) {
		t.Error("a signature is remembered when no clock takes it any more")
	}
	later := now.Add(time.Hour)
	for i := range maxReplays + 10 {
		r.before(fmt.Sprint(i), later)
	}
	if len(r.known) != maxReplays || len(r.order) != maxReplays {
		t.Errorf("%d signatures are remembered in %d places, at most %d", len(r.known), len(r.order), maxReplays)
	}
	if !r.before(fmt.Sprint(maxReplays), later) {
		t.Error("a flood pushed out a young signature")
	}
}

func TestSlackLooksAtTheCertificate(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c, err := New(Options{BotToken: "x", SigningSecret: "hunter2", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	s := bottest.NewScript()
	s.Reply = func(bot.Request) bot.Reply { return sentence("x") }
	stamp, body := fmt.Sprint(now.Unix()), "ssl_check=1&token=x"
	r := httptest.NewRequest(http.MethodPost, "/slack/commands", strings.NewReader(body))
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", signature("hunter2", stamp, body))
	w := httptest.NewRecorder()
	c.Commands(s).ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Body.Len() > 0 || len(s.Requests) > 0 {
		t.Errorf("status %d, %q, %d commands", w.Code, w.Body, len(s.Requests))
	}
}
