package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sparkbot/store"
)

// eventPatience bounds the work on one event; Slack waits three seconds:
// https://docs.slack.dev/apis/events-api
const eventPatience = 2500 * time.Millisecond

// happening is an event as it came.
type happening struct {
	Type      string `json:"type"`
	Challenge string `json:"challenge"` // of url_verification
	Team      string `json:"team_id"`
	ID        string `json:"event_id"`
	Time      int64  `json:"event_time"` // Unix seconds
	Event     struct {
		Type   string `json:"type"`
		User   string `json:"user"`
		Tab    string `json:"tab"`
		Tokens struct {
			Bot []string `json:"bot"`
		} `json:"tokens"`
	} `json:"event"`
}

// Events handles signed events over HTTP. One that could not be carried out is
// answered with an error, so that Slack sends it again; one that was carried out
// already is answered and has no second effect.
func (c *Client) Events(a Answerer) http.Handler {
	return c.verified(func(w http.ResponseWriter, r *http.Request, raw []byte) {
		var e happening
		if err := json.Unmarshal(raw, &e); err != nil {
			http.Error(w, "the event is not readable", http.StatusBadRequest)
			return
		}
		if e.Type == "url_verification" {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			_, _ = w.Write([]byte(e.Challenge)) //nolint:gosec // plain text, and signed by Slack
			return
		}
		if err := c.happened(r.Context(), e, a); err != nil {
			c.log.Error("an event could not be carried out, and is awaited again", "event", e.Event.Type, "workspace", e.Team, "error", err)
			c.seen.Drop(r.Header.Get("X-Slack-Signature")) // sent again within the second, it looks the same
			http.Error(w, "try again", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

// happened carries out an event, once.
func (c *Client) happened(ctx context.Context, e happening, a Answerer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eventPatience)
	defer cancel()
	if e.Type != "event_callback" || e.Team == "" {
		return nil
	}
	if e.ID != "" && c.seen.Before("event "+e.ID, c.now()) {
		return nil
	}
	err := c.carryOut(ctx, e, a)
	if err != nil {
		c.seen.Drop("event " + e.ID)
	}
	return err
}

func (c *Client) carryOut(ctx context.Context, e happening, a Answerer) error {
	switch e.Event.Type {
	case "app_uninstalled":
		return c.removed(ctx, e, "the app was removed from the workspace; install it there again")
	case "tokens_revoked":
		if len(e.Event.Tokens.Bot) == 0 { // members' own tokens, which we have none of
			return nil
		}
		return c.removed(ctx, e, "the app's token was revoked; install it there again")
	case "app_home_opened":
		if e.Event.Tab == "home" && e.Event.User != "" {
			c.opened(ctx, e.Team, e.Event.User, a)
		}
	}
	return nil
}

// removed stops what a workspace hears. Events may come late and in any order,
// so one that is older than the present install, or whose token Slack still
// takes, says nothing of it.
func (c *Client) removed(ctx context.Context, e happening, reason string) error {
	if c.many() {
		i, _, err := c.tokens.source.Installation(ctx, e.Team)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil && i.InstalledAt.Unix() > e.Time {
			c.log.Info("an event about an earlier install is passed over", "event", e.Event.Type, "workspace", e.Team)
			return nil
		}
	} else if e.Team != c.ourTeam() {
		return nil
	}
	if c.AcceptedIn(ctx, e.Team) == nil {
		c.log.Info("an event about a token is passed over, because Slack takes the token", "event", e.Event.Type, "workspace", e.Team)
		return nil
	}
	c.log.Warn("a workspace is gone", "workspace", e.Team, "reason", reason)
	if !c.many() {
		return c.closed(ctx, e.Team, reason)
	}
	if err := c.tokens.source.Uninstall(ctx, e.Team, reason); err != nil {
		return fmt.Errorf("stop what workspace %s hears: %w", e.Team, err)
	}
	c.tokens.forget(e.Team)
	return nil
}

// Places stops and starts what a whole workspace hears.
type Places interface {
	CloseWorkspace(ctx context.Context, w store.Workspace, at time.Time, reason string) (int, error)
	OpenWorkspace(ctx context.Context, w store.Workspace) (int, error)
}

// closed stops what the only workspace hears.
func (c *Client) closed(ctx context.Context, team, reason string) error {
	if c.places == nil {
		return nil
	}
	_, err := c.places.CloseWorkspace(ctx, store.Workspace{Platform: store.Slack, ID: team}, c.now(), reason)
	return err
}

// back lets the only workspace hear again, whose token Slack takes.
func (c *Client) back(ctx context.Context) error {
	team := c.ourTeam()
	if c.places == nil || c.many() || team == "" {
		return nil
	}
	n, err := c.places.OpenWorkspace(ctx, store.Workspace{Platform: store.Slack, ID: team})
	if n > 0 {
		c.log.Info("a workspace is back", "workspace", team, "places", n)
	}
	return err
}
