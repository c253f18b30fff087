package discord

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"strings"
	"time"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/bot"
	"sparkbot/notify"
	"sparkbot/store"
)

var errNoMember = errors.New("commands work in servers only")

// Answerer says what commands come to.
type Answerer interface {
	Answer(ctx context.Context, r bot.Request) bot.Reply
	Complete(ctx context.Context, kind, typed string, r bot.Request) []bot.Choice
}

const (
	// firstAnswer leaves a second of Discord's three for the way back:
	// https://discord.com/developers/docs/interactions/receiving-and-responding
	firstAnswer = 2 * time.Second
	// Limits of suggestions, in number and in the characters of each:
	// https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-choice-structure
	maxChoices = 25
	maxChoice  = 100
	// workLimit bounds the work on one interaction; its token lasts 15 minutes.
	workLimit = 30 * time.Second
)

// Types of answers to an interaction.
const (
	typePong        = 1
	typeMessage     = 4
	typeDeferred    = 5
	typeDeferUpdate = 6
	typeUpdate      = 7
	typeChoices     = 8
)

// callback is the first answer to an interaction.
type callback struct {
	Type  int              `json:"type"`
	Data  json.RawMessage  `json:"data,omitempty"`
	files []notify.Picture // that Data refers to
	// words, when there are files, is the same answer without them.
	words func() callback
}

// payload is the answer as a request or a response carries it.
func (f callback) payload() (payload, error) {
	text, err := json.Marshal(f)
	return payload{text, f.files}, err
}

// respond works out the first answer to an interaction. When the work takes too
// long the answer is deferred and later sends the rest; otherwise it is nil.
func (c *Client) respond(ctx context.Context, i *dgo.Interaction, a Answerer) (first callback, later func()) {
	if i.Type == dgo.InteractionPing {
		return callback{Type: typePong}, nil
	}
	if i.Type == dgo.InteractionApplicationCommandAutocomplete {
		return c.suggest(ctx, i, a), nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workLimit)
	done := make(chan bot.Reply, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				c.log.Error("an interaction panicked", "panic", p, "stack", string(debug.Stack()))
				done <- sentence("Something went wrong on our side; please try again.")
			}
		}()
		done <- c.answer(ctx, i, a)
	}()
	timer := time.NewTimer(c.patience)
	defer timer.Stop()
	select {
	case reply := <-done:
		cancel()
		return c.immediate(reply), nil
	case <-timer.C:
		p := c.promised(i)
		return p.callback(), func() {
			defer cancel()
			c.keep(p, done)
		}
	}
}

// answer carries out a command or a button.
func (c *Client) answer(ctx context.Context, i *dgo.Interaction, a Answerer) bot.Reply {
	r, err := c.incoming(i)
	if err != nil {
		return sentence(err.Error())
	}
	return a.Answer(ctx, r)
}

// incoming turns an interaction into a request. The error is for the member.
func (c *Client) incoming(i *dgo.Interaction) (bot.Request, error) {
	if i.Member == nil || i.Member.User == nil || !snowflake(i.Member.User.ID) || !snowflake(i.GuildID) || !snowflake(i.ChannelID) {
		return bot.Request{}, errNoMember
	}
	r := bot.Request{
		ID: i.ID, Platform: store.Discord, Workspace: i.GuildID, Channel: i.ChannelID, User: i.Member.User.ID,
		Manager: i.Member.Permissions&(dgo.PermissionManageGuild|dgo.PermissionAdministrator) != 0, At: c.now(),
	}
	var err error
	switch d := i.Data.(type) {
	case dgo.ApplicationCommandInteractionData:
		r.Command, err = command(d)
	case dgo.MessageComponentInteractionData:
		r.Button = true
		text, ok := strings.CutPrefix(d.CustomID, mark)
		if !ok {
			return r, errors.New("this button belongs to another version; ask again with a command")
		}
		r.Command, err = bot.Parse(text)
	default:
		return r, errors.New("this version does not know that kind of interaction")
	}
	return r, err
}

// private guesses, before the answer is known, whether only the member will see
// it: that must be said when an answer is deferred.
func (c *Client) private(i *dgo.Interaction) bool {
	r, err := c.incoming(i)
	public := err == nil && !r.Button && !r.Command.Private && (r.Command.Verb == bot.Show || r.Command.Verb == bot.All || r.Command.Verb == bot.Movers)
	return !public
}

// immediate is an answer that was ready in time.
func (c *Client) immediate(reply bot.Reply) callback {
	kind := typeMessage
	if reply.Update {
		kind = typeUpdate
	}
	p := c.shown(reply, reply.Private && !reply.Update)
	first := callback{Type: kind, Data: p.json, files: p.files}
	if len(p.files) > 0 {
		first.words = func() callback { return c.immediate(reply.WithoutPictures()) }
	}
	return first
}

// shown encodes a reply; one that cannot be shown says so.
func (c *Client) shown(reply bot.Reply, private bool) payload {
	box, err := reply.Encode(c.Encode)
	if err != nil {
		c.log.Error("a reply does not fit", "error", err)
		box, _ = c.Encode(sentence("The answer is too long for one message here; ask for a part of it.").Message)
	}
	body, err := complete(box, private, nil, "")
	if err != nil {
		c.log.Error("a reply cannot be encoded", "error", err)
		return payload{}
	}
	if reply.Update && len(body.files) == 0 { // the page before may have had a picture
		body.json = append(body.json[:len(body.json)-1], `,"attachments":[]}`...)
	}
	return body
}

// turns reports whether a button turns a page, which changes its own message.
func turns(i *dgo.Interaction) bool {
	d, ok := i.Data.(dgo.MessageComponentInteractionData)
	return ok && strings.Contains(d.CustomID, " page:")
}

// suggest answers while a member types. An empty list must be sent as such.
func (c *Client) suggest(ctx context.Context, i *dgo.Interaction, a Answerer) (first callback) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("suggesting panicked", "panic", p, "stack", string(debug.Stack()))
			first = callback{Type: typeChoices, Data: json.RawMessage(`{"choices":[]}`)}
		}
	}()
	type choice struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	list := []choice{}
	d, isCommand := i.Data.(dgo.ApplicationCommandInteractionData)
	name, typed, typing := focused(d.Options)
	if isCommand && typing && i.GuildID != "" {
		ctx, cancel := context.WithTimeout(ctx, firstAnswer)
		defer cancel()
		before := ""
		if name == "except" { // several, with commas between: complete the last
			name = bot.CompleteProject
			if at := strings.LastIndex(typed, ","); at >= 0 {
				before, typed = typed[:at+1], strings.TrimSpace(typed[at+1:])
			}
		}
		r := bot.Request{Platform: store.Discord, Workspace: i.GuildID, Channel: i.ChannelID, At: c.now()}
		for _, offered := range a.Complete(ctx, name, typed, r) {
			value := before + offered.Value
			if offered.Label != "" && length(value) <= maxChoice && len(list) < maxChoices {
				list = append(list, choice{Name: short(before+offered.Label, maxChoice), Value: value})
			}
		}
	}
	data, err := json.Marshal(map[string]any{"choices": list})
	if err != nil {
		c.log.Error("suggestions cannot be encoded", "error", err)
	}
	return callback{Type: typeChoices, Data: data}
}

// sentence is a private reply of one sentence.
func sentence(s string) bot.Reply {
	return bot.Reply{Private: true, Message: notify.Message{Accent: 0x8B5CF6, Fallback: s, Blocks: []notify.Block{notify.Text{Spans: []notify.Span{{Text: s}}}}}}
}
