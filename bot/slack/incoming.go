package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"sparkbot/bot"
	"sparkbot/notify"
	"sparkbot/store"
)

// Answerer says what commands come to, and what stands in the app's home.
type Answerer interface {
	Answer(ctx context.Context, r bot.Request) bot.Reply
	Home(ctx context.Context, p store.Platform, workspace string) notify.Message
}

const (
	// firstAnswer leaves a second of Slack's three for the way back:
	// https://docs.slack.dev/interactivity/implementing-slash-commands
	firstAnswer = 2 * time.Second
	// workLimit bounds the work on one command; its response_url lasts 30 minutes.
	workLimit = 30 * time.Second
)

// incoming is a command or a button as it came.
type incoming struct {
	id, team, channel, user string
	text                    string
	button                  bool
	responseURL             string
}

// slash reads a slash command's form.
func slash(form url.Values) incoming {
	return incoming{
		id: form.Get("trigger_id"), team: form.Get("team_id"), channel: form.Get("channel_id"), user: form.Get("user_id"),
		text: unescape(form.Get("text")), responseURL: form.Get("response_url"),
	}
}

// pressed reads a block_actions payload; false means that nothing is to be done,
// as when a link was opened.
func pressed(payload []byte) (incoming, bool, error) {
	var p struct {
		Type        string `json:"type"`
		TriggerID   string `json:"trigger_id"`
		ResponseURL string `json:"response_url"`
		Team        struct {
			ID string `json:"id"`
		} `json:"team"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
		Channel struct {
			ID string `json:"id"`
		} `json:"channel"`
		Actions []struct {
			Type  string `json:"type"`
			Value string `json:"value"`
		} `json:"actions"`
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return incoming{}, false, fmt.Errorf("the interaction is not readable: %w", err)
	}
	if p.Type != "block_actions" || len(p.Actions) != 1 || p.Actions[0].Type != "button" || p.Actions[0].Value == "" || p.Channel.ID == "" {
		return incoming{}, false, nil
	}
	return incoming{
		id: p.TriggerID, team: p.Team.ID, channel: p.Channel.ID, user: p.User.ID,
		text: p.Actions[0].Value, button: true, responseURL: p.ResponseURL,
	}, true, nil
}

var escaped = regexp.MustCompile(`<([^<>|]*)(?:\|([^<>]*))?>`)

// unescape undoes what Slack does to a typed text: entities, and links and
// mentions in angle brackets.
func unescape(s string) string {
	s = escaped.ReplaceAllStringFunc(s, func(m string) string {
		part := escaped.FindStringSubmatch(m)
		if part[2] != "" {
			return part[2]
		}
		return strings.TrimLeft(part[1], "#@!")
	})
	return noEntities.Replace(s)
}

// start begins to work out the reply; the channel gives it when it is there.
func (c *Client) start(in incoming, a Answerer) <-chan bot.Reply {
	done := make(chan bot.Reply, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), workLimit)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				c.log.Error("a command panicked", "panic", p, "stack", string(debug.Stack()))
				done <- sentence("Something went wrong on our side; please try again.")
			}
		}()
		reply := c.reply(ctx, in, a)
		c.provide(ctx, in.team, reply)
		done <- reply
	}()
	return done
}

// guarded runs f and outlives a panic in it.
func (c *Client) guarded(f func()) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("an answer panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	f()
}

func (c *Client) reply(ctx context.Context, in incoming, a Answerer) bot.Reply {
	if team := c.ourTeam(); team != "" && in.team != team {
		return sentence("This app is set up for another workspace.")
	}
	command, err := bot.Parse(in.text)
	if err != nil {
		return sentence(err.Error())
	}
	r := bot.Request{
		ID: in.id, Platform: store.Slack, Workspace: in.team, Channel: in.channel, User: in.user, Button: in.button, Command: command, At: c.now(),
	}
	if r.Manager, err = c.manager(ctx, in.team, in.user, command.Verb); err != nil {
		return sentence(err.Error())
	}
	reply := a.Answer(ctx, r)
	if !open(command.Verb) {
		c.RefreshHomes(in.team)
	}
	return reply
}

// shown is a reply as it stands in an answer or goes to a response_url.
func (c *Client) shown(in incoming, reply bot.Reply) []byte {
	encoded, err := reply.Encode(c.Encode)
	if err != nil {
		c.log.Error("a reply does not fit", "error", err)
		encoded, _ = c.Encode(sentence("The answer is too long for one message here; ask for a part of it.").Message)
	}
	kind := "in_channel"
	if reply.Private {
		kind = "ephemeral"
	}
	head := fmt.Sprintf(`{"response_type":%q,"replace_original":false,`, kind)
	if reply.Update && in.button {
		head = `{"replace_original":true,`
	}
	head += `"unfurl_links":false,"unfurl_media":false,`
	content, _ := c.illustrated(context.Background(), in.team, encoded, 0)
	return append([]byte(head), content[1:]...)
}

// sentence is a private reply of one sentence.
func sentence(s string) bot.Reply {
	return bot.Reply{Private: true, Message: notify.Message{Fallback: s, Blocks: []notify.Block{notify.Text{Spans: []notify.Span{{Text: s}}}}}}
}

// respond sends a reply to a response_url. Only Slack's own host is asked, since
// the address came over the network.
func (c *Client) respond(ctx context.Context, in incoming, reply bot.Reply) {
	if err := c.allowed(in.responseURL); err != nil {
		c.log.Error("a reply was not sent", "error", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := c.respondOnce(ctx, in, reply)
	if bare := reply.WithoutPictures(); err != nil && len(bare.Message.Blocks) < len(reply.Message.Blocks) {
		err = c.respondOnce(ctx, in, bare)
	}
	if err != nil {
		c.log.Error("a reply was not taken by Slack", "error", err)
	}
}

func (c *Client) respondOnce(ctx context.Context, in incoming, reply bot.Reply) error {
	a, err := c.send(ctx, in.responseURL, "", c.shown(in, reply))
	if err == nil && a.Status >= 300 {
		err = fmt.Errorf("status %d", a.Status)
	}
	return err
}

func (c *Client) allowed(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the response_url is not readable")
	}
	own, err := url.Parse(c.base)
	if err != nil {
		return errors.New("slack.api_url is not readable")
	}
	if u.Scheme == "https" && u.Host == "hooks.slack.com" || u.Host == own.Host && u.Scheme == own.Scheme {
		return nil
	}
	return errors.New("the response_url is not on hooks.slack.com")
}
