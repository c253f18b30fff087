package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	api "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"sparkbot/bot/wire"
)

const (
	firstRetry   = time.Second
	longestRetry = 2 * time.Minute
)

// Run authenticates and, where an app token is set, keeps a Socket Mode
// connection in its turn, until ctx ends. A Slack that is away or refuses a token is tried
// again, ever more slowly; Ready tells meanwhile.
func (c *Client) Run(ctx context.Context, a Answerer) error {
	c.mu.Lock()
	c.answerer = a
	c.mu.Unlock()
	var sweeping sync.WaitGroup
	sweeping.Go(func() { c.sweep(ctx) })
	defer sweeping.Wait()
	defer c.wire.CloseIdle()
	if !c.persist(ctx, "log in", c.Accepted) || !c.persist(ctx, "let the workspace hear again", c.back) {
		return nil
	}
	if c.appToken == "" {
		<-ctx.Done()
		return nil
	}
	c.persist(ctx, "hold Socket Mode", func(ctx context.Context) error {
		return c.inTurn(ctx, func(ctx context.Context) error {
			err := c.hold(ctx, a)
			c.socketIs("not connected: " + err.Error())
			return err
		})
	})
	return nil
}

// inTurn does something once it is this replica's turn. A connection that cannot
// be held gives the turn back, so that a replica which reaches Slack may try.
func (c *Client) inTurn(ctx context.Context, do func(context.Context) error) error {
	if c.turn == nil {
		return do(ctx)
	}
	return c.turn.Do(ctx, do)
}

// persist does something until it succeeds or ctx ends.
func (c *Client) persist(ctx context.Context, what string, do func(context.Context) error) bool {
	wait := firstRetry
	for {
		began := c.now()
		err := do(ctx)
		if ctx.Err() != nil {
			return false
		}
		if err == nil {
			return true
		}
		if c.now().Sub(began) > longestRetry {
			wait = firstRetry // it worked for a while
		}
		pause := wait/2 + rand.N(wait/2+1)
		c.log.Warn("could not "+what+", will try again", "error", err, "in", pause.Round(time.Millisecond).String())
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
		wait = min(2*wait, longestRetry)
	}
}

// hold runs one Socket Mode client and returns when it must be replaced, always
// with an error. The client reconnects by itself after a drop; an app token or
// scope that Slack refuses it would try for ever, so that ends it here. It lets
// go of a connection before it opens the next, so a command typed in that second
// is lost; commands over HTTP know no such gap.
func (c *Client) hold(parent context.Context, a Answerer) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	client := socketmode.New(
		api.New(c.tokens.only, api.OptionAppLevelToken(c.appToken), api.OptionAPIURL(c.base), api.OptionHTTPClient(c.libraries), api.OptionLog(log.New(io.Discard, "", 0))),
		socketmode.OptionLog(log.New(io.Discard, "", 0)), socketmode.OptionReadLimit(wire.MaxAnswer),
	)
	ended := make(chan error, 1)
	go func() { ended <- client.RunContext(ctx) }()
	for {
		select {
		case err := <-ended:
			return refusal(err)
		case e := <-client.Events:
			if err := c.event(ctx, client, e, a); err != nil {
				cancel()
				_ = drain(client, ended) // it ends because it was cut off
				return err
			}
		}
	}
}

// withoutURL takes the address, which may hold a token, out of a library's error.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// drain takes events until the client has ended, because it waits for them to be
// taken.
func drain(client *socketmode.Client, ended <-chan error) error {
	for {
		select {
		case err := <-ended:
			return err
		case <-client.Events:
		}
	}
}

// event handles one event; an error ends the client.
func (c *Client) event(ctx context.Context, client *socketmode.Client, e socketmode.Event, a Answerer) error {
	switch e.Type {
	case socketmode.EventTypeConnected:
		c.socketIs("")
		c.log.Info("connected to Slack's Socket Mode")
	case socketmode.EventTypeConnecting:
		c.reconnecting()
	case socketmode.EventTypeInvalidAuth:
		return errors.New("there is no Slack at this address; check slack.api_url")
	case socketmode.EventTypeConnectionError:
		if failed, ok := e.Data.(*api.ConnectionErrorEvent); ok {
			if _, refused := errors.AsType[api.SlackErrorResponse](failed.ErrorObj); refused {
				return refusal(failed.ErrorObj)
			}
			err := withoutURL(failed.ErrorObj)
			c.socketIs("not connected: " + err.Error())
			c.log.Warn("Socket Mode is interrupted", "attempt", failed.Attempt, "error", err)
		}
	case socketmode.EventTypeSlashCommand:
		if e.Request != nil {
			go c.guarded(func() { c.socketCommand(ctx, client, *e.Request, a) })
		}
	case socketmode.EventTypeInteractive:
		if e.Request != nil {
			go c.guarded(func() { c.socketButton(ctx, client, *e.Request, a) })
		}
	case socketmode.EventTypeEventsAPI:
		if e.Request != nil {
			go c.guarded(func() { c.socketEvent(ctx, client, *e.Request, a) })
		}
	case socketmode.EventTypeErrorBadMessage:
		c.unread(ctx, client, e, a)
	}
	return nil
}

// refusal says what is wrong with the app token, where Slack says so, and how to
// mend it.
func refusal(err error) error {
	if err == nil {
		return errors.New("the connection ended")
	}
	code := err.Error()
	if said, ok := errors.AsType[api.SlackErrorResponse](err); ok {
		code = said.Err
	}
	switch code {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type":
		return fmt.Errorf("Slack refuses the app token (%s); generate one with the scope connections:write and set SPARKBOT_SLACK_APP_TOKEN", code)
	case "missing_scope":
		return errors.New("the app token lacks the scope connections:write; generate one with it and set SPARKBOT_SLACK_APP_TOKEN")
	default:
		return fmt.Errorf("Slack refuses Socket Mode: %w", withoutURL(err))
	}
}

// unread handles what the library could not read into its types. Buttons are
// read here anyway, and one that Slack describes in a new way is still a button.
func (c *Client) unread(ctx context.Context, client *socketmode.Client, e socketmode.Event, a Answerer) {
	bad, ok := e.Data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	var r socketmode.Request
	if err := json.Unmarshal(bad.Message, &r); err == nil {
		switch r.Type {
		case socketmode.RequestTypeInteractive:
			go c.guarded(func() { c.socketButton(ctx, client, r, a) })
			return
		case socketmode.RequestTypeEventsAPI:
			go c.guarded(func() { c.socketEvent(ctx, client, r, a) })
			return
		}
	}
	c.log.Warn("a message over Socket Mode is not readable", "error", bad.Cause)
}

// socketCommand acknowledges with the reply when that is ready in time.
func (c *Client) socketCommand(ctx context.Context, client *socketmode.Client, r socketmode.Request, a Answerer) {
	var p struct {
		TriggerID   string `json:"trigger_id"`
		TeamID      string `json:"team_id"`
		ChannelID   string `json:"channel_id"`
		UserID      string `json:"user_id"`
		Text        string `json:"text"`
		ResponseURL string `json:"response_url"`
	}
	if err := json.Unmarshal(r.Payload, &p); err != nil {
		c.acknowledge(ctx, client, r)
		c.log.Error("a command is not readable", "error", err)
		return
	}
	in := incoming{id: p.TriggerID, team: p.TeamID, channel: p.ChannelID, user: p.UserID, text: unescape(p.Text), responseURL: p.ResponseURL}
	done := c.start(in, a)
	timer := time.NewTimer(c.patience)
	defer timer.Stop()
	select {
	case reply := <-done:
		// The client refuses an acknowledgement of 20 KB, which Slack would drop
		// without a word: such a reply takes the long way.
		if r.AcceptsResponsePayload && client.AckCtx(ctx, r.EnvelopeID, json.RawMessage(c.shown(in, reply))) == nil {
			return
		}
		c.acknowledge(ctx, client, r)
		c.respond(context.WithoutCancel(ctx), in, reply)
	case <-timer.C:
		c.acknowledge(ctx, client, r)
		c.respond(context.WithoutCancel(ctx), in, <-done)
	}
}

// socketButton acknowledges at once; the reply goes to the response_url.
func (c *Client) socketButton(ctx context.Context, client *socketmode.Client, r socketmode.Request, a Answerer) {
	c.acknowledge(ctx, client, r)
	in, act, err := pressed(r.Payload)
	if err != nil {
		c.log.Error("a button is not readable", "error", err)
		return
	}
	if act {
		c.respond(context.WithoutCancel(ctx), in, <-c.start(in, a))
	}
}

// socketEvent acknowledges an event that was carried out; one that was not comes
// again.
func (c *Client) socketEvent(ctx context.Context, client *socketmode.Client, r socketmode.Request, a Answerer) {
	var e happening
	if err := json.Unmarshal(r.Payload, &e); err != nil {
		c.log.Error("an event is not readable", "error", err)
	} else if err := c.happened(ctx, e, a); err != nil {
		c.log.Error("an event could not be carried out, and is awaited again", "event", e.Event.Type, "workspace", e.Team, "error", err)
		return
	}
	c.acknowledge(ctx, client, r)
}

// acknowledge says no more than that a request has come.
func (c *Client) acknowledge(ctx context.Context, client *socketmode.Client, r socketmode.Request) {
	if err := client.AckCtx(ctx, r.EnvelopeID, nil); err != nil {
		c.log.Error("a request could not be acknowledged", "error", err)
	}
}

func (c *Client) socketIs(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.socket = state
}

// reconnecting keeps the reason why the last attempt failed, if it did.
func (c *Client) reconnecting() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket == "" {
		c.socket = "connecting again"
	}
}
