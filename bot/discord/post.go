package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sparkbot/notify"
)

// Post posts an encoded message to a channel. The nonce makes Discord answer a
// second post within a few minutes with the first message
// (https://discord.com/developers/docs/resources/message#create-message).
// Any error is a *notify.Failure.
func (c *Client) Post(ctx context.Context, e notify.Envelope, box []byte) (notify.Receipt, error) {
	if !snowflake(e.Channel) {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Permanent, Reason: "the channel's id is none of Discord's"}
	}
	body, err := complete(box, false, e.Roles, e.Nonce)
	if err != nil {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Permanent, Reason: "the message could not be encoded", Err: err}
	}
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }})
	a, err := c.request(ctx, http.MethodPost, "/channels/"+e.Channel+"/messages", body)
	if err != nil {
		if written.Load() {
			return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "Discord's answer was lost", Err: err}
		}
		return notify.Receipt{}, &notify.Failure{Kind: notify.Transient, Reason: "Discord could not be reached", Err: err}
	}
	if a.status >= http.StatusMultipleChoices {
		return notify.Receipt{}, failure(a)
	}
	var posted struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(a.body, &posted); err != nil || posted.ID == "" {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "Discord's answer was not readable", Err: err}
	}
	return notify.Receipt{MessageID: posted.ID, Pause: pause(a.header)}, nil
}

// pause is how long the rate headers ask to wait when nothing is left of the
// route's share: https://discord.com/developers/docs/topics/rate-limits
func pause(h http.Header) time.Duration {
	if h.Get("X-RateLimit-Remaining") != "0" {
		return 0
	}
	return seconds(h.Get("X-RateLimit-Reset-After"))
}

func seconds(text string) time.Duration {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || s < 0 || s > 86400 {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}

// Codes of Discord's errors that say something about a place:
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
const (
	codeUnknownChannel = 10003
	codeUnknownGuild   = 10004
	codeMissingAccess  = 50001
	codeCannotSend     = 50008 // to a voice or other channel without text
	codeMissingRights  = 50013
	codeArchivedThread = 50083
)

// untilMended is how long nothing is sent after the token was refused: it costs
// no message an attempt, and Discord bans addresses that go on asking.
const untilMended = time.Minute

// failure classifies an answer that is no success.
func failure(a answer) *notify.Failure {
	var e struct {
		Code       int             `json:"code"`
		Message    string          `json:"message"`
		RetryAfter float64         `json:"retry_after"`
		Global     bool            `json:"global"`
		Errors     json.RawMessage `json:"errors"`
	}
	isJSON := json.Unmarshal(a.body, &e) == nil
	cause := fmt.Errorf("status %d", a.status)
	if e.Message != "" {
		cause = fmt.Errorf("status %d, code %d: %s", a.status, e.Code, e.Message)
	}
	f := &notify.Failure{Kind: notify.Permanent, Err: cause}
	switch {
	case a.status == http.StatusTooManyRequests:
		throttled(f, a.header, isJSON, e.RetryAfter, e.Global)
	case a.status == http.StatusUnauthorized:
		f.Reason = "Discord refuses the bot's token; reset it under Bot and set SPARKBOT_DISCORD_TOKEN"
		f.Kind, f.Scope, f.After = notify.Throttled, notify.ScopePlatform, untilMended
	case e.Code == codeUnknownChannel || e.Code == codeUnknownGuild:
		f.Kind, f.Reason = notify.Gone, "the channel does not exist any more"
	case e.Code == codeMissingAccess:
		f.Kind, f.Reason = notify.Gone, "the bot cannot see the channel; give it View Channel there, or let it into the server again"
	case e.Code == codeMissingRights || e.Code == codeCannotSend:
		f.Kind, f.Reason = notify.Gone, "the bot may not post in the channel; give it Send Messages there"
	case e.Code == codeArchivedThread:
		f.Kind, f.Reason = notify.Gone, "the thread is archived; open it again"
	case a.status == http.StatusForbidden && !isJSON:
		f.Kind, f.Reason = notify.Transient, "Discord's network refuses this address for now"
	case a.status >= 500:
		f.Kind, f.Reason = notify.Transient, "Discord has a problem of its own"
	default:
		f.Reason = "Discord refuses the message"
		if len(e.Errors) > 0 {
			f.Err = errors.Join(cause, errors.New(strings.TrimSpace(string(e.Errors))))
		}
	}
	return f
}

// throttled tells what must wait for how long. An answer that is not JSON comes
// from the network in front of Discord and concerns everything.
func throttled(f *notify.Failure, h http.Header, isJSON bool, after float64, global bool) {
	f.Kind, f.Reason, f.Scope = notify.Throttled, "Discord asks to wait", notify.ScopePlace
	f.After = max(seconds(strconv.FormatFloat(after, 'f', -1, 64)), seconds(h.Get("Retry-After")))
	if global || !isJSON || h.Get("X-RateLimit-Global") != "" || h.Get("X-RateLimit-Scope") == "global" {
		f.Scope = notify.ScopePlatform
	}
	if f.After == 0 {
		f.After = 5 * time.Second
	}
}
