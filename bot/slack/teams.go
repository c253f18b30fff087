package slack

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// Installations keeps in which workspaces the app is installed, with the token
// of each. Nothing of it is asked for in the mode of one token.
type Installations interface {
	// Installation gives store.ErrNotFound where the app is not installed.
	Installation(ctx context.Context, team string) (i store.Installation, token string, err error)
	// Install keeps the token in place of an earlier one, and lets the
	// workspace's channels hear again.
	Install(ctx context.Context, i store.Installation, token string) error
	// Uninstall forgets the token and stops what the workspace's channels hear,
	// for a reason in words.
	Uninstall(ctx context.Context, team, reason string) error
}

const (
	// tokenFor is how long a workspace's token is used before it is read again,
	// so that a change made through another replica is noticed.
	tokenFor = 30 * time.Second
	// unreadFor is how long a workspace waits when its token could not be read,
	// which costs no message an attempt.
	unreadFor = 5 * time.Second
	maxTeams  = 10_000 // tokens kept in memory
)

// tokens are the tokens by workspace: one given at start, or those of the
// installations, for a while.
type tokens struct {
	only   string // the one token, when there is no source
	source Installations
	now    func() time.Time

	mu    sync.Mutex
	known map[string]credential
}

// credential is what was read of a workspace: a token, or why there is none.
type credential struct {
	token string
	err   *notify.Failure
	until time.Time
}

// many reports whether the app serves whichever workspaces installed it.
func (c *Client) many() bool { return c.tokens.source != nil }

// token gives the app's token in a workspace; an empty team means the only one.
// The error, if there is one, is a *notify.Failure.
func (c *Client) token(ctx context.Context, team string) (string, error) {
	if !c.many() {
		if ours := c.ourTeam(); team != "" && ours != "" && team != ours {
			return "", &notify.Failure{Kind: notify.Gone, Reason: "the token belongs to another workspace"}
		}
		return c.tokens.only, nil
	}
	token, err := c.tokens.of(ctx, team)
	if err != nil {
		return "", err
	}
	return token, nil
}

// of reads a token unless it was read a moment ago.
func (t *tokens) of(ctx context.Context, team string) (string, *notify.Failure) {
	now := t.now()
	t.mu.Lock()
	k, there := t.known[team]
	t.mu.Unlock()
	if there && now.Before(k.until) {
		return k.token, k.err
	}
	_, token, err := t.source.Installation(ctx, team)
	switch {
	case errors.Is(err, store.ErrNotFound):
		k = credential{err: &notify.Failure{Kind: notify.Gone, Scope: notify.ScopeWorkspace, Reason: "the app is not installed in the workspace; install it there again"}}
	case err != nil:
		return "", &notify.Failure{Kind: notify.Throttled, Scope: notify.ScopeWorkspace, After: unreadFor, Reason: "the workspace's token could not be read; the log says why", Err: err}
	default:
		k = credential{token: token}
	}
	k.until = now.Add(tokenFor)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= maxTeams {
		clear(t.known)
	}
	t.known[team] = k
	return k.token, k.err
}

// forget has a workspace's token read again at its next use.
func (t *tokens) forget(team string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, team)
}

// call posts a JSON body to a method in a workspace's name, once Slack's limits
// let it; about names what it concerns, such as a channel. An error that is no
// *notify.Failure means that Slack could not be reached, or that its answer was
// lost.
func (c *Client) call(ctx context.Context, team, method, about string, body []byte) (answer, error) {
	token, err := c.token(ctx, team)
	if err != nil {
		return answer{}, err
	}
	if err := c.admit(ctx, team, method, about); err != nil {
		return answer{}, err
	}
	a, err := c.send(ctx, c.base+method, token, body)
	if err != nil {
		return answer{}, err
	}
	return c.learn(team, method, about, a), nil
}

// failed classifies an answer to what was asked in a workspace's name; nil means
// success. Where each workspace has a token of its own, one that is refused
// concerns its workspace alone.
func (c *Client) failed(team string, a answer) *notify.Failure {
	f := failure(a)
	if f != nil && a.wide && f.Scope == notify.ScopePlace {
		f.Scope = notify.ScopeWorkspace
	}
	if f == nil || !c.many() {
		return f
	}
	switch codeOf(f) {
	case "invalid_auth", "not_authed", "token_expired", "not_allowed_token_type":
		f.Scope, f.Reason = notify.ScopeWorkspace, "Slack refuses the workspace's token; install the app there again"
		c.tokens.forget(team)
	case "token_revoked", "account_inactive", "team_access_not_granted", "team_not_found":
		c.tokens.forget(team)
	case "missing_scope", "accesslimited":
		f.Scope = notify.ScopeWorkspace
	}
	return f
}

// reachable asks whether Slack answers, in nobody's name:
// https://docs.slack.dev/reference/methods/api.test
func (c *Client) reachable(ctx context.Context) error {
	a, err := c.send(ctx, c.base+"api.test", "", []byte("{}"))
	if err == nil {
		if f := failure(a); f != nil {
			err = f
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	if ctx.Err() == nil {
		c.checked = c.now()
	}
	return err
}

// AcceptedIn asks Slack whether it accepts the token of one workspace.
func (c *Client) AcceptedIn(ctx context.Context, team string) error {
	_, err := c.identify(ctx, team)
	return err
}

// identity is what auth.test says: https://docs.slack.dev/reference/methods/auth.test
type identity struct {
	TeamID string `json:"team_id"`
	User   string `json:"user"`
	scopes string
}

// identify asks who we are in a workspace.
func (c *Client) identify(ctx context.Context, team string) (identity, error) {
	var who identity
	a, err := c.ask(ctx, team, "auth.test", url.Values{}, &who)
	if err == nil {
		who.scopes = a.Header("X-OAuth-Scopes")
	}
	return who, err
}
