package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"sparkbot/notify"
)

// errUnsure says that Slack did not answer the question.
var errUnsure = errors.New("Slack did not say whether the app may post")

// CanPost reports whether the app may post in a channel. The error says what is
// missing and what to do. A Slack that does not answer is no reason to refuse:
// the first post will tell.
func (c *Client) CanPost(ctx context.Context, workspace, channel string) error {
	err := c.canPost(ctx, workspace, channel)
	if errors.Is(err, errUnsure) {
		c.log.Warn("posting is taken to be allowed", "channel", channel, "reason", err)
		return nil
	}
	return err
}

func (c *Client) canPost(ctx context.Context, workspace, channel string) error {
	if team := c.ourTeam(); !channelID(channel) || team != "" && workspace != team {
		return errors.New("that is no channel of this workspace.")
	}
	var info struct {
		Channel struct {
			IsMember   bool `json:"is_member"`
			IsArchived bool `json:"is_archived"`
			IsPrivate  bool `json:"is_private"`
			IsIM       bool `json:"is_im"`
		} `json:"channel"`
	}
	if _, err := c.ask(ctx, "conversations.info", url.Values{"channel": {channel}}, &info); err != nil {
		return c.barred(err)
	}
	switch {
	case info.Channel.IsArchived:
		return errors.New("this channel is archived. Unarchive it, then try again.")
	case info.Channel.IsMember || info.Channel.IsIM:
		return nil
	case !info.Channel.IsPrivate && c.hasScope("chat:write.public"):
		return nil
	default:
		return c.uninvited()
	}
}

// barred says what it means that Slack does not describe a channel.
func (c *Client) barred(err error) error {
	f, ok := errors.AsType[*notify.Failure](err)
	switch code := codeOf(err); {
	case code == "channel_not_found":
		return c.uninvited()
	case ok && (f.Kind == notify.Gone || f.Kind == notify.Throttled && code != "ratelimited" && code != "rate_limited"):
		return errors.New(f.Reason + ".")
	default:
		return fmt.Errorf("%w: %w", errUnsure, err)
	}
}

func (c *Client) uninvited() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Errorf("I am not in this channel. Type /invite @%s here, then try again.", cmp.Or(c.name, "sparkbot"))
}

func (c *Client) hasScope(scope string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(strings.FieldsFunc(c.scopes, func(r rune) bool { return r == ',' || r == ' ' }), scope)
}
