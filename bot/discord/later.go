package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/bot"
)

const (
	// lateTries is how often a late answer is sent; the first try may come before
	// Discord has noted the promise.
	lateTries = 3
	// lateGrace is how long a shutdown waits for late answers.
	lateGrace = 8 * time.Second
)

// promise is what was said of an answer before it was known. Discord keeps to
// it: a promised message stays as private or public as it was promised.
type promise struct {
	interaction *dgo.Interaction
	update      bool // the answer changes the message whose button was pressed
	private     bool
}

// promised guesses who will see an answer that is not known yet.
func (c *Client) promised(i *dgo.Interaction) promise {
	return promise{interaction: i, update: i.Type == dgo.InteractionMessageComponent && turns(i), private: c.private(i)}
}

// callback makes the promise.
func (p promise) callback() callback {
	switch {
	case p.update:
		return callback{Type: typeDeferUpdate}
	case p.private:
		return callback{Type: typeDeferred, Data: json.RawMessage(fmt.Sprintf(`{"flags":%d}`, flagEphemeral))}
	default:
		return callback{Type: typeDeferred}
	}
}

// keep waits for the answer and sends what was promised.
func (c *Client) keep(p promise, done <-chan bot.Reply) {
	overdue := time.NewTimer(workLimit)
	defer overdue.Stop()
	var reply bot.Reply
	select {
	case reply = <-done:
	case <-overdue.C:
		reply = sentence("That took too long. See whether it was done, then try again.")
	}
	ctx, cancel := context.WithTimeout(context.Background(), workLimit)
	defer cancel()
	if err := c.followUp(ctx, p, reply); err != nil {
		c.log.Error("a late answer was not delivered", "error", err)
	}
}

// followUp sends a late answer. A sentence for the member alone takes the place
// neither of a message all see nor of the public answer that was promised: it
// comes as a message of its own.
func (c *Client) followUp(ctx context.Context, p promise, reply bot.Reply) error {
	err := c.followUpOnce(ctx, p, reply)
	if words := reply.WithoutPictures(); err != nil && len(words.Message.Blocks) < len(reply.Message.Blocks) {
		return c.followUpOnce(ctx, p, words)
	}
	return err
}

func (c *Client) followUpOnce(ctx context.Context, p promise, reply bot.Reply) error {
	webhook := "/webhooks/" + p.interaction.AppID + "/" + p.interaction.Token
	original := webhook + "/messages/@original"
	apart := p.update && !reply.Update
	if !p.update && !p.private && reply.Private {
		apart = c.late(ctx, http.MethodDelete, original, payload{}) == nil
	}
	if apart {
		return c.late(ctx, http.MethodPost, webhook, c.shown(reply, reply.Private))
	}
	return c.late(ctx, http.MethodPatch, original, c.shown(reply, false))
}

// late sends one request about a late answer. The interaction's token is part of
// the address, so no error holds that.
func (c *Client) late(ctx context.Context, method, path string, body payload) error {
	for try := 1; ; try++ {
		a, err := c.send(ctx, method, path, body)
		if err == nil && a.Status < http.StatusMultipleChoices {
			return nil
		}
		pause := c.latePause * time.Duration(try)
		if err == nil {
			f := failure(a)
			pause = max(pause, f.After)
			if err = f; a.Status == http.StatusBadRequest || a.Status == http.StatusForbidden || a.Status == http.StatusRequestEntityTooLarge {
				return err
			}
		}
		if try == lateTries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// errands are answers on their way. A shutdown waits for them.
type errands struct {
	mu   sync.Mutex
	open int
	none chan struct{} // closed when none is open any more; nil while nobody waits
}

// begin notes an errand; it is over when end is called.
func (e *errands) begin() (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open++
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.open--; e.open == 0 && e.none != nil {
			close(e.none)
			e.none = nil
		}
	}
}

// wait returns when no errand is open, or when the limit is over.
func (e *errands) wait() {
	e.mu.Lock()
	if e.open == 0 {
		e.mu.Unlock()
		return
	}
	if e.none == nil {
		e.none = make(chan struct{})
	}
	none := e.none
	e.mu.Unlock()
	select {
	case <-none:
	case <-time.After(lateGrace):
	}
}
