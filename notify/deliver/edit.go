package deliver

import (
	"context"
	"slices"

	"sparkbot/notify"
	"sparkbot/store"
)

// needless says why there is nothing to edit, or "" when there is. Edits that
// came one after the other are all made by the first of them that is claimed.
func needless(c *store.Claimed) string {
	switch {
	case c.Target.State != store.StateSent:
		return "what it would edit was not posted"
	case c.Target.MessageID == "":
		return "it is not known which message to edit"
	}
	for _, p := range c.Parts {
		if p.Shown < p.Revision {
			return ""
		}
	}
	return "the message shows it already"
}

// shown gives what a message composed now shows.
func shown(c *store.Claimed) []store.Part {
	parts := make([]store.Part, 0, len(c.Parts)+1)
	if c.Kind == store.DeliveryAlert {
		parts = append(parts, store.Part{DeliveryID: c.ID, MoveID: c.MoveID, Shown: c.Revision})
	}
	for _, p := range c.Parts {
		if p.DeliveryID != c.ID {
			p.Shown = p.Revision
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return parts
}

// shownInDoubt gives what a message shows that arrived before this claim: the
// moves as they were when it may have been posted first.
func shownInDoubt(c *store.Claimed) []store.Part {
	parts := shown(c)
	for i, p := range parts {
		parts[i].Shown = c.Shown
		if i := slices.IndexFunc(c.Parts, func(q store.Part) bool { return q.DeliveryID == p.DeliveryID }); i >= 0 {
			parts[i].Shown = c.Parts[i].Shown
		}
	}
	return parts
}

// send posts a body, or puts it in place of the message that is to be edited.
func (l *lane) send(ctx context.Context, c *store.Claimed, body notify.Body) (notify.Receipt, error) {
	if c.Kind != store.DeliveryEdit {
		return l.sender.Post(ctx, envelope(c), body)
	}
	e := envelope(c)
	e.Nonce = "" // the message keeps its own
	return notify.Receipt{MessageID: c.Target.MessageID}, l.sender.Edit(ctx, e, c.Target.MessageID, body)
}
