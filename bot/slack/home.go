package slack

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	api "github.com/slack-go/slack"

	"sparkbot/notify"
	"sparkbot/store"
)

const (
	// homeFor is how long after it was opened a home is kept true by itself.
	// Whoever opens it later gets it anew.
	homeFor = time.Hour
	// maxHomes is how many are remembered, maxRefreshed how many of a workspace
	// are refreshed after one change.
	maxHomes     = 2_000
	maxRefreshed = 20
)

// homes remembers who looks at the app's home.
type homes struct {
	mu   sync.Mutex
	seen map[string]map[string]time.Time // by workspace and member
	n    int
	busy map[string]bool // workspaces that are being refreshed: true when once more
}

// note remembers that a member opened the home, and forgets all when they are
// too many.
func (h *homes) note(team, user string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.n >= maxHomes || h.seen == nil {
		h.seen, h.n = map[string]map[string]time.Time{}, 0
	}
	if h.seen[team] == nil {
		h.seen[team] = map[string]time.Time{}
	}
	if _, known := h.seen[team][user]; !known {
		h.n++
	}
	h.seen[team][user] = now
}

// looking gives who opened the home of a workspace within homeFor, and forgets
// who did earlier.
func (h *homes) looking(team string, now time.Time) (users []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for user, at := range h.seen[team] {
		switch {
		case now.Sub(at) > homeFor:
			delete(h.seen[team], user)
			h.n--
		case len(users) < maxRefreshed:
			users = append(users, user)
		}
	}
	return users
}

// begin reports whether whoever asks is to refresh a workspace now. If somebody
// does, they do it once more when they are done.
func (h *homes) begin(team string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy == nil {
		h.busy = map[string]bool{}
	}
	_, busy := h.busy[team]
	h.busy[team] = busy
	return !busy
}

// again ends a refresh, and reports whether another was asked for meanwhile.
func (h *homes) again(team string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy[team] {
		h.busy[team] = false
		return true
	}
	delete(h.busy, team)
	return false
}

// opened shows a member the home they opened. That it fails costs nothing but
// this view, so nobody is asked to send the event again.
func (c *Client) opened(ctx context.Context, team, user string, a Answerer) {
	c.homes.note(team, user, c.now())
	if err := c.publish(ctx, team, user, a.Home(ctx, store.Slack, team)); err != nil {
		c.log.Warn("a home could not be shown", "workspace", team, "error", err)
	}
}

// RefreshHomes shows what changed to whoever looks at the home of a workspace. It
// does not wait for that. However often it is called, one refresh runs at a time.
func (c *Client) RefreshHomes(team string) {
	c.mu.Lock()
	a := c.answerer
	c.mu.Unlock()
	if a == nil || len(c.homes.looking(team, c.now())) == 0 || !c.homes.begin(team) {
		return
	}
	go func() {
		for more := true; more; more = c.homes.again(team) {
			c.guarded(func() { c.refresh(team, a) })
		}
	}()
}

func (c *Client) refresh(team string, a Answerer) {
	ctx, cancel := context.WithTimeout(context.Background(), workLimit)
	defer cancel()
	m := a.Home(ctx, store.Slack, team)
	for _, user := range c.homes.looking(team, c.now()) {
		if err := c.publish(ctx, team, user, m); err != nil {
			c.log.Warn("a home could not be refreshed", "workspace", team, "error", err)
			return
		}
	}
}

// publish puts a message in a member's home:
// https://docs.slack.dev/reference/methods/views.publish
func (c *Client) publish(ctx context.Context, team, user string, m notify.Message) error {
	fitted, _ := notify.Fit(m, func(m notify.Message) bool { return fits(build(m)) == nil })
	type view struct {
		Type   string      `json:"type"`
		Blocks []api.Block `json:"blocks"`
	}
	body, err := json.Marshal(struct {
		User string `json:"user_id"`
		View view   `json:"view"`
	}{user, view{"home", build(fitted).Blocks}})
	if err != nil {
		return err
	}
	answer, err := c.call(ctx, team, "views.publish", user, body)
	if err != nil {
		return err
	}
	if f := c.failed(team, answer); f != nil {
		return f
	}
	return nil
}
