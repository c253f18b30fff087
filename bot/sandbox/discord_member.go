package sandbox

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
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

// wait registers an interaction under a new token.
func (d *Discord) wait(user, channel string, m *discordMessage) *interaction {
	return &interaction{user: user, channel: channel, message: m, first: make(chan discordAnswer, 1), late: make(chan discordBody, 1)}
}

// payload is an interaction as Discord sends it.
func (d *Discord) payload(i *interaction, kind int, guest bool, data map[string]any) map[string]any {
	permissions := permissionsEveryone
	if !guest {
		permissions |= 1 << 5 // Manage Server
	}
	token := randomText()
	d.mu.Lock()
	d.waiting[token] = i
	d.mu.Unlock()
	p := map[string]any{
		"id": d.id(), "application_id": d.app, "type": kind, "token": token, "version": 1, "guild_id": d.guildOf(i.channel), "channel_id": i.channel,
		"channel": map[string]any{"id": i.channel, "type": 0}, "data": data, "locale": "en-US", "guild_locale": "en-US",
		"app_permissions": strconv.Itoa(permissionsEveryone), "context": 0, "entitlements": []any{},
		"member": map[string]any{
			"user":        map[string]any{"id": d.user(i.user), "username": i.user, "discriminator": "0"},
			"permissions": strconv.Itoa(permissions), "roles": []any{}, "joined_at": "2020-01-01T00:00:00Z",
		},
	}
	if i.message != nil {
		d.mu.Lock()
		p["message"] = d.wire(i.message)
		d.mu.Unlock()
	}
	return p
}

// send delivers an interaction and gives its first answer.
func (d *Discord) send(ctx context.Context, i *interaction, payload map[string]any) (discordAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, firstAnswerWithin)
	defer cancel()
	d.mu.Lock()
	endpoint := d.endpoint
	d.mu.Unlock()
	if endpoint != "" {
		return d.sendHTTP(ctx, endpoint, payload)
	}
	if err := d.dispatch("INTERACTION_CREATE", payload); err != nil {
		return discordAnswer{}, err
	}
	select {
	case first := <-i.first:
		return first, nil
	case <-ctx.Done():
		return discordAnswer{}, errors.New("the application did not respond")
	}
}

// sendHTTP signs an interaction and posts it.
func (d *Discord) sendHTTP(ctx context.Context, endpoint string, payload map[string]any) (discordAnswer, error) {
	var first discordAnswer
	body, err := json.Marshal(payload)
	if err != nil {
		return first, err
	}
	stamp := strconv.FormatInt(d.s.now().Unix(), 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return first, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Signature-Timestamp", stamp)
	req.Header.Set("X-Signature-Ed25519", hex.EncodeToString(ed25519.Sign(d.private, append([]byte(stamp), body...))))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return first, fmt.Errorf("the application did not respond: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return first, fmt.Errorf("the application answered with status %d", resp.StatusCode)
	}
	files, err := readWith(resp.Header, resp.Body, &first)
	first.files = files
	return first, err
}

// postCallback takes the first answer to an interaction of the gateway.
func (d *Discord) postCallback(w http.ResponseWriter, r *http.Request) {
	var first discordAnswer
	files, ok := read(w, r, &first)
	if !ok {
		return
	}
	first.files = files
	i, ok := d.pending(w, r)
	if !ok {
		return
	}
	select {
	case i.first <- first:
		w.WriteHeader(http.StatusNoContent)
	default:
		discordError(w, http.StatusBadRequest, 40060, "Interaction has already been acknowledged.")
	}
}

// patchOriginal takes the answer that was promised.
func (d *Discord) patchOriginal(w http.ResponseWriter, r *http.Request) {
	i, ok := d.pending(w, r)
	if !ok {
		return
	}
	var there []attachment
	if i.message != nil {
		there = i.message.files
	}
	body, ok := d.readMessage(w, r, i.channel, there...)
	if !ok {
		return
	}
	select {
	case i.late <- body:
	default:
	}
	answerJSON(w, http.StatusOK, map[string]any{"id": d.id(), "channel_id": i.channel})
}

func (d *Discord) pending(w http.ResponseWriter, r *http.Request) (*interaction, bool) {
	d.mu.Lock()
	i, there := d.waiting[r.PathValue("token")]
	d.mu.Unlock()
	if !there {
		discordError(w, http.StatusNotFound, 10062, "Unknown interaction")
	}
	return i, there
}
