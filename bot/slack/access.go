package slack

import (
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
		f, ok := errors.AsType[*notify.Failure](err)
		switch {
		case ok && f.Kind == notify.Gone:
			return errors.New("I am not in this channel. Type /invite @sparkbot here, then try again.")
		case ok && strings.Contains(f.Reason, "scope"):
			return errors.New(f.Reason + ".")
		}
		return fmt.Errorf("%w: %w", errUnsure, err)
	}
	switch {
	case info.Channel.IsArchived:
		return errors.New("this channel is archived. Unarchive it, then try again.")
	case info.Channel.IsMember || info.Channel.IsIM:
		return nil
	case !info.Channel.IsPrivate && c.hasScope("chat:write.public"):
		return nil
	default:
		return errors.New("I am not in this channel. Type /invite @sparkbot here, then try again.")
	}
}

func (c *Client) hasScope(scope string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(strings.FieldsFunc(c.scopes, func(r rune) bool { return r == ',' || r == ' ' }), scope)
}
