package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"time"

	api "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const (
	firstRetry   = time.Second
	longestRetry = 2 * time.Minute
)

// Run authenticates and, where an app token is set, keeps a Socket Mode
// connection, until ctx ends. A Slack that is away or refuses a token is tried
// again, ever more slowly; Ready tells meanwhile.
func (c *Client) Run(ctx context.Context, a Answerer) error {
	if !c.persist(ctx, "log in", c.authenticate) {
		return nil
	}
	if c.appToken == "" {
		<-ctx.Done()
		return nil
	}
	c.persist(ctx, "hold Socket Mode", func(ctx context.Context) error { return c.hold(ctx, a) })
	return nil
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
// scope that Slack refuses it would try for ever, so that ends it here.
func (c *Client) hold(parent context.Context, a Answerer) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	defer c.socketIs("not connected")
	client := socketmode.New(
		api.New(c.token, api.OptionAppLevelToken(c.appToken), api.OptionAPIURL(c.base), api.OptionHTTPClient(c.http), api.OptionLog(log.New(io.Discard, "", 0))),
		socketmode.OptionLog(log.New(io.Discard, "", 0)),
	)
	ended := make(chan error, 1)
	go func() { ended <- client.RunContext(ctx) }()
	for {
		select {
		case err := <-ended:
			if err == nil {
				err = errors.New("the connection ended")
			}
			return err
		case e := <-client.Events:
			if err := c.event(ctx, client, e, a); err != nil {
				cancel()
				_ = drain(client, ended) // it ends because it was cut off
				return err
			}
		}
	}
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
	case socketmode.EventTypeConnecting, socketmode.EventTypeDisconnect:
		c.socketIs("connecting")
	case socketmode.EventTypeInvalidAuth:
		return errors.New("Slack refuses the app token; generate one with connections:write and set SPARKBOT_SLACK_APP_TOKEN")
	case socketmode.EventTypeConnectionError:
		c.socketIs("not connected")
		if failed, ok := e.Data.(*api.ConnectionErrorEvent); ok {
			if refused, ok := errors.AsType[api.SlackErrorResponse](failed.ErrorObj); ok {
				return fmt.Errorf("Slack refuses Socket Mode: %s", refused.Err)
			}
			c.log.Warn("Socket Mode is interrupted", "attempt", failed.Attempt, "error", withoutURL(failed.ErrorObj))
		}
	case socketmode.EventTypeSlashCommand:
		if e.Request != nil {
			go c.socketCommand(ctx, client, *e.Request, a)
		}
	case socketmode.EventTypeInteractive:
		if e.Request != nil {
			go c.socketButton(ctx, client, *e.Request, a)
		}
	case socketmode.EventTypeErrorBadMessage:
		c.unread(ctx, client, e, a)
	}
	return nil
}

// unread handles what the library could not read into its types. Buttons are
// read here anyway, and one that Slack describes in a new way is still a button.
func (c *Client) unread(ctx context.Context, client *socketmode.Client, e socketmode.Event, a Answerer) {
	bad, ok := e.Data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	var r socketmode.Request
	if err := json.Unmarshal(bad.Message, &r); err == nil && r.Type == socketmode.RequestTypeInteractive {
		go c.socketButton(ctx, client, r, a)
		return
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
		c.acknowledge(client, r, nil)
		c.log.Error("a command is not readable", "error", err)
		return
	}
	in := incoming{id: p.TriggerID, team: p.TeamID, channel: p.ChannelID, user: p.UserID, text: unescape(p.Text), responseURL: p.ResponseURL}
	done := c.start(in, a)
	timer := time.NewTimer(c.patience)
	defer timer.Stop()
	select {
	case reply := <-done:
		c.acknowledge(client, r, c.shown(in, reply))
	case <-timer.C:
		c.acknowledge(client, r, nil)
		c.respond(context.WithoutCancel(ctx), in, <-done)
	}
}

// socketButton acknowledges at once; the reply goes to the response_url.
func (c *Client) socketButton(ctx context.Context, client *socketmode.Client, r socketmode.Request, a Answerer) {
	c.acknowledge(client, r, nil)
	in, act, err := pressed(r.Payload)
	if err != nil {
		c.log.Error("a button is not readable", "error", err)
		return
	}
	if act {
		c.respond(context.WithoutCancel(ctx), in, <-c.start(in, a))
	}
}

func (c *Client) acknowledge(client *socketmode.Client, r socketmode.Request, payload []byte) {
	var err error
	if payload == nil {
		err = client.Ack(r)
	} else {
		err = client.Ack(r, json.RawMessage(payload))
	}
	if err != nil {
		c.log.Error("a command could not be acknowledged", "error", err)
	}
}

func (c *Client) socketIs(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.socket = state
}
