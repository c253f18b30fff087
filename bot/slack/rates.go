package slack

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/pace"
)

// Slack counts calls by method, workspace and app, in tiers of so many a minute:
// https://docs.slack.dev/apis/web-api/rate-limits. A method that is not listed
// here has a limit nobody meets, and its answers tell.
const (
	tier3 = 50
	tier4 = 100
	// postsAMinute is how many messages a workspace is sent once it refused some:
	// "several hundred" is all that Slack says of the limit above the one for each
	// channel, which deliver keeps.
	postsAMinute = 300
)

var rates = map[string]pace.Rate{
	"chat.postMessage":             {Wary: postsAMinute},
	"chat.update":                  {N: tier3},
	"conversations.history":        {N: tier3 / 2, Again: 10 * time.Second}, // whether a message arrived is asked twice
	"conversations.info":           {N: tier3},
	"conversations.open":           {N: tier3},
	"users.info":                   {N: tier4},
	"files.getUploadURLExternal":   {N: tier4},
	"files.completeUploadExternal": {N: tier4},
	"files.info":                   {N: tier4},
	"views.publish":                {N: tier4},
}

// soon is how far ahead turns are kept while other replicas have a part of the
// limits: what one that died had passes on within that.
const soon = 10 * time.Second

// rate is this replica's part of a method's limit in one workspace.
func (c *Client) rate(method string) pace.Rate {
	r := rates[method]
	r.Per = time.Minute
	if c.unmetered {
		r.N = 0
	}
	if c.budget.Shared() {
		r.Soon = soon
	}
	if r.N > 0 {
		r.N = c.budget.PartOf(r.N)
	}
	if r.Wary > 0 {
		r.Wary = c.budget.PartOf(r.Wary)
	}
	return r
}

// admit waits until a method may be called in a workspace's name; about names
// what the call concerns, such as a channel. A message of the queue is told when
// its turn is instead, and finds it kept. Any error is a *notify.Failure.
func (c *Client) admit(ctx context.Context, team, method, about string) error {
	for {
		now := c.now()
		at := c.turns.Take(team+" "+method, about, c.rate(method), now)
		if !at.After(now) {
			break
		}
		f := &notify.Failure{
			Kind: notify.Throttled, Scope: scopeOf(method), After: at.Sub(now),
			Reason: fmt.Sprintf("it is not yet its turn: Slack limits how often %s is called in a workspace", method),
		}
		if pace.Queued(ctx) {
			return f
		}
		select {
		case <-ctx.Done():
			return f
		case <-time.After(at.Sub(now)):
		}
	}
	if err := c.budget.TakeFirst(ctx); err != nil {
		return &notify.Failure{Kind: notify.Transient, Reason: "Slack was not asked in time, because others were before", Err: err}
	}
	return nil
}

// learn notes that a method was refused for its rate. Slack does not say whether
// that is for the channel or for the workspace; wide is set once a second channel
// was refused meanwhile.
func (c *Client) learn(team, method, about string, a answer) answer {
	f := failure(a)
	if code := codeOf(errorOf(f)); code != "ratelimited" && code != "rate_limited" {
		return a
	}
	now := c.now()
	if f.Scope == notify.ScopePlatform {
		c.budget.Close(now.Add(f.After))
		return a
	}
	a.wide = c.turns.Refuse(team+" "+method, about, now.Add(f.After), now)
	return a
}

// errorOf keeps a nil failure from becoming an error that is not nil.
func errorOf(f *notify.Failure) error {
	if f == nil {
		return nil
	}
	return f
}

// scopeOf is what waits for a method's turn: an edit by itself, all else with its
// place.
func scopeOf(method string) notify.Scope {
	if method == "chat.update" {
		return notify.ScopeMessage
	}
	return notify.ScopePlace
}

// subject is what a question is about, of its arguments.
func subject(args url.Values) string {
	for _, name := range []string{"channel", "user", "users", "file"} {
		if v := args.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// sweepEvery is how often limits that are over are forgotten.
const sweepEvery = time.Minute

// sweep forgets limits that are over, until ctx ends.
func (c *Client) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.turns.Sweep(c.now())
		}
	}
}
