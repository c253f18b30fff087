package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sparkbot/bot"
	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/bot/wire"
	"sparkbot/notify"
	"sparkbot/store"
)

var update = flag.Bool("update", false, "write the golden files")

// stage starts a Slack and logs a client in to it.
func stage(t *testing.T, a Answerer, overHTTP bool, change ...func(*Options)) (*Client, *sandbox.Slack) {
	t.Helper()
	world, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	k := world.Slack()
	o := Options{BotToken: k.BotToken(), APIURL: k.URL()}
	if overHTTP {
		o.SigningSecret = k.SigningSecret()
	} else {
		o.AppToken = k.AppToken()
	}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if overHTTP {
		mux := http.NewServeMux()
		mux.Handle("/commands", c.Commands(a))
		mux.Handle("/buttons", c.Interactivity(a))
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		k.SendCommandsTo(server.URL+"/commands", server.URL+"/buttons")
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, a) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	eventually(t, "the app is ready", func() bool { return c.Ready(t.Context()) == nil })
	return c, k
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit, look := time.After(20*time.Second), time.NewTicker(10*time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func shown(m sandbox.Message, private, updated bool) bottest.Shown {
	s := bottest.Shown{ID: m.ID, Text: m.Text, Private: private, Updated: updated, Pings: m.Pings, Links: m.Links, Mark: m.Nonce}
	for _, b := range m.Buttons {
		s.Buttons = append(s.Buttons, b.Label)
	}
	for _, p := range m.Pictures {
		s.Pictures = append(s.Pictures, notify.Picture{Alt: p.Alt, PNG: bottest.Fetch(p.URL), Width: p.Width, Height: p.Height})
	}
	return s
}

func TestSuite(t *testing.T) {
	for name, overHTTP := range map[string]bool{"Socket Mode": false, "HTTP": true} {
		t.Run(name, func(t *testing.T) {
			bottest.Run(t, func(t *testing.T, a bottest.Answerer) bottest.Harness {
				c, k := stage(t, a, overHTTP)
				return harness(c, k)
			})
		})
	}
}

func harness(c *Client, k *sandbox.Slack) bottest.Harness {
	k.SetChannelLimit(false)
	channel := k.AddChannel("news")
	return bottest.Harness{
		Platform: store.Slack, Sender: c, Workspace: k.Team(), Channel: channel,
		Say: func(ctx context.Context, user, text string) (bottest.Shown, error) {
			a, err := k.RunText(ctx, user, channel, "/spark "+text)
			return shown(a.Message, a.Private, a.Updated), err
		},
		Press: func(ctx context.Context, user, id, label string) (bottest.Shown, error) {
			a, err := k.Press(ctx, user, channel, id, label)
			return shown(a.Message, a.Private, a.Updated), err
		},
		Posted: func() []bottest.Shown {
			var all []bottest.Shown
			for _, m := range k.Messages(channel) {
				all = append(all, shown(m, false, false))
			}
			return all
		},
		Break: func(f bottest.Fault) {
			wait := map[string]string{"Retry-After": "7"}
			k.Fail(map[bottest.Fault]sandbox.Fault{
				bottest.Throttle:     {Path: "chat.", Status: 429, Header: wait, Body: `{"ok":false,"error":"ratelimited"}`},
				bottest.ThrottleHTML: {Path: "chat.", Status: 429, Header: wait, Body: "<html>slow down</html>"},
				bottest.Broken:       {Path: "chat.", Status: 503, Body: "<html>unavailable</html>"},
				bottest.AnswerLost:   {Path: "chat.", AfterAccept: true},
				bottest.Gateway:      {Path: "chat.", Status: 504, Body: "<html>gateway timeout</html>"},
				bottest.Unlisted:     {Path: "conversations.history", Status: 500},
				bottest.Unasked:      {Path: "conversations.info", Status: 500},
				bottest.Nonsense:     {Path: "chat.", Status: 200, Body: "<html>hello</html>"},
			}[f])
		},
		NoPictures: func() { k.ForbidFiles(true) },

		Shut: func() { k.Kick(channel) },
		Open: func() { k.Invite(channel) },
		Lost: func() { k.Archive(channel) },

		Delete: func(id string) { k.DeleteMessage(channel, id) },
		Private: func(user string) (id string, all []bottest.Shown) {
			for _, m := range k.DirectMessages(user) {
				all = append(all, shown(m, true, false))
			}
			return k.MemberID(user), all
		},
		Deaf:   func(_ string) { k.CloseMessagesTab() },
		Unread: func() { k.ForbidHistory(true) },
		Chat:   func(n int) { k.Chat(channel, n) },
	}
}

func TestFailuresAsSlackSaysThem(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		body   string
		kind   notify.Kind
		reason string
	}{
		{"a rate inside a 200", 200, `{"ok":false,"error":"ratelimited"}`, notify.Throttled, "wait"},
		{"not ok and no reason", 200, `{"ok":false}`, notify.Transient, "problem of its own"},
		{"archived", 200, `{"ok":false,"error":"is_archived"}`, notify.Gone, "unarchive"},
		{"a refused token is no message's fault", 200, `{"ok":false,"error":"invalid_auth"}`, notify.Throttled, "SPARKBOT_SLACK_BOT_TOKEN"},
		{"a revoked token", 200, `{"ok":false,"error":"token_revoked"}`, notify.Gone, "install"},
		{"a missing scope", 200, `{"ok":false,"error":"missing_scope","needed":"chat:write"}`, notify.Throttled, "chat:write"},
		{"refused blocks", 200, `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["too long"]}}`, notify.Permanent, "invalid_blocks"},
		{"an internal error may have posted", 200, `{"ok":false,"error":"internal_error"}`, notify.Ambiguous, "may have posted"},
		{"an error we do not know", 200, `{"ok":false,"error":"brand_new"}`, notify.Transient, "brand_new"},
		{"a message that is too long", 200, `{"ok":false,"error":"msg_blocks_too_long"}`, notify.Permanent, "msg_blocks_too_long"},
		{"a body that is too large", 413, `<html>`, notify.Permanent, "too large"},
		{"a redirect", 302, ``, notify.Transient, "problem of its own"},
		{"no permission in the channel", 200, `{"ok":false,"error":"no_permission"}`, notify.Gone, "/invite"},
		{"a bad gateway", 502, `<html>`, notify.Ambiguous, "may have posted"},
		{"a service that is not there", 503, `<html>`, notify.Transient, "problem of its own"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := failure(heard(wire.NewAnswer(tc.status, tc.body)))
			if f == nil || f.Kind != tc.kind || !strings.Contains(f.Reason, tc.reason) {
				t.Errorf("the failure is %v", f)
			}
		})
	}
	if f := failure(heard(wire.NewAnswer(200, `{"ok":true}`))); f != nil {
		t.Errorf("a success is %v", f)
	}
}

func TestADroppedSocketIsReplaced(t *testing.T) {
	s := bottest.NewScript()
	s.Reply = func(bot.Request) bot.Reply { return sentence("here") }
	c, k := stage(t, s, false)
	channel := k.AddChannel("news")
	k.DropSockets()
	eventually(t, "the app is back", func() bool {
		if !k.Connected() || c.Ready(t.Context()) != nil {
			return false
		}
		a, err := k.RunText(t.Context(), "ada", channel, "/spark session")
		return err == nil && a.Message.Text == "here"
	})
}

func TestASlowAnswerIsAcknowledgedAndSentLater(t *testing.T) {
	for name, overHTTP := range map[string]bool{"Socket Mode": false, "HTTP": true} {
		t.Run(name, func(t *testing.T) {
			s, release := bottest.NewScript(), make(chan struct{})
			s.Reply = func(bot.Request) bot.Reply {
				<-release
				return sentence("late")
			}
			c, k := stage(t, s, overHTTP)
			c.patience = time.Millisecond
			time.AfterFunc(50*time.Millisecond, func() { close(release) })
			a, err := k.RunText(t.Context(), "ada", k.AddChannel("news"), "/spark list")
			if err != nil || a.Message.Text != "late" || !a.Private {
				t.Errorf("the member sees %+v, %v", a, err)
			}
		})
	}
}

func TestOnlyAdminsManageWhereThatIsSet(t *testing.T) {
	s := bottest.NewScript()
	s.Reply = func(bot.Request) bot.Reply { return sentence("x") }
	_, k := stage(t, s, true, func(o *Options) { o.Managers = ManagersAdmins })
	channel := k.AddChannel("news")
	k.SetAdmin("ada", true)
	for user, want := range map[string]bool{"ada": true, "eve": false} {
		if _, err := k.RunText(t.Context(), user, channel, "/spark subscribe session"); err != nil {
			t.Fatal(err)
		}
		if r := <-s.Requests; r.Manager != want {
			t.Errorf("%s manages: %v, want %v", user, r.Manager, want)
		}
	}
}

func TestForgedAndRepeatedRequests(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c, err := New(Options{BotToken: "x", SigningSecret: "hunter2", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	s := bottest.NewScript()
	s.Reply = func(bot.Request) bot.Reply { return sentence("x") }
	h := c.Commands(s)
	body := url.Values{"team_id": {"T1"}, "text": {"list"}}.Encode()
	send := func(stamp, signature, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/slack/commands", strings.NewReader(body))
		r.Header.Set("X-Slack-Request-Timestamp", stamp)
		r.Header.Set("X-Slack-Signature", signature)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	stamp := fmt.Sprint(now.Unix())
	good := signature("hunter2", stamp, body)
	for name, w := range map[string]*httptest.ResponseRecorder{
		"nothing signed": send("", "", body), "another body": send(stamp, good, body+"&x=1"), "another secret": send(stamp, signature("x", stamp, body), body),
		"an old request": send(fmt.Sprint(now.Unix()-301), signature("hunter2", fmt.Sprint(now.Unix()-301), body), body),
	} {
		if w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "v0=") {
			t.Errorf("%s: status %d, %s", name, w.Code, w.Body)
		}
	}
	if w := send(stamp, good, strings.Repeat("x", maxCommand+1)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too long: status %d", w.Code)
	}
	for range 3 {
		if w := send(stamp, good, body); w.Code != http.StatusOK {
			t.Errorf("a signed request: status %d", w.Code)
		}
	}
	if n := len(s.Requests); n != 1 {
		t.Errorf("a request sent three times had %d effects", n)
	}
}

// signature signs as Slack does.
func signature(secret, stamp, body string) string {
	return "v0=" + mac(secret, "v0:"+stamp+":"+body)
}

func TestRepliesGoToSlackAlone(t *testing.T) {
	c, err := New(Options{BotToken: "x", APIURL: "http://127.0.0.1:9/api/"})
	if err != nil {
		t.Fatal(err)
	}
	for address, ok := range map[string]bool{
		"https://hooks.slack.com/commands/1": true, "http://127.0.0.1:9/x": true, "http://hooks.slack.com/x": false,
		"https://hooks.slack.com.evil.example/x": false, "https://evil.example/hooks.slack.com": false, "": false, "http://127.0.0.1:10/x": false,
	} {
		if err := c.allowed(address); (err == nil) != ok {
			t.Errorf("%q allowed: %v", address, err)
		}
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"subscribe session": "subscribe session", "a &amp; b &lt;c&gt;": "a & b <c>", "show <http://x.org|x.org>": "show x.org", "<#C1|news>": "news", "<@U1|ada>": "ada",
	} {
		if got := unescape(in); got != want {
			t.Errorf("unescape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestGoldens(t *testing.T) {
	c, err := New(Options{BotToken: "x"})
	if err != nil {
		t.Fatal(err)
	}
	all := bottest.Digests()
	all["digest-real"] = bottest.RealDigest(t)
	maps.Copy(all, bottest.Momenta())
	kinds := append(slices.Sorted(maps.Keys(all)), "alert", "retracted", "bundle", "bundle-edited", "catch-up", "card")
	maps.Copy(all, bottest.Session())
	for _, kind := range kinds {
		body, err := c.Encode(all[kind])
		if err != nil {
			t.Fatal(err)
		}
		valid(t, body.Content)
		golden(t, kind+".golden.json", body.Content)
	}
}

func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("%s differs (-want +got); look at it, then run with -update:\n%s", name, diff)
	}
}

func TestATokenThatIsRefusedIsToldWithoutIt(t *testing.T) {
	world, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = world.Close() }()
	c, err := New(Options{BotToken: "hunter2", APIURL: world.Slack().URL()})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Ready(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "SPARKBOT_SLACK_BOT_TOKEN") {
		t.Errorf("Ready says %v", err)
	}
	c, err = New(Options{BotToken: "hunter2", APIURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Post(t.Context(), notify.Envelope{Channel: "C1"}, notify.Body{Content: []byte("{}")})
	if f, ok := errors.AsType[*notify.Failure](err); !ok || f.Kind != notify.Transient || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("posting to nobody gives %v", err)
	}
}

func mac(secret, text string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}
