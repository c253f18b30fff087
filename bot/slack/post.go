package slack

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"

	"sparkbot/bot/wire"
	"sparkbot/notify"
	"sparkbot/notify/pace"
)

// eventType marks our messages' metadata, by which a message can be recognized
// when it is read back: https://docs.slack.dev/messaging/message-metadata
const eventType = "sparkbot_delivery"

// Post posts an encoded message to a channel. Its pictures go with it where Slack
// has them ready in time, and are left out where it has not. Any error is a
// *notify.Failure.
func (c *Client) Post(ctx context.Context, e notify.Envelope, b notify.Body) (notify.Receipt, error) {
	ctx = pace.Queue(ctx)
	user, private := strings.CutPrefix(e.Channel, "@")
	if private {
		e.Channel = user
	}
	if private && !memberID(user) || !private && !channelID(e.Channel) {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Permanent, Reason: "the channel's id is none of Slack's"}
	}
	content, shown := c.illustrated(ctx, e.Workspace, b, c.pictureWait)
	receipt, err := c.postOnce(ctx, e, content)
	if shown && refusedForBlocks[codeOf(err)] {
		c.files.forget(e.Workspace, b.Pictures)
		return c.postOnce(ctx, e, words(b))
	}
	return receipt, err
}

func (c *Client) postOnce(ctx context.Context, e notify.Envelope, content []byte) (notify.Receipt, error) {
	draft, _ := drafts.Get().(*[]byte)
	defer drafts.Put(draft)
	message, err := address(*draft, e, content)
	if err != nil {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Permanent, Reason: "the message could not be encoded", Err: err}
	}
	*draft = message[:0]
	a, err := c.call(ctx, e.Workspace, "chat.postMessage", e.Channel, message)
	if f, ok := errors.AsType[*notify.Failure](err); ok {
		return notify.Receipt{}, f
	}
	if err != nil {
		if wire.Unsent(err) {
			return notify.Receipt{}, &notify.Failure{Kind: notify.Transient, Scope: notify.ScopePlatform, Reason: "Slack could not be reached", Err: err}
		}
		return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "Slack's answer was lost", Err: err}
	}
	if f := c.failed(e.Workspace, a); f != nil {
		return notify.Receipt{}, f
	}
	if a.said.TS == "" {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "Slack's answer was not readable"}
	}
	return notify.Receipt{MessageID: a.said.TS}, nil
}

// drafts are where messages are put together, one after the other. A message has
// left, or never will, when its call returns.
var drafts = sync.Pool{New: func() any { return new([]byte) }}

// address writes an encoded message to out, with channel and metadata in front. No link in
// it is unfolded, because the message says all there is to say.
func address(out []byte, e notify.Envelope, encoded []byte) ([]byte, error) {
	if len(encoded) < 2 || encoded[0] != '{' {
		return nil, errors.New("no encoded message")
	}
	out = append(strconv.AppendQuote(append(out, `{"channel":`...), e.Channel), `,"unfurl_links":false,"unfurl_media":false,`...)
	if e.Nonce != "" {
		out = append(out, `"metadata":{"event_type":"`+eventType+`","event_payload":{"nonce":`...)
		out = append(strconv.AppendQuote(out, e.Nonce), `}},`...)
	}
	return append(out, encoded[1:]...), nil
}
