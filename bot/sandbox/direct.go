package sandbox

import (
	"fmt"
	"net/http"
)

// DirectMessages gives what the bot wrote to a member in private, oldest first.
func (d *Discord) DirectMessages(user string) []Message {
	return d.Messages(d.directOf(d.user(user)))
}

// CloseDirect has a member take no direct messages from the bot.
func (d *Discord) CloseDirect(user string) {
	channel := d.directOf(d.user(user))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.channels[channel].deaf = true
}

// directOf gives the channel of direct messages to a member, made when it is first
// asked for. It is no channel of the server.
func (d *Discord) directOf(userID string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, c := range d.channels {
		if c.direct == userID {
			return id
		}
	}
	id := d.nextID()
	d.channels[id] = &discordChannel{id: id, name: "direct", direct: userID}
	return id
}

// postDirect answers https://discord.com/developers/docs/resources/user#create-dm.
func (d *Discord) postDirect(w http.ResponseWriter, r *http.Request) {
	var body struct {
		RecipientID string `json:"recipient_id"`
	}
	if _, ok := read(w, r, &body); !ok {
		return
	}
	if !d.knows(body.RecipientID) {
		discordError(w, http.StatusBadRequest, 50033, "Invalid Recipient(s)")
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"id": d.directOf(body.RecipientID), "type": 1, "last_message_id": nil,
		"recipients": []any{map[string]any{"id": body.RecipientID}},
	})
}

func (d *Discord) knows(userID string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range d.users {
		if id == userID {
			return true
		}
	}
	return false
}

// refusesDirect reports whether the channel is of a member who takes no direct
// messages, and answers so.
func (d *Discord) refusesDirect(w http.ResponseWriter, c *discordChannel) bool {
	d.mu.Lock()
	deaf := c.deaf
	d.mu.Unlock()
	if deaf {
		discordError(w, http.StatusForbidden, 50007, "Cannot send messages to this user")
	}
	return deaf
}

// DirectMessages gives what the app wrote to a member in private, oldest first.
func (k *Slack) DirectMessages(user string) []Message {
	id := k.userID(user)
	k.mu.Lock()
	channel := k.directs[id]
	k.mu.Unlock()
	return k.Messages(channel)
}

// CloseMessagesTab has the app take no direct messages, as an app does whose
// manifest does not open its Messages tab.
func (k *Slack) CloseMessagesTab() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tabClosed = true
}

// directTo gives the channel of direct messages to a member, if id is one of a
// member. The caller holds the lock.
func (k *Slack) directTo(id, team string) (*slackChannel, *refused) {
	if _, known := k.userName(id); !known {
		return nil, nil
	}
	if k.tabClosed {
		return nil, &refused{code: "messages_tab_disabled"}
	}
	channel, made := k.directs[id]
	if !made {
		if k.directs == nil {
			k.directs = map[string]string{}
		}
		k.sequence++
		channel = fmt.Sprintf("D%08X", 0xD0000000+k.sequence)
		k.directs[id] = channel
		k.channels[channel] = &slackChannel{id: channel, name: "direct", member: true, team: team}
	}
	return k.channels[channel], nil
}

// MemberID gives the id of a member by name, made when first seen.
func (d *Discord) MemberID(name string) string { return d.user(name) }

// MemberID gives the id of a member by name, made when first seen.
func (k *Slack) MemberID(name string) string { return k.userID(name) }
