package slack

import (
	"context"
	"errors"
	"fmt"

	"sparkbot/notify"
	"sparkbot/notify/pace"
)

// Edit puts an encoded message in place of one that was posted before:
// https://docs.slack.dev/reference/methods/chat.update. The message keeps its
// metadata. Any error is a *notify.Failure; Missing when the message is not there
// or is older than the workspace lets messages be edited.
func (c *Client) Edit(ctx context.Context, e notify.Envelope, messageID string, b notify.Body) error {
	ctx = pace.Queue(ctx)
	if !channelID(e.Channel) {
		return &notify.Failure{Kind: notify.Permanent, Reason: "the channel's id is none of Slack's"}
	}
	content, shown := c.illustrated(ctx, e.Workspace, b, c.pictureWait)
	err := c.editOnce(ctx, e, messageID, content)
	if shown && refusedForBlocks[codeOf(err)] {
		c.files.forget(e.Workspace, b.Pictures)
		return c.editOnce(ctx, e, messageID, words(b))
	}
	return err
}

func (c *Client) editOnce(ctx context.Context, e notify.Envelope, messageID string, content []byte) error {
	message, err := instead(e.Channel, messageID, content)
	if err != nil {
		return &notify.Failure{Kind: notify.Permanent, Reason: "the message could not be encoded", Err: err}
	}
	a, err := c.call(ctx, e.Workspace, "chat.update", e.Channel+" "+messageID, message)
	if f, ok := errors.AsType[*notify.Failure](err); ok {
		return f
	}
	if err != nil { // an edit that arrived unseen does no harm when it is repeated
		return &notify.Failure{Kind: notify.Transient, Reason: "Slack did not answer", Err: err}
	}
	f := c.failed(e.Workspace, a)
	switch {
	case f == nil:
		return nil
	case missing[codeOf(f)]:
		f.Kind, f.Reason = notify.Missing, "the message was deleted or cannot be edited any more"
	case f.Kind == notify.Ambiguous:
		f.Kind = notify.Transient
	case f.Kind == notify.Throttled && codeOf(f) == "ratelimited":
		f.Scope = notify.ScopeMessage // Slack counts edits apart: what is posted need not wait
	}
	return f
}

// missing are Slack's errors that say a message cannot be edited any more.
var missing = map[string]bool{"message_not_found": true, "cant_update_message": true, "edit_window_closed": true, "is_inactive": true}

// instead puts channel and timestamp in front of an encoded message.
func instead(channel, ts string, encoded []byte) ([]byte, error) {
	if len(encoded) < 2 || encoded[0] != '{' {
		return nil, errors.New("no encoded message")
	}
	out := make([]byte, 0, len(encoded)+128)
	out = fmt.Appendf(out, `{"channel":%q,"ts":%q,`, channel, ts)
	return append(out, encoded[1:]...), nil
}
