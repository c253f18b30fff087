package discord

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/wire"
	"sparkbot/notify"
)

func TestFailure(t *testing.T) {
	const invalid = `{"code":50035,"message":"Invalid Form Body","errors":{"components":{"0":{"content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 4000 or fewer in length."}]}}}}}`
	for _, tc := range []struct {
		name   string
		a      wire.Answer
		kind   notify.Kind
		scope  notify.Scope
		after  time.Duration
		reason string // is part of the reason
	}{
		{"a route's limit", wire.NewAnswer(429, `{"message":"slow","retry_after":1.5,"global":false}`, "Retry-After", "2"), notify.Throttled, notify.ScopePlace, 2 * time.Second, "wait"},
		{"a limit shared with others", wire.NewAnswer(429, `{"retry_after":0.25}`, "X-RateLimit-Scope", "shared"), notify.Throttled, notify.ScopePlace, 250 * time.Millisecond, "wait"},
		{"the bot's own limit", wire.NewAnswer(429, `{"retry_after":3,"global":true}`), notify.Throttled, notify.ScopePlatform, 3 * time.Second, "wait"},
		{"the bot's own limit, said by a header", wire.NewAnswer(429, `{"retry_after":3}`, "X-RateLimit-Scope", "global"), notify.Throttled, notify.ScopePlatform, 3 * time.Second, "wait"},
		{"a limit of the network in front", wire.NewAnswer(429, `<html>`, "Retry-After", "600"), notify.Throttled, notify.ScopePlatform, 10 * time.Minute, "wait"},
		{"a limit without a time", wire.NewAnswer(429, `{}`), notify.Throttled, notify.ScopePlace, 5 * time.Second, "wait"},
		{"a limit of many days", wire.NewAnswer(429, `{}`, "Retry-After", "9000000"), notify.Throttled, notify.ScopePlace, 24 * time.Hour, "wait"},
		{"a limit that is no number", wire.NewAnswer(429, `{}`, "Retry-After", "NaN"), notify.Throttled, notify.ScopePlace, 5 * time.Second, "wait"},
		{"a refused token", wire.NewAnswer(401, `{"message":"401: Unauthorized","code":0}`), notify.Throttled, notify.ScopePlatform, time.Minute, "SPARKBOT_DISCORD_TOKEN"},
		{"a channel that is not seen", wire.NewAnswer(403, `{"code":50001,"message":"Missing Access"}`), notify.Gone, 0, 0, "View Channel"},
		{"a channel to read only", wire.NewAnswer(403, `{"code":50013,"message":"Missing Permissions"}`), notify.Gone, 0, 0, "Send Messages"},
		{"a channel that was deleted", wire.NewAnswer(404, `{"code":10003,"message":"Unknown Channel"}`), notify.Gone, 0, 0, "does not exist"},
		{"an archived thread", wire.NewAnswer(400, `{"code":50083,"message":"Thread is archived"}`), notify.Gone, 0, 0, "archived"},
		{"a body Discord does not take", wire.NewAnswer(400, invalid), notify.Permanent, 0, 0, "components.0.content: Must be 4000 or fewer in length."},
		{"words Discord does not take", wire.NewAnswer(400, `{"code":200000,"message":"Message was blocked by automatic moderation"}`), notify.Permanent, 0, 0, "automatic moderation"},
		{"a bad request to the network in front", wire.NewAnswer(400, `<html>`), notify.Transient, 0, 0, "network"},
		{"a ban by the network in front", wire.NewAnswer(403, `<html>`), notify.Transient, 0, 0, "network"},
		{"a refusal inside Discord", wire.NewAnswer(403, `{"code":40333,"message":"internal network error"}`), notify.Transient, 0, 0, "internal network error"},
		{"a proxy that knows no such path", wire.NewAnswer(404, `not found`), notify.Transient, 0, 0, "network"},
		{"Discord is broken", wire.NewAnswer(503, `<html>`), notify.Transient, 0, 0, "problem of its own"},
		{"a redirect", wire.NewAnswer(301, ""), notify.Transient, 0, 0, "SPARKBOT_DISCORD_API_URL"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := failure(tc.a)
			if f.Kind != tc.kind || f.Scope != tc.scope || f.After != tc.after || !strings.Contains(f.Reason, tc.reason) {
				t.Errorf("it is %s, scope %d, after %s: %s", f.Kind, f.Scope, f.After, f.Reason)
			}
		})
	}
}

func TestDetailStaysShort(t *testing.T) {
	said := detail([]byte(`{"content":{"_errors":[{"message":"` + strings.Repeat("é", 4000) + `"}]}}`))
	if len(said) > longestDetail+len(notify.Ellipsis) || !strings.HasPrefix(said, "content: é") || strings.ContainsRune(said, '\uFFFD') {
		t.Errorf("the detail has %d bytes: %.40s", len(said), said)
	}
	if got := detail([]byte(`[7]`)); got != "" {
		t.Errorf("a list gives %q", got)
	}
}

// A post that is redirected would become a question, and its token would go to
// whoever it leads to.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer server.Close()
	c, err := New(Options{Token: "hunter2", APIURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Post(t.Context(), notify.Envelope{Channel: "1"}, notify.Body{Content: []byte("{}")})
	if f := notify.Classify(err); f.Kind != notify.Transient || !strings.Contains(f.Reason, "SPARKBOT_DISCORD_API_URL") {
		t.Errorf("a redirected post gives %v", err)
	}
}

func TestPauseComesFromTheRateHeaders(t *testing.T) {
	for _, tc := range []struct {
		remaining, resetAfter string
		want                  time.Duration
	}{{"0", "1.25", 1250 * time.Millisecond}, {"3", "1.25", 0}, {"", "", 0}, {"0", "soon", 0}, {"0", "-1", 0}} {
		a := wire.NewAnswer(200, "", "X-RateLimit-Remaining", tc.remaining, "X-RateLimit-Reset-After", tc.resetAfter)
		if got := pause(a); got != tc.want {
			t.Errorf("with %s left and %s to go the pause is %s, want %s", tc.remaining, tc.resetAfter, got, tc.want)
		}
	}
}
