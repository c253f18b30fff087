package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sparkbot/bot/wire"
	"sparkbot/notify"
	"sparkbot/notify/pace"
)

const (
	// epoch is the first millisecond of Discord's ids, which hold the time they
	// were given: https://discord.com/developers/docs/reference#snowflakes
	epoch = 1420070400000
	// pageSize is how many messages Discord gives at once, at most.
	pageSize = 100
	// maxPages bounds how much of a channel one question reads: a thousand
	// messages from the moment of doubt on.
	maxPages = 10
	// containerType is the kind of component every message of ours is.
	containerType = 17
)

// fingerprint is the id by which a message is recognized when it is read back: Discord
// forgets a message's nonce, but keeps the ids of its components. It has 31 bits,
// of which the highest is always set, because Discord counts the components that
// have none from 1.
func fingerprint(nonce string) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(nonce)) // never fails
	return int64(h.Sum32()&0x3fffffff | 0x40000000)
}

// Find looks for the message that carries the envelope's nonce among those posted
// to its channel from since on, by our clock. asked is false where Discord does
// not let the bot read the channel. Without Read Message History Discord shows no
// message at all, which cannot be told from a channel without any. Any error is a
// *notify.Failure.
func (c *Client) Find(ctx context.Context, e notify.Envelope, since time.Time) (messageID string, asked bool, err error) {
	ctx = pace.Queue(ctx)
	if !snowflake(e.Channel) || e.Nonce == "" {
		return "", false, nil
	}
	after := before(since.Add(time.Duration(c.ahead.Load())))
	for range maxPages {
		page, asked, err := c.page(ctx, e.Channel, after)
		if err != nil || !asked {
			return "", false, err
		}
		for _, m := range page {
			if m.carries(e.Nonce) {
				return m.ID, true, nil
			}
			after = newer(after, m.ID)
		}
		if len(page) < pageSize {
			break
		}
	}
	return "", true, nil
}

// foundMessage is what is read of a message to recognize it.
type foundMessage struct {
	ID         string          `json:"id"`
	Nonce      json.RawMessage `json:"nonce"`
	Components []struct {
		Type int   `json:"type"`
		ID   int64 `json:"id"`
	} `json:"components"`
}

// carries reports whether the message was posted under the nonce.
func (m foundMessage) carries(nonce string) bool {
	if string(m.Nonce) == strconv.Quote(nonce) {
		return true
	}
	for _, part := range m.Components {
		if part.Type == containerType && part.ID == fingerprint(nonce) {
			return true
		}
	}
	return false
}

// page reads the messages that follow the id after, newest first.
func (c *Client) page(ctx context.Context, channel, after string) (page []foundMessage, asked bool, err error) {
	query := url.Values{"after": {after}, "limit": {strconv.Itoa(pageSize)}}
	a, err := c.request(ctx, http.MethodGet, "/channels/"+channel+"/messages?"+query.Encode(), nil)
	if f, ok := errors.AsType[*notify.Failure](err); ok { // it was not sent
		return nil, false, f
	}
	if err != nil {
		return nil, false, &notify.Failure{Kind: notify.Transient, Reason: "Discord did not say whether the message arrived", Err: err}
	}
	if a.Status != http.StatusOK {
		f := failure(a)
		switch {
		case f.Kind == notify.Gone || a.Status == http.StatusForbidden && f.Kind != notify.Throttled:
			return nil, false, nil
		case f.Kind != notify.Throttled:
			f.Kind = notify.Transient // what failed is the question
		}
		return nil, false, f
	}
	if err := json.Unmarshal(a.Body, &page); err != nil {
		return nil, false, &notify.Failure{Kind: notify.Transient, Reason: "Discord's list of messages is not readable", Err: err}
	}
	return page, true, nil
}

// before gives the first id that Discord could have given at t.
func before(t time.Time) string {
	return strconv.FormatInt(max(t.UnixMilli()-epoch, 0)<<22, 10)
}

// newer gives the later of two ids.
func newer(a, b string) string {
	if len(b) > len(a) || len(b) == len(a) && b > a {
		return b
	}
	return a
}

// heed notes how far Discord's clock is ahead of ours, by the date of an answer.
func (c *Client) heed(a wire.Answer) {
	if date, err := http.ParseTime(a.Header("Date")); err == nil {
		c.ahead.Store(int64(date.Sub(c.now())))
	}
}

// marked puts the mark of a nonce into an encoded container.
func marked(box []byte, nonce string) []byte {
	if nonce == "" {
		return box
	}
	return append(fmt.Appendf(make([]byte, 0, len(box)+24), `{"id":%d,`, fingerprint(nonce)), box[1:]...)
}
