package sandbox

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// slackOAuth is what the consent page knows:
// https://docs.slack.dev/authentication/installing-with-oauth
type slackOAuth struct {
	team   string // the workspace a member chooses next; empty: the first
	refuse bool   // the member presses Cancel
	org    bool   // the member installs for a whole organization
	rotate bool   // the app has token rotation turned on
	codes  map[string]slackCode
}

// slackCode is good for one exchange within ten minutes.
type slackCode struct {
	team, redirect, scope string
	org, rotate           bool
	until                 time.Time
}

// ClientID names the app to the consent page.
func (k *Slack) ClientID() string { return k.clientID }

// ClientSecret is what the app exchanges codes with.
func (k *Slack) ClientSecret() string { return k.clientSecret }

// Consent is what a member does on the consent page.
type Consent struct {
	Team   string
	Cancel bool
	// Org installs the app for the whole organization; Rotate is the app's setting
	// that makes tokens expire.
	Org, Rotate bool
}

// NextConsent decides what the next members do on the consent page.
func (k *Slack) NextConsent(c Consent) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.oauth.team, k.oauth.refuse, k.oauth.org, k.oauth.rotate = c.Team, c.Cancel, c.Org, c.Rotate
}

// authorize is the consent page: the browser comes back at once with the code of
// whatever the member decided.
func (k *Slack) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Host == "" || q.Get("client_id") != k.clientID || q.Get("scope") == "" {
		http.Error(w, "invalid client_id, scope or redirect_uri", http.StatusBadRequest)
		return
	}
	k.mu.Lock()
	answer := url.Values{"state": {q.Get("state")}}
	if k.oauth.refuse {
		answer.Set("error", "access_denied")
	} else {
		code := slackCode{team: k.oauth.team, redirect: q.Get("redirect_uri"), scope: q.Get("scope"), org: k.oauth.org, rotate: k.oauth.rotate, until: k.s.now().Add(10 * time.Minute)}
		if code.team == "" {
			code.team = k.team
		}
		name := randomText()
		k.oauth.codes[name] = code
		answer.Set("code", name)
	}
	k.mu.Unlock()
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // a stand-in on the loopback; Slack sends browsers where the app asks, too
}

// access exchanges a code for a token:
// https://docs.slack.dev/reference/methods/oauth.v2.access
func (k *Slack) access(w http.ResponseWriter, r *http.Request, args arguments) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = args.text("client_id"), args.text("client_secret")
	}
	if id != k.clientID || secret != k.clientSecret {
		slackError(w, refused{code: "bad_client_secret"})
		return
	}
	k.mu.Lock()
	code, there := k.oauth.codes[args.text("code")]
	delete(k.oauth.codes, args.text("code"))
	k.mu.Unlock()
	switch {
	case !there:
		slackError(w, refused{code: "invalid_code"})
	case k.s.now().After(code.until):
		slackError(w, refused{code: "code_expired"})
	case args.text("redirect_uri") != code.redirect:
		slackError(w, refused{code: "bad_redirect_uri"})
	default:
		answerJSON(w, http.StatusOK, k.grant(code))
	}
}

// grant installs the app; a workspace that has it keeps its token.
func (k *Slack) grant(code slackCode) map[string]any {
	k.mu.Lock()
	defer k.mu.Unlock()
	team := k.teams[code.team]
	if team.token == "" {
		team.token = "xoxb-" + randomText()
		k.tokens[team.token] = team
	}
	answer := map[string]any{
		"ok": true, "access_token": team.token, "token_type": "bot", "scope": code.scope, "bot_user_id": k.botUser, "app_id": k.appID,
		"team": map[string]any{"id": team.id, "name": team.name}, "enterprise": nil, "is_enterprise_install": code.org,
		"authed_user": map[string]any{"id": "U0INSTALLER"},
	}
	if code.org {
		answer["team"], answer["enterprise"] = nil, map[string]any{"id": "E0SANDBOX", "name": "Sandbox Org"}
	}
	if code.rotate {
		answer["refresh_token"], answer["expires_in"] = "xoxe-1-"+randomText(), 43_200
	}
	return answer
}

// Install puts the app into a workspace by hand and gives its token.
func (k *Slack) Install(team string) string {
	answer := k.grant(slackCode{team: team, scope: scopes})
	token, _ := answer["access_token"].(string)
	return token
}

// Uninstall has a member remove the app from a workspace: the token is refused
// from then on, and both events tell of it.
func (k *Slack) Uninstall(ctx context.Context, team string) error {
	k.RemoveSilently(team)
	return errors.Join(
		k.Emit(ctx, team, map[string]any{"type": "tokens_revoked", "tokens": map[string]any{"oauth": []string{}, "bot": []string{k.botUser}}}),
		k.Emit(ctx, team, map[string]any{"type": "app_uninstalled"}),
	)
}

// RemoveSilently removes the app, and no event tells of it.
func (k *Slack) RemoveSilently(team string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if t, there := k.teams[team]; there {
		t.token = ""
	}
}

// revoke is auth.revoke: the token of the call is refused from then on.
func (k *Slack) revoke(args arguments) (map[string]any, *refused) {
	k.RemoveSilently(args.text(callingTeam))
	return map[string]any{"revoked": true}, nil
}

// uninstallByApp is apps.uninstall, which takes the app's own secret besides.
func (k *Slack) uninstallByApp(w http.ResponseWriter, token string, args arguments) {
	if args.text("client_id") != k.clientID || args.text("client_secret") != k.clientSecret {
		slackError(w, refused{code: "bad_client_secret"})
		return
	}
	if code := k.admit(token, args); code != "" {
		slackError(w, refused{code: code})
		return
	}
	k.RemoveSilently(args.text(callingTeam))
	answerJSON(w, http.StatusOK, map[string]any{"ok": true})
}
