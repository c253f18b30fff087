package sandbox

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// ForbidHistory takes the scopes channels:history and groups:history from the
// app, or gives them back.
func (k *Slack) ForbidHistory(on bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.unread = on
}

// Leave takes the bot out of a public channel, where it may still post.
func (k *Slack) Leave(channel string) {
	k.change(channel, func(c *slackChannel) { c.member = false })
}

// scopes are those the app has at present.
func (k *Slack) scopes() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.unread {
		return scopes
	}
	return strings.ReplaceAll(strings.ReplaceAll(scopes, ",channels:history", ""), ",groups:history", "")
}

// history gives a channel's messages, newest first, page by page:
// https://docs.slack.dev/reference/methods/conversations.history
func (k *Slack) history(args arguments) (map[string]any, *refused) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.unread {
		return nil, &refused{code: "missing_scope", needed: "channels:history,groups:history,mpim:history,im:history"}
	}
	c, no := k.open(args.text("channel"))
	switch {
	case no != nil && no.code != "is_archived": // what is archived can be read
		return nil, no
	case no != nil:
		c = k.channels[args.text("channel")]
	}
	if !c.member {
		return nil, &refused{code: "not_in_channel"}
	}
	limit, err := strconv.Atoi(args.text("limit"))
	if args.text("limit") == "" {
		limit = 100
	} else if err != nil || limit < 1 || limit > 999 {
		return nil, &refused{code: "invalid_limit"}
	}
	last, no := readCursor(args.text("cursor"))
	if no != nil {
		return nil, no
	}
	list, more := []any{}, false
	for _, m := range slices.Backward(c.messages) {
		if oldest := args.text("oldest"); oldest != "" && !later(m.ID, oldest) || last != "" && !later(last, m.ID) {
			continue
		}
		if more = len(list) == limit; more {
			break
		}
		wire := k.wire(m)
		if args.text("include_all_metadata") != "true" {
			delete(wire, "metadata")
		}
		list = append(list, wire)
	}
	result := map[string]any{"messages": list, "has_more": more}
	if more {
		end, _ := list[len(list)-1].(map[string]any)
		ts, _ := end["ts"].(string)
		result["response_metadata"] = map[string]any{"next_cursor": base64.StdEncoding.EncodeToString([]byte("next_ts:" + ts))}
	}
	return result, nil
}

// readCursor gives the message after which a page begins.
func readCursor(cursor string) (ts string, no *refused) {
	if cursor == "" {
		return "", nil
	}
	text, err := base64.StdEncoding.DecodeString(cursor)
	ts, ok := strings.CutPrefix(string(text), "next_ts:")
	if err != nil || !ok {
		return "", &refused{code: "invalid_cursor"}
	}
	return ts, nil
}

// later compares two timestamps.
func later(a, b string) bool {
	x, xErr := strconv.ParseFloat(a, 64)
	y, yErr := strconv.ParseFloat(b, 64)
	return xErr == nil && yErr == nil && x > y
}

// Chat has members post n messages.
func (k *Slack) Chat(channel string, n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, there := k.channels[channel]
	for i := 0; there && i < n; i++ {
		m := k.message(c, slackBody{Text: "hello"})
		m.Author = "ada"
		c.messages = append(c.messages, m)
	}
}
