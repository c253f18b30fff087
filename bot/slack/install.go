package slack

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"sparkbot/notify"
	"sparkbot/store"
)

// Scopes are what the app asks a workspace for; docs/slack-manifest.yaml says
// what each is for, and a test holds the two together.
var Scopes = []string{"commands", "chat:write", "chat:write.public", "channels:history", "channels:read", "files:read", "files:write", "groups:history", "groups:read", "users:read"}

// OAuth is what the app needs to be installed by any workspace:
// https://docs.slack.dev/authentication/installing-with-oauth
type OAuth struct {
	ClientID, ClientSecret string
	// PublicURL is where the outside reaches this server, without a slash at its
	// end. Slack sends browsers back to it.
	PublicURL string
	// StateKeys sign the states of installs. The first signs, each is accepted.
	StateKeys [][]byte
}

// Paths of the two pages, below the public address.
const (
	InstallPath  = "/slack/install"
	CallbackPath = "/slack/oauth/callback"
)

// exchanges bound how many codes are exchanged: whoever opens the pages makes us
// ask Slack.
const (
	exchangesPerSecond = 1
	exchangesAtOnce    = 20
)

func newExchanges() *rate.Limiter { return rate.NewLimiter(exchangesPerSecond, exchangesAtOnce) }

// Install sends a browser to Slack's consent page and leaves it a cookie that
// binds the way back to it.
func (c *Client) Install() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := newState(c.now())
		http.SetCookie(w, c.stateCookie(s.signed(c.oauth.StateKeys[0]), stateFor))
		q := url.Values{
			"client_id": {c.oauth.ClientID}, "scope": {strings.Join(Scopes, ",")}, "redirect_uri": {c.oauth.PublicURL + CallbackPath}, "state": {s.value},
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, strings.TrimSuffix(c.base, "api/")+"oauth/v2/authorize?"+q.Encode(), http.StatusFound)
	})
}

// Callback takes the browser that comes back from Slack and installs the app in
// the workspace its member chose.
func (c *Client) Callback() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, c.stateCookie("", -time.Second)) // one way back each
		cookie, err := r.Cookie(stateCookie)
		if err != nil || !c.comesBack(cookie.Value, r.FormValue("state")) {
			c.show(w, http.StatusForbidden, failurePage("This page was not reached from this browser's own install, or more than ten minutes after it began."))
			return
		}
		if said := r.FormValue("error"); said != "" {
			c.log.Info("an install was not consented to", "error", notify.Cut(said, 60))
			c.show(w, http.StatusOK, failurePage("Nothing was installed, because the request was cancelled."))
			return
		}
		if !c.exchanges.AllowN(c.now(), 1) {
			c.show(w, http.StatusTooManyRequests, failurePage("Too many installs at once. Wait a minute."))
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		i, err := c.install(ctx, r.FormValue("code"))
		if err != nil {
			c.log.Error("an install failed", "error", err)
			status, text := http.StatusBadGateway, "Slack did not complete the install."
			if no, ok := errors.AsType[*uninstallable](err); ok {
				status, text = http.StatusBadRequest, no.Error()
			}
			c.show(w, status, failurePage(text))
			return
		}
		c.log.Info("the app was installed", "workspace", i.Workspace, "name", i.Name, "by", i.InstalledBy)
		c.show(w, http.StatusOK, successPage(i))
	})
}

// uninstallable is why an install cannot be, in a sentence for whoever tried.
type uninstallable struct{ text string }

func (e *uninstallable) Error() string { return e.text }

// grant is Slack's answer to a code:
// https://docs.slack.dev/reference/methods/oauth.v2.access
type grant struct {
	Token      string `json:"access_token"`
	Kind       string `json:"token_type"`
	Scope      string `json:"scope"`
	BotUser    string `json:"bot_user_id"`
	App        string `json:"app_id"`
	Refresh    string `json:"refresh_token"`
	OrgWide    bool   `json:"is_enterprise_install"`
	Team       named  `json:"team"`
	Enterprise named  `json:"enterprise"`
	Authed     named  `json:"authed_user"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// install exchanges a code for a token and keeps it. A grant that cannot be used
// is given back, so that no token is left behind that nobody knows of.
func (c *Client) install(ctx context.Context, code string) (store.Installation, error) {
	g, err := c.exchange(ctx, code)
	if err != nil {
		return store.Installation{}, err
	}
	if err := g.usable(); err != nil {
		c.giveBack(ctx, g.Token)
		return store.Installation{}, err
	}
	i := store.Installation{
		Workspace: g.Team.ID, Name: g.Team.Name, Enterprise: g.Enterprise.ID, App: g.App, BotUser: g.BotUser,
		Scopes: strings.Split(g.Scope, ","), InstalledBy: g.Authed.ID, InstalledAt: c.now(),
	}
	if err := c.tokens.source.Install(ctx, i, g.Token); err != nil {
		return i, fmt.Errorf("keep the token of workspace %s: %w", i.Workspace, err)
	}
	c.tokens.forget(i.Workspace)
	c.RefreshHomes(i.Workspace)
	return i, nil
}

func (c *Client) exchange(ctx context.Context, code string) (grant, error) {
	var g grant
	name := "Basic " + base64.StdEncoding.EncodeToString([]byte(c.oauth.ClientID+":"+c.oauth.ClientSecret))
	args := url.Values{"code": {code}, "redirect_uri": {c.oauth.PublicURL + CallbackPath}}
	a, err := c.do(ctx, form(c.base+"oauth.v2.access", name, args))
	if err != nil {
		return g, fmt.Errorf("Slack does not answer: %w", err)
	}
	if f := failure(a); f != nil {
		switch codeOf(f) {
		case "invalid_code", "code_already_used", "code_expired":
			return g, &uninstallable{"Slack's code was used already, or is too old."}
		case "bad_client_secret", "invalid_client_id", "bad_redirect_uri":
			return g, fmt.Errorf("compare slack.client_id, slack.client_secret and http.public_url with the app's settings: %w", f)
		}
		return g, f
	}
	if err := json.Unmarshal(a.Body, &g); err != nil {
		return g, fmt.Errorf("Slack's answer is not readable: %w", err)
	}
	return g, nil
}

// usable says why a grant cannot be used.
func (g grant) usable() error {
	have := strings.Split(g.Scope, ",")
	switch {
	case g.OrgWide || g.Team.ID == "":
		return &uninstallable{"This app is installed workspace by workspace, not for a whole organization. Choose one workspace on Slack's page."}
	case g.Refresh != "":
		return &uninstallable{"The app's tokens expire, which sparkbot does not use. Turn off token rotation under OAuth & Permissions."}
	case g.Token == "" || g.Kind != "bot":
		return &uninstallable{"Slack gave no bot token. Compare the app's settings with docs/slack-manifest.yaml."}
	case !slices.Contains(have, "commands") || !slices.Contains(have, "chat:write"):
		return &uninstallable{"The app may neither take commands nor post without the scopes commands and chat:write."}
	default:
		return nil
	}
}

// giveBack revokes a token: https://docs.slack.dev/reference/methods/auth.revoke
func (c *Client) giveBack(ctx context.Context, token string) {
	if token == "" {
		return
	}
	a, err := c.send(ctx, c.base+"auth.revoke", token, []byte("{}"))
	if err == nil {
		if f := failure(a); f != nil {
			err = f
		}
	}
	if err != nil {
		c.log.Error("a token that is not used could not be revoked; remove the app in Slack", "error", err)
	}
}
