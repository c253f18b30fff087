package slack

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"sparkbot/notify"
)

var errUnsure = errors.New("Slack did not say whether I may post there; please try again in a minute.")

// CanPost reports whether the app may post in a channel. The error says what is
// missing and what to do.
func (c *Client) CanPost(ctx context.Context, workspace, channel string) error {
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
		return errUnsure
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
