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

// Admits reports whether the app may post in a channel, and an error when Slack did
// not say.
func (c *Client) Admits(ctx context.Context, workspace, channel string) (bool, error) {
	err := c.canPost(ctx, workspace, channel)
	if errors.Is(err, errUnsure) {
		return false, err
	}
	return err == nil, nil
}

func (c *Client) canPost(ctx context.Context, workspace, channel string) error {
	if team := c.ourTeam(); !channelID(channel) || workspace == "" || team != "" && workspace != team {
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
	if _, err := c.ask(ctx, workspace, "conversations.info", url.Values{"channel": {channel}}, &info); err != nil {
		return c.barred(ctx, workspace, err)
	}
	switch {
	case info.Channel.IsArchived:
		return errors.New("this channel is archived. Unarchive it, then try again.")
	case info.Channel.IsMember || info.Channel.IsIM:
		return nil
	}
	who, err := c.identify(ctx, workspace)
	switch {
	case err != nil:
		return c.barred(ctx, workspace, err)
	case !info.Channel.IsPrivate && hasScope(who.scopes, "chat:write.public"):
		return nil
	default:
		return uninvited(who)
	}
}

// barred says what it means that Slack does not describe a channel.
func (c *Client) barred(ctx context.Context, workspace string, err error) error {
	f, ok := errors.AsType[*notify.Failure](err)
	switch code := codeOf(err); {
	case code == "channel_not_found":
		who, _ := c.identify(ctx, workspace) // without it, the name is guessed
		return uninvited(who)
	case ok && (f.Kind == notify.Gone || f.Kind == notify.Throttled && code != "ratelimited" && code != "rate_limited"):
		return errors.New(f.Reason + ".")
	default:
		return fmt.Errorf("%w: %w", errUnsure, err)
	}
}

// uninvited tells how to let the app in, under the name it has there.
func uninvited(who identity) error {
	return fmt.Errorf("I am not in this channel. Type /invite @%s here, then try again.", cmp.Or(who.User, "sparkbot"))
}

func hasScope(granted, scope string) bool {
	return slices.Contains(strings.FieldsFunc(granted, func(r rune) bool { return r == ',' || r == ' ' }), scope)
}
