package discord

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sparkbot/bot/wire"
	"sparkbot/notify"
	"sparkbot/notify/pace"
)

const (
	// RequestLimit is how many requests of a bot reach Discord in a second, all its
	// replicas together. Discord allows 50, interactions excepted; one of them is
	// left for what nobody can know, such as a request that was given up
	// (https://discord.com/developers/docs/topics/rate-limits#global-rate-limit).
	RequestLimit = 49
	// refusalLimit is how many answers of 401, 403 and 429 in ten minutes are too
	// many, all replicas together. At 10,000 Discord shuts its door to the address
	// (https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans).
	refusalLimit = 5000
	// sweepEvery is how often limits that are over are forgotten.
	sweepEvery = time.Minute
)

// oldMessage is Discord's code for one edit too many of old messages, as it stands
// in an answer.
var oldMessage = fmt.Appendf(nil, `"code":%d`, codeOldMessage)

// limits are what Discord allows, as far as it is known.
type limits struct {
	budget   *pace.Budget
	routes   *pace.Routes
	refusals pace.Refusals
	stopped  atomic.Bool // too many refusals, and the log says so
}

// admit waits until a request may begin; answered is called when its answer has
// come, or none does. A message of the queue is refused instead where it is not
// the budget it would wait for. Any error is a *notify.Failure.
func (c *Client) admit(ctx context.Context, route, place string) (answered func(), err error) {
	if f := c.refusedTooOften(); f != nil {
		return nil, f
	}
	for {
		wait := c.limits.routes.Take(route, place, c.now())
		if wait <= 0 {
			break
		}
		full := &notify.Failure{Kind: notify.Throttled, Scope: scopeOf(route), After: wait, Reason: "Discord's limit for the channel is used up"}
		if pace.Queued(ctx) {
			return nil, full
		}
		select {
		case <-ctx.Done():
			return nil, full
		case <-time.After(wait):
		}
	}
	if answered, err = c.limits.budget.Begin(ctx); err != nil {
		return nil, &notify.Failure{Kind: notify.Transient, Reason: "Discord was not asked in time, because others were before", Err: err}
	}
	return answered, nil
}

// refusedTooOften says why Discord is not asked at present, or nil.
func (c *Client) refusedTooOften() *notify.Failure {
	now := c.now()
	n, until := c.limits.refusals.Over(c.limits.budget.PartOf(refusalLimit), now)
	if until.IsZero() {
		if c.limits.stopped.Swap(false) {
			c.log.Info("Discord is asked again")
		}
		return nil
	}
	f := &notify.Failure{
		Kind: notify.Throttled, Scope: notify.ScopePlatform, After: until.Sub(now),
		Reason: fmt.Sprintf("Discord refused %d requests in ten minutes and shuts its door at 10,000, so it is not asked until %s; see in the log what it refuses",
			n, until.UTC().Format("15:04 MST")),
	}
	if !c.limits.stopped.Swap(true) {
		c.log.Error(f.Reason)
	}
	return f
}

// learn notes what an answer says of limits.
func (c *Client) learn(route, place string, a wire.Answer) {
	now := c.now()
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		c.limits.refusals.Note(now)
	case http.StatusTooManyRequests:
		if a.Header("X-RateLimit-Scope") != "shared" {
			c.limits.refusals.Note(now)
		}
		switch f := failure(a); {
		case f.Scope == notify.ScopePlatform:
			c.limits.budget.Close(now.Add(f.After))
		case bytes.Contains(a.Body, oldMessage): // of some messages alone
		default:
			c.limits.routes.Hear(route, place, pace.Heard{Bucket: a.Header("X-RateLimit-Bucket"), Reset: f.After}, now)
		}
		return
	}
	left, err := strconv.Atoi(a.Header("X-RateLimit-Remaining"))
	if err != nil {
		return
	}
	c.limits.routes.Hear(route, place, pace.Heard{
		Bucket: a.Header("X-RateLimit-Bucket"), Left: left, Reset: seconds(a.Header("X-RateLimit-Reset-After")),
	}, now)
}

// sweep forgets limits that are over, until ctx ends.
func (c *Client) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.limits.routes.Sweep(c.now())
		}
	}
}

// routeOf splits a request's address into its route, which is the same for all
// places, and the place for which Discord counts it: the channel, server or
// application it begins with. A free one, which answers an interaction, counts
// against no limit of the bot's.
func routeOf(method, path string) (route, place string, free bool) {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if parts[0] == "interactions" || parts[0] == "webhooks" {
		return method + " " + parts[0], "", true
	}
	for i, part := range parts {
		if !snowflake(part) {
			continue
		}
		if i == 1 {
			place = part
		}
		parts[i] = "-"
	}
	return method + " /" + strings.Join(parts, "/"), place, false
}

// scopeOf is what waits for a route: an edit by itself, all else with its place.
func scopeOf(route string) notify.Scope {
	if strings.HasPrefix(route, http.MethodPatch) {
		return notify.ScopeMessage
	}
	return notify.ScopePlace
}
