package discord

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/notify"
)

var errForeign = errors.New("that is no channel of this server.")

// channelInfo is what we read of a channel.
type channelInfo struct {
	ID         string      `json:"id"`
	Type       int         `json:"type"`
	GuildID    string      `json:"guild_id"`
	ParentID   string      `json:"parent_id"`
	Overwrites []overwrite `json:"permission_overwrites"`
	Thread     struct {
		Locked bool `json:"locked"`
	} `json:"thread_metadata"`
}

type overwrite struct {
	ID    string `json:"id"`
	Allow string `json:"allow"`
	Deny  string `json:"deny"`
}

// Kinds of channels:
// https://discord.com/developers/docs/resources/channel#channel-object-channel-types
func (c channelInfo) thread() bool { return c.Type >= 10 && c.Type <= 12 }

// holdsChannels is a category, a directory, a forum or a media channel: messages
// stand in the channels or posts below it.
func (c channelInfo) holdsChannels() bool { return c.Type == 4 || c.Type >= 14 }

// errUnsure says that Discord did not answer the question.
var errUnsure = errors.New("Discord did not say what the bot may do")

// CanPost reports whether the bot may post in a channel of the server. The error
// says which permission is missing and where to give it. A Discord that does not
// answer is no reason to refuse: the first post will tell.
func (c *Client) CanPost(ctx context.Context, workspace, channel string) error {
	err := c.canPost(ctx, workspace, channel)
	if errors.Is(err, errUnsure) {
		c.log.Warn("posting is taken to be allowed", "channel", channel, "reason", err)
		return nil
	}
	return err
}

// Admits reports whether the bot may post in a channel, and an error when Discord
// did not say.
func (c *Client) Admits(ctx context.Context, workspace, channel string) (bool, error) {
	err := c.canPost(ctx, workspace, channel)
	if errors.Is(err, errUnsure) {
		return false, err
	}
	return err == nil, nil
}

func (c *Client) canPost(ctx context.Context, workspace, channel string) error {
	if !snowflake(channel) || !snowflake(workspace) {
		return errForeign
	}
	info, err := c.channel(ctx, channel)
	if err != nil {
		return err
	}
	if info.GuildID != workspace {
		return errForeign
	}
	if info.holdsChannels() {
		return errors.New("that channel takes no messages itself. Choose a text channel, or a post or thread in it.")
	}
	if info.Thread.Locked {
		return errors.New("the thread is locked. Unlock it, and try again.")
	}
	send, need := int64(dgo.PermissionSendMessages), "Send Messages"
	ruling := info
	if info.thread() {
		send, need = dgo.PermissionSendMessagesInThreads, "Send Messages in Threads"
		if ruling, err = c.channel(ctx, info.ParentID); err != nil {
			return err
		}
	}
	rights, err := c.rights(ctx, workspace, ruling.Overwrites)
	if err != nil {
		return err
	}
	if rights&dgo.PermissionViewChannel == 0 {
		return missing("View Channel")
	}
	if rights&send == 0 {
		return missing(need)
	}
	return nil
}

func missing(permission string) error {
	return errors.New("the permission " + permission + " is missing. Open Edit Channel, Permissions, add the bot there, allow " + permission + ", and try again. If Discord does not offer the bot there, invite it to the server again.")
}

func (c *Client) channel(ctx context.Context, id string) (channelInfo, error) {
	var info channelInfo
	err := c.get(ctx, "/channels/"+id, &info)
	if err == nil {
		return info, nil
	}
	if f, ok := errors.AsType[*notify.Failure](err); ok && f.Kind == notify.Gone {
		if f.Reason == closedCodes[codeMissingAccess] {
			return info, missing("View Channel")
		}
		return info, errors.New(f.Reason + ".")
	}
	return info, fmt.Errorf("%w: %w", errUnsure, err)
}

// rights computes the bot's permissions in a channel as Discord documents it:
// https://discord.com/developers/docs/topics/permissions#permission-overwrites
func (c *Client) rights(ctx context.Context, guild string, overwrites []overwrite) (int64, error) {
	me, err := c.me(ctx)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errUnsure, err)
	}
	var roles []struct {
		ID          string `json:"id"`
		Permissions string `json:"permissions"`
	}
	var member struct {
		Roles []string `json:"roles"`
	}
	if err := errors.Join(c.get(ctx, "/guilds/"+guild+"/roles", &roles), c.get(ctx, "/guilds/"+guild+"/members/"+me, &member)); err != nil {
		return 0, fmt.Errorf("%w: %w", errUnsure, err)
	}
	mine := map[string]bool{guild: true} // the role @everyone has the server's id
	for _, r := range member.Roles {
		mine[r] = true
	}
	var all int64
	for _, r := range roles {
		if mine[r.ID] {
			all |= bits(r.Permissions)
		}
	}
	if all&dgo.PermissionAdministrator != 0 {
		return -1, nil
	}
	return applied(all, overwrites, guild, me, mine), nil
}

// applied puts a channel's overwrites over the permissions of the roles: first
// everyone's, then all roles' together, then the member's own.
func applied(all int64, overwrites []overwrite, guild, me string, mine map[string]bool) int64 {
	var deny, allow int64
	for _, o := range overwrites {
		if o.ID == guild {
			all = all&^bits(o.Deny) | bits(o.Allow)
		} else if mine[o.ID] {
			deny, allow = deny|bits(o.Deny), allow|bits(o.Allow)
		}
	}
	all = all&^deny | allow
	for _, o := range overwrites {
		if o.ID == me {
			all = all&^bits(o.Deny) | bits(o.Allow)
		}
	}
	return all
}

func bits(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
