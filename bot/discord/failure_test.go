package discord

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sparkbot/notify"
)

func TestFailure(t *testing.T) {
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	const invalid = `{"code":50035,"message":"Invalid Form Body","errors":{"components":{"0":{"content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 4000 or fewer in length."}]}}}}}`
	for _, tc := range []struct {
		name   string
		a      answer
		kind   notify.Kind
		scope  notify.Scope
		after  time.Duration
		reason string // is part of the reason
	}{
		{"a route's limit", answer{429, header("Retry-After", "2"), []byte(`{"message":"slow","retry_after":1.5,"global":false}`)}, notify.Throttled, notify.ScopePlace, 2 * time.Second, "wait"},
		{"a limit shared with others", answer{429, header("X-RateLimit-Scope", "shared"), []byte(`{"retry_after":0.25}`)}, notify.Throttled, notify.ScopePlace, 250 * time.Millisecond, "wait"},
		{"the bot's own limit", answer{429, header(), []byte(`{"retry_after":3,"global":true}`)}, notify.Throttled, notify.ScopePlatform, 3 * time.Second, "wait"},
		{"the bot's own limit, said by a header", answer{429, header("X-RateLimit-Scope", "global"), []byte(`{"retry_after":3}`)}, notify.Throttled, notify.ScopePlatform, 3 * time.Second, "wait"},
		{"a limit of the network in front", answer{429, header("Retry-After", "600"), []byte(`<html>`)}, notify.Throttled, notify.ScopePlatform, 10 * time.Minute, "wait"},
		{"a limit without a time", answer{429, header(), []byte(`{}`)}, notify.Throttled, notify.ScopePlace, 5 * time.Second, "wait"},
		{"a limit of many days", answer{429, header("Retry-After", "9000000"), []byte(`{}`)}, notify.Throttled, notify.ScopePlace, 24 * time.Hour, "wait"},
		{"a limit that is no number", answer{429, header("Retry-After", "NaN"), []byte(`{}`)}, notify.Throttled, notify.ScopePlace, 5 * time.Second, "wait"},
		{"a refused token", answer{401, header(), []byte(`{"message":"401: Unauthorized","code":0}`)}, notify.Throttled, notify.ScopePlatform, time.Minute, "SPARKBOT_DISCORD_TOKEN"},
		{"a channel that is not seen", answer{403, header(), []byte(`{"code":50001,"message":"Missing Access"}`)}, notify.Gone, 0, 0, "View Channel"},
		{"a channel to read only", answer{403, header(), []byte(`{"code":50013,"message":"Missing Permissions"}`)}, notify.Gone, 0, 0, "Send Messages"},
		{"a channel that was deleted", answer{404, header(), []byte(`{"code":10003,"message":"Unknown Channel"}`)}, notify.Gone, 0, 0, "does not exist"},
		{"an archived thread", answer{400, header(), []byte(`{"code":50083,"message":"Thread is archived"}`)}, notify.Gone, 0, 0, "archived"},
		{"a body Discord does not take", answer{400, header(), []byte(invalid)}, notify.Permanent, 0, 0, "components.0.content: Must be 4000 or fewer in length."},
		{"words Discord does not take", answer{400, header(), []byte(`{"code":200000,"message":"Message was blocked by automatic moderation"}`)}, notify.Permanent, 0, 0, "automatic moderation"},
		{"a bad request to the network in front", answer{400, header(), []byte(`<html>`)}, notify.Transient, 0, 0, "network"},
		{"a ban by the network in front", answer{403, header(), []byte(`<html>`)}, notify.Transient, 0, 0, "network"},
		{"a refusal inside Discord", answer{403, header(), []byte(`{"code":40333,"message":"internal network error"}`)}, notify.Transient, 0, 0, "internal network error"},
		{"a proxy that knows no such path", answer{404, header(), []byte(`not found`)}, notify.Transient, 0, 0, "network"},
		{"Discord is broken", answer{503, header(), []byte(`<html>`)}, notify.Transient, 0, 0, "problem of its own"},
		{"a redirect", answer{301, header(), nil}, notify.Transient, 0, 0, "SPARKBOT_DISCORD_API_URL"},
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
		h := http.Header{}
		h.Set("X-RateLimit-Remaining", tc.remaining)
		h.Set("X-RateLimit-Reset-After", tc.resetAfter)
		if got := pause(h); got != tc.want {
			t.Errorf("with %s left and %s to go the pause is %s, want %s", tc.remaining, tc.resetAfter, got, tc.want)
		}
	}
}
