package discord

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/bot/wire"
	"sparkbot/notify"
	"sparkbot/notify/pace"
)

func TestRoutesAreCountedAsDiscordCountsThem(t *testing.T) {
	for _, tc := range []struct {
		method, path, route, place string
		free                       bool
	}{
		{"POST", "/channels/12/messages", "POST /channels/-/messages", "12", false},
		{"PATCH", "/channels/12/messages/34", "PATCH /channels/-/messages/-", "12", false},
		{"GET", "/channels/12/messages?after=1&limit=100", "GET /channels/-/messages", "12", false},
		{"GET", "/guilds/7/members/34", "GET /guilds/-/members/-", "7", false},
		{"POST", "/users/@me/channels", "POST /users/@me/channels", "", false},
		{"PUT", "/applications/9/commands", "PUT /applications/-/commands", "9", false},
		{"POST", "/interactions/1/secret/callback", "POST interactions", "", true},
		{"PATCH", "/webhooks/9/secret/messages/@original", "PATCH webhooks", "", true},
	} {
		if route, place, free := routeOf(tc.method, tc.path); route != tc.route || place != tc.place || free != tc.free {
			t.Errorf("%s %s is %q of %q, free %v", tc.method, tc.path, route, place, free)
		}
	}
}

// TestUsedUpRoutesAreNotAsked empties a channel's share of posts. It is not asked
// again, while its edits and another channel are.
func TestUsedUpRoutesAreNotAsked(t *testing.T) {
	c, d := stage(t, bottest.NewScript(), true)
	d.SetRouteLimit(2, time.Hour)
	body, err := c.Encode(sentence("x").Message)
	if err != nil {
		t.Fatal(err)
	}
	one, other := notify.Envelope{Channel: d.AddChannel("one")}, notify.Envelope{Channel: d.AddChannel("other")}
	var last notify.Receipt
	for range 2 {
		if last, err = c.Post(t.Context(), one, body); err != nil {
			t.Fatal(err)
		}
	}
	if last.Pause < time.Minute {
		t.Errorf("after the last post of its share the channel rests for %v", last.Pause)
	}
	asked := d.Requests("POST /channels/*/messages")
	_, err = c.Post(t.Context(), one, body)
	if f := notify.Classify(err); f.Kind != notify.Throttled || f.Scope != notify.ScopePlace || f.After < time.Minute {
		t.Errorf("a post beyond the share is %+v", f)
	}
	if n := d.Requests("POST /channels/*/messages"); n != asked {
		t.Error("Discord was asked though the share is used up")
	}
	if err := c.Edit(t.Context(), one, last.MessageID, body); err != nil {
		t.Errorf("an edit waits for posts: %v", err)
	}
	if _, err := c.Post(t.Context(), other, body); err != nil {
		t.Errorf("another channel waits too: %v", err)
	}
}

// TestTooManyRefusalsStopTheBot has Discord refuse until we stop asking.
func TestTooManyRefusalsStopTheBot(t *testing.T) {
	var log bytes.Buffer
	now := time.Now()
	c, d := stage(t, bottest.NewScript(), true, func(c *Client, _ *sandbox.Discord) {
		c.log = slog.New(slog.NewTextHandler(&log, nil))
	})
	c.errands.wait()
	channel := d.AddChannel("news")
	body, err := c.Encode(sentence("x").Message)
	if err != nil {
		t.Fatal(err)
	}
	post := func() *notify.Failure {
		_, err := c.Post(t.Context(), notify.Envelope{Channel: channel}, body)
		if err == nil {
			return nil
		}
		return notify.Classify(err)
	}
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests} {
		c.learn("", "", wire.NewAnswer(status, `{"message":"no","retry_after":0.001}`, "X-RateLimit-Scope", "shared"))
	}
	if n, _ := c.limits.refusals.Over(1, now); n != 2 {
		t.Errorf("of a 401, a 403 and a shared 429, %d are held against us, want 2", n)
	}
	for n := 2; n < refusalLimit-1; n++ {
		c.limits.refusals.Note(now)
	}
	if f := post(); f != nil {
		t.Errorf("one refusal below the limit, a post is %+v", f)
	}
	c.limits.refusals.Note(now)
	asked := d.Requests("POST /channels/*/messages")
	for range 3 {
		if f := post(); f == nil || f.Kind != notify.Throttled || f.Scope != notify.ScopePlatform || f.After < 9*time.Minute || f.After > 12*time.Minute {
			t.Fatalf("at the limit, a post is %+v", f)
		}
	}
	if n := d.Requests("POST /channels/*/messages"); n != asked {
		t.Error("Discord is asked on")
	}
	if err := c.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprint(refusalLimit)) {
		t.Errorf("Ready says %v", err)
	}
	if n := strings.Count(log.String(), "shuts its door"); n != 1 {
		t.Errorf("the log says it %d times:\n%s", n, log.String())
	}
	var f *notify.Failure
	if err := c.get(t.Context(), "/users/@me", &struct{}{}); !errors.As(err, &f) {
		t.Errorf("a question is asked on: %v", err)
	}
}

// TestNoAnswerGivesItsTurnBack asks where nobody listens, over a budget of one
// request at a time: each counts until it is given up, and not for ever.
func TestNoAnswerGivesItsTurnBack(t *testing.T) {
	deaf := httptest.NewServer(nil)
	deaf.Close()
	c, err := New(Options{Token: "t", APIURL: deaf.URL, Budget: pace.NewBudget(1, time.Now)})
	if err != nil {
		t.Fatal(err)
	}
	session, _, err := c.session()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, ask := range []func() error{
		func() error { return c.Accepted(ctx) },
		func() error { _, err := session.Gateway(dgo.WithContext(ctx)); return err },
		func() error { return c.Accepted(ctx) },
	} {
		if err := ask(); err == nil || ctx.Err() != nil {
			t.Errorf("where nobody listens the answer is %v", err)
		}
	}
}
