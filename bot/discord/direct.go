package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"sparkbot/notify"
)

// maxDirects bounds how many members' channels are remembered; they are asked for
// again after that.
const maxDirects = 1000

// directs are the channels in which members are written to in private.
type directs struct {
	mu    sync.Mutex
	known map[string]string // channel by member
}

// direct gives the channel for direct messages to a member, which Discord makes
// when it is first asked for:
// https://discord.com/developers/docs/resources/user#create-dm
func (c *Client) direct(ctx context.Context, user string) (string, *notify.Failure) {
	c.directs.mu.Lock()
	channel := c.directs.known[user]
	c.directs.mu.Unlock()
	if channel != "" {
		return channel, nil
	}
	if !snowflake(user) {
		return "", &notify.Failure{Kind: notify.Permanent, Reason: "the member's id is none of Discord's"}
	}
	a, err := c.request(ctx, http.MethodPost, "/users/@me/channels", fmt.Appendf(nil, `{"recipient_id":%q}`, user))
	if f, ok := errors.AsType[*notify.Failure](err); ok { // it was not sent
		return "", f
	}
	if err != nil {
		return "", &notify.Failure{Kind: notify.Transient, Reason: "Discord could not be reached", Err: err}
	}
	if a.Status >= http.StatusMultipleChoices {
		return "", unwritten(failure(a))
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(a.Body, &made); err != nil || !snowflake(made.ID) {
		return "", &notify.Failure{Kind: notify.Transient, Reason: "Discord's answer was not readable", Err: err}
	}
	c.directs.mu.Lock()
	defer c.directs.mu.Unlock()
	if c.directs.known == nil || len(c.directs.known) >= maxDirects {
		c.directs.known = map[string]string{}
	}
	c.directs.known[user] = made.ID
	return made.ID, nil
}

// unwritten takes out of a failure what it cannot mean before anything was posted.
func unwritten(f *notify.Failure) *notify.Failure {
	switch f.Kind {
	case notify.Ambiguous:
		f.Kind = notify.Transient
	case notify.Gone:
		f.Kind = notify.Permanent
	}
	return f
}

// member gives the member whom an envelope is for, if it is for one.
func member(e notify.Envelope) (user string, ok bool) { return strings.CutPrefix(e.Channel, "@") }
