package slack

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sparkbot/bot"
	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/notify"
	"sparkbot/store"
)

func (o *office) post(team, channel, text string) (notify.Receipt, error) {
	o.t.Helper()
	body, err := o.app.Encode(sentence(text).Message)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.app.Post(o.t.Context(), notify.Envelope{Workspace: team, Channel: channel}, body)
}

// overBoth tells a story of events over HTTP and over Socket Mode.
func overBoth(t *testing.T, story func(t *testing.T, start func(a Answerer) *office)) {
	t.Helper()
	for _, name := range []string{"HTTP", "Socket Mode"} {
		t.Run(name, func(t *testing.T) {
			story(t, func(a Answerer) *office {
				return openOffice(t, a, func(o *Options) {
					if name != "HTTP" {
						o.AppToken = "over Socket Mode"
					}
				})
			})
		})
	}
}

func TestRemovingTheAppStopsItsWorkspaceAlone(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(Answerer) *office) {
		o := start(bottest.NewScript())
		acme, acmeNews := o.joined("acme")
		bolt, boltNews := o.joined("bolt")
		if err := o.slack.Uninstall(t.Context(), acme); err != nil {
			t.Fatal(err)
		}
		if o.shelf.token(acme) != "" || !strings.Contains(o.shelf.reason(acme), "install it there again") {
			t.Errorf("the token is %q, the reason %q", o.shelf.token(acme), o.shelf.reason(acme))
		}
		_, err := o.post(acme, acmeNews, "x")
		if f, ok := errors.AsType[*notify.Failure](err); !ok || f.Kind != notify.Gone || f.Scope != notify.ScopeWorkspace {
			t.Errorf("a post to it ends as %v", err)
		}
		if _, err := o.post(bolt, boltNews, "x"); err != nil || o.shelf.reason(bolt) != "" {
			t.Errorf("a post to the other ends as %v", err)
		}
	})
}

func TestAnEventHasOneEffectAndComesAgainWhenItHadNone(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(Answerer) *office) {
		o := start(bottest.NewScript())
		acme, _ := o.joined("acme")
		o.slack.RemoveSilently(acme)
		gone := map[string]any{"type": "app_uninstalled"}
		o.shelf.breaks(errors.New("the database is away"))
		if err := o.slack.EmitAs(t.Context(), acme, "Ev1", time.Now(), gone); err == nil {
			t.Error("an event that could not be carried out was taken")
		}
		o.shelf.breaks(nil)
		if err := o.slack.EmitAs(t.Context(), acme, "Ev1", time.Now(), gone); err != nil || o.shelf.token(acme) != "" {
			t.Errorf("sent again it ends as %v", err)
		}
		// The workspace installs the app again, and the event comes a third time.
		o.shelf.mu.Lock()
		o.shelf.kept[acme] = store.Installation{Workspace: acme}
		o.shelf.tokens[acme] = "xoxb-wrong"
		o.shelf.mu.Unlock()
		if err := o.slack.EmitAs(t.Context(), acme, "Ev1", time.Now(), gone); err != nil || o.shelf.token(acme) == "" {
			t.Errorf("a repeated event had a second effect (%v)", err)
		}
	})
}

func TestAnEventOfAnEarlierInstallSaysNothing(t *testing.T) {
	o := openOffice(t, bottest.NewScript())
	acme, news := o.joined("acme")
	gone := map[string]any{"type": "app_uninstalled"}
	revoked := map[string]any{"type": "tokens_revoked", "tokens": map[string]any{"bot": []string{"U1"}}}
	for _, e := range []map[string]any{gone, revoked} {
		if err := o.slack.EmitAs(t.Context(), acme, "", time.Now(), e); err != nil || o.shelf.token(acme) == "" {
			t.Errorf("%s of a token that Slack takes had an effect (%v)", e["type"], err)
		}
	}
	o.slack.RemoveSilently(acme)
	if err := o.slack.EmitAs(t.Context(), acme, "", time.Now().Add(-time.Hour), gone); err != nil || o.shelf.token(acme) == "" {
		t.Errorf("an event that is older than the install had an effect (%v)", err)
	}
	members := map[string]any{"type": "tokens_revoked", "tokens": map[string]any{"oauth": []string{"U1"}, "bot": []string{}}}
	if err := o.slack.EmitAs(t.Context(), acme, "", time.Now(), members); err != nil || o.shelf.token(acme) == "" {
		t.Errorf("a member's own token had an effect (%v)", err)
	}
	if err := o.slack.EmitAs(t.Context(), "T0NOBODY", "", time.Now(), gone); err != nil {
		t.Errorf("a workspace nobody knows: %v", err)
	}
	if _, err := o.post(acme, news, "x"); err == nil {
		t.Error("a post under a removed token was accepted")
	}
}

func TestEventsMustBeSigned(t *testing.T) {
	o := openOffice(t, bottest.NewScript())
	if err := o.slack.VerifyEventsURL(t.Context()); err != nil {
		t.Error(err)
	}
	for name, header := range map[string]string{"no signature": "", "a wrong signature": "v0=00"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.url+"/events", strings.NewReader(`{"type":"url_verification","challenge":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Slack-Signature", header)
		r.Header.Set("X-Slack-Request-Timestamp", "1")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
}

func TestTheHomeShowsItsOwnWorkspaceAndFollowsIt(t *testing.T) {
	overBoth(t, func(t *testing.T, start func(Answerer) *office) {
		s := bottest.NewScript()
		s.Reply = func(bot.Request) bot.Reply { return sentence("done") }
		o := start(s)
		acme, news := o.joined("acme")
		bolt, _ := o.joined("bolt")
		for _, team := range []string{acme, bolt} {
			if err := o.slack.OpenHome(t.Context(), team, "ada"); err != nil {
				t.Fatal(err)
			}
			if m, there := o.slack.Home(team, "ada"); !there || !strings.Contains(m.Text, "the home of "+team) {
				t.Errorf("the home of %s is %q", team, m.Text)
			}
		}
		before, _ := o.slack.Home(acme, "ada")
		other, _ := o.slack.Home(bolt, "ada")
		if _, err := o.slack.RunText(t.Context(), "ada", news, "/spark subscribe session"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the home is shown anew", func() bool {
			after, _ := o.slack.Home(acme, "ada")
			return after.ID != before.ID
		})
		if still, _ := o.slack.Home(bolt, "ada"); still.ID != other.ID {
			t.Error("a change in one workspace touched another's home")
		}
	})
}

// TestRefreshesDoNotPileUp asks three times while a home is refreshed, as when many
// channels are closed at once.
func TestRefreshesDoNotPileUp(t *testing.T) {
	var h homes
	if !h.begin("T1") || !h.begin("T2") {
		t.Fatal("nobody refreshes a home, and neither does who asks")
	}
	for range 3 {
		if h.begin("T1") {
			t.Error("two refresh the same home")
		}
	}
	if !h.again("T1") || h.again("T1") || h.again("T2") {
		t.Error("what was asked for meanwhile is not done once")
	}
	if !h.begin("T1") {
		t.Error("a home is never refreshed again")
	}
}

func TestHomesAreForgotten(t *testing.T) {
	h, now := &homes{}, time.Unix(1_800_000_000, 0)
	h.note("T1", "U1", now)
	if len(h.looking("T1", now.Add(homeFor))) != 1 || len(h.looking("T1", now.Add(homeFor+1))) != 0 || h.n != 0 {
		t.Error("a home is not remembered for an hour")
	}
	for i := range maxHomes + 1 {
		h.note("T1", string(rune('a'+i%26))+time.Duration(i).String(), now)
	}
	if h.n > maxHomes || len(h.looking("T1", now)) > maxRefreshed {
		t.Errorf("%d homes are remembered", h.n)
	}
}

func TestTokensAreReadAgainAndBounded(t *testing.T) {
	o := openOffice(t, bottest.NewScript())
	acme, news := o.joined("acme")
	o.app.tokens.forget(acme)
	before := o.shelf.reads
	for range 5 {
		if _, err := o.post(acme, news, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if n := o.shelf.reads - before; n != 1 {
		t.Errorf("five posts read the token %d times", n)
	}
	o.shelf.breaks(errors.New("hunter2"))
	o.app.tokens.forget(acme)
	_, err := o.post(acme, news, "x")
	f, ok := errors.AsType[*notify.Failure](err)
	if !ok || f.Kind != notify.Throttled || f.Scope != notify.ScopeWorkspace || strings.Contains(f.Reason, "hunter2") {
		t.Errorf("a token that cannot be read ends as %v", err)
	}
}

// TestOneWorkspacesFailuresAreItsOwn goes through what Slack says of a token.
func TestOneWorkspacesFailuresAreItsOwn(t *testing.T) {
	o := openOffice(t, bottest.NewScript())
	acme, news := o.joined("acme")
	for _, tc := range []struct {
		code string
		kind notify.Kind
	}{
		{"invalid_auth", notify.Throttled},
		{"not_authed", notify.Throttled},
		{"token_expired", notify.Throttled},
		{"not_allowed_token_type", notify.Throttled},
		{"missing_scope", notify.Throttled},
		{"accesslimited", notify.Throttled},
		{"message_limit_exceeded", notify.Throttled},
		{"token_revoked", notify.Gone},
		{"account_inactive", notify.Gone},
		{"team_access_not_granted", notify.Gone},
		{"team_not_found", notify.Gone},
	} {
		o.slack.Fail(sandbox.Fault{Path: "chat.postMessage", Status: 200, Body: `{"ok":false,"error":"` + tc.code + `"}`})
		_, err := o.post(acme, news, "x")
		f, ok := errors.AsType[*notify.Failure](err)
		if !ok || f.Kind != tc.kind || f.Scope != notify.ScopeWorkspace || strings.Contains(f.Reason, "SPARKBOT_SLACK_BOT_TOKEN") {
			t.Errorf("%s ends as %v, scope %v", tc.code, err, f.Scope)
		}
	}
}

// ledger notes which workspaces are closed.
type ledger struct {
	mu     sync.Mutex
	closed map[string]string
}

func (l *ledger) CloseWorkspace(_ context.Context, w store.Workspace, _ time.Time, reason string) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed[w.ID] = reason
	return 1, nil
}

func (l *ledger) OpenWorkspace(_ context.Context, w store.Workspace) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.closed, w.ID)
	return 1, nil
}

func (l *ledger) reason(team string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed[team]
}

// TestTheOnlyWorkspaceIsStoppedAndLetBackToo is the mode of one token, over
// Socket Mode: a removal stops it, a start under a token that works lets it back.
func TestTheOnlyWorkspaceIsStoppedAndLetBackToo(t *testing.T) {
	l := &ledger{closed: map[string]string{"T0SANDBOX": "an earlier token was revoked"}}
	_, k := stage(t, bottest.NewScript(), false, func(o *Options) { o.Places = l })
	eventually(t, "the workspace is let back", func() bool { return l.reason(k.Team()) == "" })
	if err := k.Emit(t.Context(), k.Team(), map[string]any{"type": "app_uninstalled"}); err != nil || l.reason(k.Team()) != "" {
		t.Errorf("an event about a token that Slack takes had an effect (%v)", err)
	}
	if err := k.Uninstall(t.Context(), k.Team()); err != nil {
		t.Fatal(err)
	}
	if reason := l.reason(k.Team()); !strings.Contains(reason, "install it there again") {
		t.Errorf("the workspace is stopped for %q", reason)
	}
}
