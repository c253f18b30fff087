package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Time limits of an interaction:
// https://discord.com/developers/docs/interactions/receiving-and-responding
const (
	firstAnswerWithin = 3 * time.Second
	followUpWithin    = time.Minute
)

// Types of interactions, and of the answers to them.
const (
	interactionCommand   = 2
	interactionComponent = 3
	interactionComplete  = 4
	interactionModal     = 5

	answerMessage     = 4
	answerLater       = 5
	answerUpdateLater = 6
	answerUpdate      = 7
	answerChoices     = 8
	answerModal       = 9
)

// interaction is one that waits for its answers.
type interaction struct {
	channel string
	user    string
	command string          // as typed; empty for anything but a command
	message *discordMessage // whose button was pressed
	first   chan discordAnswer
	late    chan discordBody
	private bool
}

type discordAnswer struct {
	Type  int             `json:"type"`
	Data  json.RawMessage `json:"data"`
	files []upload
}

// Choice is a suggestion of autocomplete.
type Choice struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// RunText has a member type a command.
func (d *Discord) RunText(ctx context.Context, user, channel, text string) (Answer, error) {
	inv, err := d.ParseInvocation(user, channel, text)
	if err != nil {
		return Answer{}, err
	}
	return d.Run(ctx, inv)
}

// Run has a member give a command and waits for what they see.
func (d *Discord) Run(ctx context.Context, inv Invocation) (Answer, error) {
	data, err := d.data(inv, "")
	if err != nil {
		return Answer{}, err
	}
	i := d.wait(inv.User, inv.Channel, nil)
	i.command = inv.String()
	return d.interact(ctx, i, interactionCommand, inv.Guest, data)
}

// Complete has a member type in an option and gives what is suggested.
func (d *Discord) Complete(ctx context.Context, inv Invocation, focused string) ([]Choice, error) {
	data, err := d.data(inv, focused)
	if err != nil {
		return nil, err
	}
	i := d.wait(inv.User, inv.Channel, nil)
	first, err := d.send(ctx, i, d.payload(i, interactionComplete, inv.Guest, data))
	if err != nil {
		return nil, err
	}
	var list struct {
		Choices *[]Choice `json:"choices"`
	}
	if err := json.Unmarshal(first.Data, &list); err != nil || first.Type != answerChoices || list.Choices == nil {
		return nil, fmt.Errorf("the answer to autocomplete has type %d and no choices", first.Type)
	}
	if len(*list.Choices) > 25 {
		return nil, errors.New("more than 25 choices")
	}
	return *list.Choices, nil
}

// Press has a member press a button, found by its custom_id or label.
func (d *Discord) Press(ctx context.Context, user, messageID, button string) (Answer, error) {
	m, err := d.visible(user, messageID)
	if err != nil {
		return Answer{}, err
	}
	at := slices.IndexFunc(m.Buttons, func(b Button) bool { return b.Value != "" && (b.Value == button || b.Label == button) })
	if at < 0 {
		return Answer{}, fmt.Errorf("the message has no button %q", button)
	}
	return d.interact(ctx, d.wait(user, m.Channel, m), interactionComponent, false, map[string]any{"custom_id": m.Buttons[at].Value, "component_type": typeButton})
}

// visible finds a message that a member sees.
func (d *Discord) visible(user, id string) (*discordMessage, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.find(id)
	if m == nil || m.user != "" && m.user != user {
		return nil, errors.New("there is no such message")
	}
	return m, nil
}

// find finds a message, also one that a single member sees. The caller holds the
// lock.
func (d *Discord) find(id string) *discordMessage {
	if m := d.shown[id]; m != nil {
		return m
	}
	for _, c := range d.channels {
		for _, m := range c.messages {
			if m.ID == id {
				return m
			}
		}
	}
	return nil
}

// interact sends an interaction and works out what the member sees.
func (d *Discord) interact(ctx context.Context, i *interaction, kind int, guest bool, data map[string]any) (Answer, error) {
	first, err := d.send(ctx, i, d.payload(i, kind, guest, data))
	if err != nil {
		return Answer{}, err
	}
	if first.Type == answerModal {
		return d.openModal(i, first.Data)
	}
	var body discordBody
	if len(first.Data) > 0 {
		if err := json.Unmarshal(first.Data, &body); err != nil {
			return Answer{}, fmt.Errorf("the answer is not readable: %w", err)
		}
		if err := body.attach(first.files); err != nil {
			return Answer{}, err
		}
	}
	var there []attachment
	if i.message != nil && (first.Type == answerUpdateLater || first.Type == answerUpdate) {
		there = i.message.files
	}
	switch first.Type {
	case answerMessage, answerUpdate:
	case answerLater, answerUpdateLater:
		i.private = body.Flags&flagEphemeral != 0
		select {
		case body = <-i.late:
			if i.private {
				body.Flags |= flagEphemeral
			}
		case <-time.After(followUpWithin):
			return Answer{}, errors.New("the application did not respond")
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		}
	default:
		return Answer{}, fmt.Errorf("an answer of type %d", first.Type)
	}
	if err := body.check(there...); err != nil {
		d.s.publish(Event{Platform: "discord", Kind: EventRefused, Channel: i.channel, Text: err.Error()})
		return Answer{}, err
	}
	return d.show(i, body, first.Type == answerUpdateLater || first.Type == answerUpdate)
}

// show puts an answer where the member sees it.
func (d *Discord) show(i *interaction, body discordBody, update bool) (Answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, there := d.channels[i.channel]
	if !there {
		return Answer{}, errors.New("the channel is gone")
	}
	private := body.Flags&flagEphemeral != 0
	m := i.message
	switch {
	case update && m != nil:
		d.fill(m, body)
		private = m.user != ""
	default:
		m = d.message(c, body)
		m.by, m.command = i.user, i.command
		if private {
			m.user = i.user
			d.shown[m.ID] = m
		} else {
			c.messages = append(c.messages, m)
		}
	}
	d.sayLater(Event{Platform: "discord", Kind: EventAnswered, Channel: c.id, MessageID: m.ID, Text: m.Text})
	return Answer{Private: private, Updated: update, Message: m.Message}, nil
}

// sayLater publishes once the caller's lock may be free.
func (d *Discord) sayLater(e Event) { go d.s.publish(e) }
