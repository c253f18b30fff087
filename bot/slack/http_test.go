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
