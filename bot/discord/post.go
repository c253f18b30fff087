package discord

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"sparkbot/bot/wire"
	"sparkbot/notify"
	"sparkbot/notify/pace"
)

// Post posts an encoded message to a channel. The nonce makes Discord answer a
// second post within a few minutes with the first message
// (https://discord.com/developers/docs/resources/message#create-message).
// Pictures go with it where the bot may attach files, and are left out where it
// may not. Any error is a *notify.Failure.
func (c *Client) Post(ctx context.Context, e notify.Envelope, b notify.Body) (notify.Receipt, error) {
	ctx = pace.Queue(ctx)
	if user, private := member(e); private {
		channel, f := c.direct(ctx, user)
		if f != nil {
			return notify.Receipt{}, f
		}
		e.Channel = channel
	}
	if !snowflake(e.Channel) {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Permanent, Reason: "the channel's id is none of Discord's"}
	}
	receipt, err := c.postOnce(ctx, e, b)
	if err == nil || !pictureRefused(b, notify.Classify(err)) {
		return receipt, err
	}
	words, broken := wordsOf(b)
	if broken != nil {
		return receipt, err
	}
	c.log.Warn("a message goes without its picture, which Discord refused; the bot needs the permission Attach Files", "channel", e.Channel, "reason", notify.Classify(err).Reason)
	return c.postOnce(ctx, e, words)
}

func (c *Client) postOnce(ctx context.Context, e notify.Envelope, b notify.Body) (notify.Receipt, error) {
	body, err := complete(b, false, e.Roles, e.Nonce)
	if err != nil {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Permanent, Reason: "the message could not be encoded", Err: err}
	}
	a, err := c.send(ctx, http.MethodPost, "/channels/"+e.Channel+"/messages", body)
	if f, ok := errors.AsType[*notify.Failure](err); ok { // it was not sent
		return notify.Receipt{}, f
	}
	if err != nil {
		if wire.Unsent(err) {
			return notify.Receipt{}, &notify.Failure{Kind: notify.Transient, Scope: notify.ScopePlatform, Reason: "Discord could not be reached", Err: err}
		}
		return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "Discord's answer was lost", Err: err}
	}
	if a.Status >= http.StatusMultipleChoices {
		return notify.Receipt{}, c.widened(ctx, e.Workspace, failure(a))
	}
	var posted struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(a.Body, &posted); err != nil || posted.ID == "" {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "Discord's answer was not readable", Err: err}
	}
	return notify.Receipt{MessageID: posted.ID, Pause: pause(a)}, nil
}

// pause is how long the rate headers ask to wait when nothing is left of the
// route's share: https://discord.com/developers/docs/topics/rate-limits
func pause(a wire.Answer) time.Duration {
	if a.Header("X-RateLimit-Remaining") != "0" {
		return 0
	}
	return seconds(a.Header("X-RateLimit-Reset-After"))
}

// longestWait bounds what is believed of an answer that asks to wait.
const longestWait = 24 * time.Hour

// seconds reads a header's number of seconds, with decimals; what is none is 0.
func seconds(text string) time.Duration {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return wait(s)
}

func wait(seconds float64) time.Duration {
	if !(seconds > 0) { // not a number neither
		return 0
	}
	return time.Duration(min(seconds, longestWait.Seconds()) * float64(time.Second))
}
