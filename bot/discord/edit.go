package discord

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"sparkbot/notify"
	"sparkbot/notify/pace"
)

// uneditable are the codes of Discord's errors that say a message cannot be
// edited any more, however often that is tried:
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
var uneditable = []int{
	10008, // unknown message
	50005, // the message of somebody else
	50021, // a message of Discord's own
}

// codeOldMessage is Discord's answer to one edit too many of messages older than
// an hour. Only these wait for it; what is posted newly does not.
const codeOldMessage = 30046

// Edit puts an encoded message in place of one that was posted before. Nobody is
// notified again: Discord tells of mentions only when a message is posted
// (https://discord.com/developers/docs/resources/message#edit-message). Any error
// is a *notify.Failure; Missing when the message is not there.
func (c *Client) Edit(ctx context.Context, e notify.Envelope, messageID string, b notify.Body) error {
	ctx = pace.Queue(ctx)
	if !snowflake(e.Channel) || !snowflake(messageID) {
		return &notify.Failure{Kind: notify.Permanent, Reason: "the channel's or the message's id is none of Discord's"}
	}
	err := c.editOnce(ctx, e, messageID, b)
	if err == nil || !pictureRefused(b, notify.Classify(err)) {
		return err
	}
	words, broken := wordsOf(b)
	if broken != nil {
		return err
	}
	return c.editOnce(ctx, e, messageID, words)
}

// editOnce edits with the pictures of the body, which take the place of those
// the message had. A body without any leaves the message's files where they are.
func (c *Client) editOnce(ctx context.Context, e notify.Envelope, messageID string, b notify.Body) error {
	body, err := complete(b, false, e.Roles, "")
	if err != nil {
		return &notify.Failure{Kind: notify.Permanent, Reason: "the message could not be encoded", Err: err}
	}
	a, err := c.send(ctx, http.MethodPatch, "/channels/"+e.Channel+"/messages/"+messageID, body)
	if f, ok := errors.AsType[*notify.Failure](err); ok { // it was not sent
		return f
	}
	if err != nil { // an edit that arrived unseen does no harm when it is repeated
		return &notify.Failure{Kind: notify.Transient, Reason: "Discord did not answer", Err: err}
	}
	if a.Status < http.StatusMultipleChoices {
		return nil
	}
	f := failure(a)
	var said apiError
	_ = json.Unmarshal(a.Body, &said) // what cannot be read has no code
	switch {
	case slices.Contains(uneditable, said.Code):
		f.Kind, f.Reason = notify.Missing, "the message was deleted or cannot be edited any more"
	case said.Code == codeOldMessage:
		f.Scope, f.Reason = notify.ScopeMessage, "Discord asks to wait before it lets older messages be edited"
	case f.Kind == notify.Ambiguous:
		f.Kind = notify.Transient
	}
	return f
}
