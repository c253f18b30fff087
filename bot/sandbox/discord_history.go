package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ForbidHistory takes the bot's permission Read Message History in every channel,
// or gives it back.
func (d *Discord) ForbidHistory(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unread = on
}

// SetNonceWindow says for how long an enforced nonce is unique in a channel. It is
// five minutes at first; Discord says "a few minutes".
func (d *Discord) SetNonceWindow(w time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nonceFor = w
}

// getMessages gives messages as Discord does, newest first: the last ones, or
// those next to an id. Without Read Message History it gives none and no error
// (https://discord.com/developers/docs/resources/message#get-channel-messages).
func (d *Discord) getMessages(w http.ResponseWriter, r *http.Request) {
	c, ok := d.channel(w, r)
	if !ok {
		return
	}
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if query.Get("limit") == "" {
		limit = 50
	} else if err != nil || limit < 1 || limit > 100 {
		discordError(w, http.StatusBadRequest, 50035, "Invalid Form Body: limit: int value should be between 1 and 100.")
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	list := []any{}
	if d.unread {
		answerJSON(w, http.StatusOK, list)
		return
	}
	for _, m := range window(c.messages, query.Get("after"), query.Get("before"), limit) {
		wire := d.wire(m)
		delete(wire, "nonce") // is told when a message is made, and never again
		list = append(list, wire)
	}
	answerJSON(w, http.StatusOK, list)
}

// window cuts the part of a channel that is asked for: the oldest that follow an
// id, else the newest, of which none may follow another. It is newest first.
func window(all []*discordMessage, after, before string, limit int) (part []*discordMessage) {
	for _, m := range all {
		if (after == "" || older(after, m.ID)) && (before == "" || older(m.ID, before)) {
			part = append(part, m)
		}
	}
	if after != "" {
		part = part[:min(limit, len(part))]
	} else {
		part = part[max(0, len(part)-limit):]
	}
	for i, j := 0, len(part)-1; i < j; i, j = i+1, j-1 {
		part[i], part[j] = part[j], part[i]
	}
	return part
}

// older compares two snowflakes.
func older(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return len(a) < len(b) || len(a) == len(b) && a < b
}

// Chat has members post n messages.
func (d *Discord) Chat(channel string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, there := d.channels[channel]
	for i := 0; there && i < n; i++ {
		m := &discordMessage{author: "ada"}
		m.Message = Message{ID: d.nextID(), Channel: c.id, Author: "ada", Text: "hello", At: d.s.now()}
		c.messages = append(c.messages, m)
	}
}
