package slack

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

// eventType marks our messages' metadata, by which a message can be recognized
// when it is read back: https://docs.slack.dev/messaging/message-metadata
const eventType = "sparkbot_delivery"

// Post posts an encoded message to a channel. Any error is a *notify.Failure.
func (c *Client) Post(ctx context.Context, e notify.Envelope, encoded []byte) (notify.Receipt, error) {
	if !channelID(e.Channel) {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Permanent, Reason: "the channel's id is none of Slack's"}
	}
	if team := c.ourTeam(); team != "" && e.Workspace != team {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Gone, Reason: "the token belongs to another workspace"}
	}
	message, err := address(e, encoded)
	if err != nil {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Permanent, Reason: "the message could not be encoded", Err: err}
	}
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }})
	a, err := c.send(ctx, c.base+"chat.postMessage", c.token, message)
	if err != nil {
		if written.Load() {
			return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "Slack's answer was lost", Err: err}
		}
		return notify.Receipt{}, &notify.Failure{Kind: notify.Transient, Reason: "Slack could not be reached", Err: err}
	}
	if f := failure(a); f != nil {
		return notify.Receipt{}, f
	}
	var posted struct {
		TS string `json:"ts"`
	}
	if err := json.Unmarshal(a.body, &posted); err != nil || posted.TS == "" {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "Slack's answer was not readable", Err: err}
	}
	return notify.Receipt{MessageID: posted.TS}, nil
}

// address puts channel and metadata in front of an encoded message. No link in
// it is unfolded, because the message says all there is to say.
func address(e notify.Envelope, encoded []byte) ([]byte, error) {
	if len(encoded) < 2 || encoded[0] != '{' {
		return nil, errors.New("no encoded message")
	}
	out := make([]byte, 0, len(encoded)+256)
	out = fmt.Appendf(out, `{"channel":%q,"unfurl_links":false,"unfurl_media":false,`, e.Channel)
	if e.Nonce != "" {
		out = fmt.Appendf(out, `"metadata":{"event_type":%q,"event_payload":{"nonce":%q}},`, eventType, e.Nonce)
	}
	return append(out, encoded[1:]...), nil
}

// untilMended is how long nothing is sent after the token was refused; it costs
// no message an attempt.
const untilMended = time.Minute

// reasons say what Slack's errors mean for a place and how to mend them:
// https://docs.slack.dev/reference/methods/chat.postMessage#errors
var reasons = map[string]notify.Failure{
	"channel_not_found":                     {Kind: notify.Gone, Reason: "the channel does not exist, or is private and the app was not invited; /invite it there"},
	"not_in_channel":                        {Kind: notify.Gone, Reason: "the app is not in the channel; /invite it there"},
	"is_archived":                           {Kind: notify.Gone, Reason: "the channel is archived; unarchive it"},
	"channel_is_archived":                   {Kind: notify.Gone, Reason: "the channel is archived; unarchive it"},
	"restricted_action":                     {Kind: notify.Gone, Reason: "only some members may post in the channel; let the app post there"},
	"restricted_action_read_only_channel":   {Kind: notify.Gone, Reason: "the channel is read-only; let the app post there"},
	"restricted_action_thread_only_channel": {Kind: notify.Gone, Reason: "the channel takes threads only"},
	"account_inactive":                      {Kind: notify.Gone, Reason: "the app was removed from the workspace; install it again"},
	"token_revoked":                         {Kind: notify.Gone, Reason: "the app's token was revoked; install it again"},
	"invalid_auth":                          {Kind: notify.Throttled, Scope: notify.ScopePlatform, After: untilMended, Reason: "Slack refuses the bot token; install the app again and set SPARKBOT_SLACK_BOT_TOKEN"},
	"not_authed":                            {Kind: notify.Throttled, Scope: notify.ScopePlatform, After: untilMended, Reason: "Slack got no token; set SPARKBOT_SLACK_BOT_TOKEN"},
	"token_expired":                         {Kind: notify.Throttled, Scope: notify.ScopePlatform, After: untilMended, Reason: "the bot token is expired; install the app again and set SPARKBOT_SLACK_BOT_TOKEN"},
	"missing_scope":                         {Kind: notify.Throttled, Scope: notify.ScopePlatform, After: untilMended, Reason: "the app lacks a scope; compare its manifest with docs/slack-manifest.yaml and install it again"},
	"ratelimited":                           {Kind: notify.Throttled, Reason: "Slack asks to wait"},
	"rate_limited":                          {Kind: notify.Throttled, Reason: "Slack asks to wait"},
	"message_limit_exceeded":                {Kind: notify.Throttled, Scope: notify.ScopeWorkspace, After: time.Minute, Reason: "the workspace has posted too much"},
	"internal_error":                        {Kind: notify.Ambiguous, Reason: "Slack failed and may have posted the message"},
	"fatal_error":                           {Kind: notify.Ambiguous, Reason: "Slack failed and may have posted the message"},
	"service_unavailable":                   {Reason: "Slack is not available"},
	"team_added_to_org":                     {Reason: "the workspace is being moved"},
	"request_timeout":                       {Reason: "Slack took too long to read the message"},
	"access_denied":                         {Reason: "Slack denies access for now"},
	"ekm_access_denied":                     {Kind: notify.Gone, Reason: "the workspace's administrators have suspended posting"},
}

// failure classifies an answer; nil means success. Slack says 200 to nearly
// everything, even where ok is false, and even without saying why.
func failure(a answer) *notify.Failure {
	var e struct {
		OK       bool   `json:"ok"`
		Error    string `json:"error"`
		Needed   string `json:"needed"`
		Metadata struct {
			Messages []string `json:"messages"`
		} `json:"response_metadata"`
	}
	isJSON := json.Unmarshal(a.body, &e) == nil
	if a.status == http.StatusOK && isJSON && e.OK {
		return nil
	}
	if a.status == http.StatusTooManyRequests {
		e.Error = "ratelimited"
	}
	cause := fmt.Errorf("status %d", a.status)
	if e.Error != "" {
		cause = fmt.Errorf("status %d: %s", a.status, strings.Join(append([]string{e.Error}, e.Metadata.Messages...), "; "))
	}
	f, known := reasons[e.Error]
	f.Err = cause
	if e.Error == "missing_scope" && e.Needed != "" {
		f.Reason = "the app lacks the scope " + e.Needed + "; add it under OAuth & Permissions and install the app again"
	}
	switch {
	case f.Kind == notify.Throttled:
		f.After = max(f.After, retryAfter(a.header), time.Second)
		if !isJSON { // from the network in front of Slack
			f.Scope = notify.ScopePlatform
		}
	case known:
	case a.status == http.StatusOK && !isJSON:
		f.Kind, f.Reason = notify.Ambiguous, "Slack's answer was not readable"
	case a.status >= 500 || e.Error == "":
		f.Reason = "Slack has a problem of its own"
	case a.status == http.StatusOK || a.status == http.StatusBadRequest:
		f.Kind, f.Reason = notify.Permanent, "Slack refuses the message: "+e.Error
	default:
		f.Reason = "Slack has a problem of its own"
	}
	return &f
}

func retryAfter(h http.Header) time.Duration {
	s, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || s < 0 || s > 86400 {
		return 0
	}
	return time.Duration(s) * time.Second
}
