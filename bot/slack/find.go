package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"sparkbot/bot/wire"
	"sparkbot/notify"
	"sparkbot/notify/pace"
)

const (
	// pageSize is how many messages are asked for at once. Slack gives an app
	// that is sold outside its Marketplace 15
	// (https://docs.slack.dev/reference/methods/conversations.history).
	pageSize = 200
	// maxPages bounds how much of a channel one question reads.
	maxPages = 10
)

// unread are the errors by which Slack does not let the app read a channel.
var unread = []string{
	"missing_scope", "not_in_channel", "channel_not_found", "is_archived", "no_permission", "access_denied",
	"team_access_not_granted", "method_not_supported_for_channel_type",
}

// Find looks for the message whose metadata carry the envelope's nonce among
// those posted to its channel from since on, by our clock. asked is false where
// Slack does not let the app read the channel: it lacks a scope, or is no member.
// Any error is a *notify.Failure.
func (c *Client) Find(ctx context.Context, e notify.Envelope, since time.Time) (messageID string, asked bool, err error) {
	ctx = pace.Queue(ctx)
	if !channelID(e.Channel) || e.Nonce == "" {
		return "", false, nil
	}
	args := url.Values{
		"channel": {e.Channel}, "include_all_metadata": {"true"}, "limit": {strconv.Itoa(pageSize)},
		"oldest": {timestamp(since.Add(time.Duration(c.ahead.Load())))},
	}
	for range maxPages {
		var page historyPage
		if _, err := c.ask(ctx, e.Workspace, "conversations.history", args, &page); err != nil {
			if slices.Contains(unread, codeOf(err)) {
				return "", false, nil
			}
			return "", false, unanswered(err)
		}
		if ts, found := page.find(e.Nonce); found {
			return ts, true, nil
		}
		if page.Next.Cursor == "" {
			break
		}
		args.Set("cursor", page.Next.Cursor)
	}
	return "", true, nil
}

// historyPage is what is read of a channel's messages.
type historyPage struct {
	Messages []struct {
		TS       string `json:"ts"`
		Metadata struct {
			EventType string `json:"event_type"`
			Payload   struct {
				Nonce string `json:"nonce"`
			} `json:"event_payload"`
		} `json:"metadata"`
	} `json:"messages"`
	Next struct {
		Cursor string `json:"next_cursor"`
	} `json:"response_metadata"`
}

func (p historyPage) find(nonce string) (ts string, found bool) {
	for _, m := range p.Messages {
		if m.Metadata.EventType == eventType && m.Metadata.Payload.Nonce == nonce {
			return m.TS, true
		}
	}
	return "", false
}

// unanswered makes a failure of the question of whatever failed: only a throttle
// concerns more than that.
func unanswered(err error) *notify.Failure {
	f, ok := errors.AsType[*notify.Failure](err)
	if !ok {
		return &notify.Failure{Kind: notify.Transient, Reason: "Slack did not say whether the message arrived", Err: err}
	}
	if f.Kind != notify.Throttled {
		f.Kind = notify.Transient
	}
	return f
}

// timestamp gives a time as Slack names messages by.
func timestamp(t time.Time) string {
	return fmt.Sprintf("%d.%06d", max(t.Unix(), 0), t.Nanosecond()/1000)
}

// heed notes how far Slack's clock is ahead of ours, by the date of an answer.
func (c *Client) heed(a wire.Answer) {
	if date, err := http.ParseTime(a.Header("Date")); err == nil {
		c.ahead.Store(int64(date.Sub(c.now())))
	}
}
