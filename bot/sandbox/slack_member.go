package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Time limits: https://docs.slack.dev/interactivity/handling-user-interaction
const (
	ackWithin      = 3 * time.Second
	responseWithin = time.Minute
	responseUses   = 5
)

// slackCommand is a command or button that waits for its answers.
type slackCommand struct {
	channel string
	user    string
	command string        // as typed; empty for anything but a command
	message *slackMessage // whose button was pressed
	late    chan slackAnswer
	modal   chan Modal
	uses    int
	until   time.Time
}

// slackAnswer is what an app answers to a command.
type slackAnswer struct {
	ResponseType string          `json:"response_type"`
	Replace      bool            `json:"replace_original"`
	Delete       bool            `json:"delete_original"`
	Text         json.RawMessage `json:"text"`
	Blocks       json.RawMessage `json:"blocks"`
}

// RunText has a member type a slash command: /spark session.
func (k *Slack) RunText(ctx context.Context, user, channel, text string) (Answer, error) {
	return k.RunTextFrom(ctx, k.teamOf(channel), user, channel, text)
}

// RunTextFrom is RunText of a member of another workspace with which the channel
// is shared.
func (k *Slack) RunTextFrom(ctx context.Context, team, user, channel, text string) (Answer, error) {
	command, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if command != "/spark" {
		return Answer{}, fmt.Errorf("%s is not a command here; /spark is", command)
	}
	w, id, trigger, err := k.waitFor(user, channel, nil)
	if err != nil {
		return Answer{}, err
	}
	w.command = strings.TrimSpace(text)
	fields := map[string]string{
		"token": "unused", "team_id": team, "team_domain": "sandbox", "channel_id": channel, "channel_name": "channel", "user_id": k.userID(user),
		"user_name": user, "command": command, "text": typed(rest), "api_app_id": k.appID, "is_enterprise_install": "false",
		"response_url": k.s.base + "/slack/response/" + id, "trigger_id": trigger,
	}
	k.mu.Lock()
	endpoint := k.commandsURL
	k.mu.Unlock()
	var reply []byte
	if endpoint != "" {
		form := url.Values{}
		for name, value := range fields {
			form.Set(name, value)
		}
		reply, err = k.signed(ctx, endpoint, form)
	} else {
		reply, err = k.overSocket(ctx, "slash_commands", fields)
	}
	if err != nil {
		return Answer{}, err
	}
	return k.await(ctx, w, reply)
}

var addresses = regexp.MustCompile(`https?://[^\s<>|]+`)

// typed escapes a text as Slack does where should_escape is set.
func typed(s string) string {
	s = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
	return addresses.ReplaceAllString(s, "<$0>")
}

// Press has a member press a button, found by its value or label.
func (k *Slack) Press(ctx context.Context, user, channel, messageID, button string) (Answer, error) {
	return k.PressFrom(ctx, k.teamOf(channel), user, channel, messageID, button)
}

// PressFrom is Press of a member of another workspace with which the channel is
// shared.
func (k *Slack) PressFrom(ctx context.Context, team, user, channel, messageID, button string) (Answer, error) {
	m, err := k.visible(user, channel, messageID)
	if err != nil {
		return Answer{}, err
	}
	at := slices.IndexFunc(m.Buttons, func(b Button) bool { return b.URL == "" && (b.Value == button || b.Label == button) })
	if at < 0 {
		return Answer{}, fmt.Errorf("the message has no button %q", button)
	}
	return k.act(ctx, team, user, channel, m, map[string]any{
		"type": "button", "block_id": "actions", "action_id": fmt.Sprintf("button-%d", at), "value": m.Buttons[at].Value,
		"text": map[string]any{"type": "plain_text", "text": m.Buttons[at].Label},
	})
}

// visible finds a message of a channel that a member sees.
func (k *Slack) visible(user, channel, id string) (*slackMessage, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m := k.shown[id]
	if c, there := k.channels[channel]; there && m == nil {
		if at := k.find(c, id); at >= 0 {
			m = c.messages[at]
		}
	}
	if m == nil || m.user != "" && m.user != user {
		return nil, errors.New("there is no such message")
	}
	return m, nil
}

// act sends what a member did to an element of a message, and waits for what
// they see.
func (k *Slack) act(ctx context.Context, team, user, channel string, m *slackMessage, action map[string]any) (Answer, error) {
	w, id, trigger, err := k.waitFor(user, channel, m)
	if err != nil {
		return Answer{}, err
	}
	action["action_ts"] = strconv.FormatInt(k.s.now().Unix(), 10)
	payload := map[string]any{
		"type": "block_actions", "team": map[string]any{"id": team}, "user": map[string]any{"id": k.userID(user), "username": user},
		"api_app_id": k.appID, "channel": map[string]any{"id": channel}, "trigger_id": trigger,
		"response_url": k.s.base + "/slack/response/" + id,
		"container":    map[string]any{"type": "message", "message_ts": m.ID, "channel_id": channel, "is_ephemeral": m.user != ""},
		"actions":      []any{action},
	}
	k.mu.Lock()
	endpoint := k.interactivityURL
	k.mu.Unlock()
	if endpoint == "" {
		_, err = k.overSocket(ctx, "interactive", payload)
	} else {
		var text []byte
		if text, err = json.Marshal(payload); err == nil {
			_, err = k.signed(ctx, endpoint, url.Values{"payload": {string(text)}})
		}
	}
	if err != nil {
		return Answer{}, err
	}
	return k.await(ctx, w, nil)
}

// waitFor registers a command under a new response_url and trigger.
func (k *Slack) waitFor(user, channel string, m *slackMessage) (w *slackCommand, id, trigger string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, there := k.channels[channel]; !there {
		return nil, "", "", errors.New("there is no such channel")
	}
	id, trigger = randomText(), randomText()
	w = &slackCommand{channel: channel, user: user, message: m, late: make(chan slackAnswer, responseUses), modal: make(chan Modal, 1), until: k.s.now().Add(30 * time.Minute)}
	k.waiting[id], k.triggers[trigger] = w, w
	return w, id, trigger, nil
}

// signed posts a form as Slack does and gives the body of the answer.
func (k *Slack) signed(ctx context.Context, endpoint string, form url.Values) ([]byte, error) {
	return k.signedBody(ctx, endpoint, "application/x-www-form-urlencoded", form.Encode())
}

func (k *Slack) signedBody(ctx context.Context, endpoint, kind, body string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	stamp := strconv.FormatInt(k.s.now().Unix(), 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, []byte(k.secret))
	mac.Write([]byte("v0:" + stamp + ":" + body))
	req.Header.Set("Content-Type", kind)
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("operation_timeout: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the app answered with status %d", resp.StatusCode)
	}
	return text, nil
}

// await gives what the member sees: the answer at once, or the first that comes
// to the response_url.
func (k *Slack) await(ctx context.Context, w *slackCommand, reply []byte) (Answer, error) {
	if len(strings.TrimSpace(string(reply))) > 0 && string(reply) != "null" {
		var a slackAnswer
		if err := json.Unmarshal(reply, &a); err != nil {
			return Answer{}, fmt.Errorf("the answer is not readable: %w", err)
		}
		return k.show(w, a)
	}
	select {
	case a := <-w.late:
		return k.show(w, a)
	case m := <-w.modal:
		return Answer{Private: true, Modal: &m}, nil
	case <-time.After(responseWithin):
		return Answer{}, errors.New("the app did not answer")
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

// show puts an answer where the member sees it.
func (k *Slack) show(w *slackCommand, a slackAnswer) (Answer, error) {
	body, no := k.readBody(k.teamOf(w.channel), arguments{"text": a.Text, "blocks": a.Blocks})
	if no != nil {
		k.s.publish(Event{Platform: "slack", Kind: EventRefused, Channel: w.channel, Text: no.code})
		return Answer{}, fmt.Errorf("%s: %s", no.code, strings.Join(no.details, "; "))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.channels[w.channel]
	out := Answer{Private: a.ResponseType != "in_channel"}
	m := w.message
	switch {
	case a.Replace && m != nil:
		k.fill(m, body)
		out.Updated, out.Private = true, m.user != ""
	default:
		m = k.message(c, body)
		m.by, m.command = w.user, w.command
		if out.Private {
			m.user = w.user
			k.shown[m.ID] = m
		} else {
			c.messages = append(c.messages, m)
		}
	}
	out.Message = m.Message
	go k.s.publish(Event{Platform: "slack", Kind: EventAnswered, Channel: c.id, MessageID: m.ID, Text: m.Text})
	return out, nil
}

// lateAnswer takes what an app posts to a response_url.
func (k *Slack) lateAnswer(rw http.ResponseWriter, r *http.Request) {
	var a slackAnswer
	if err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, maxBody)).Decode(&a); err != nil {
		http.Error(rw, "invalid_payload", http.StatusBadRequest)
		return
	}
	k.mu.Lock()
	w, there := k.waiting[r.PathValue("id")]
	if there {
		w.uses++
	}
	spent := there && (w.uses > responseUses || k.s.now().After(w.until))
	k.mu.Unlock()
	switch {
	case !there:
		http.Error(rw, "used_url", http.StatusNotFound)
	case spent:
		http.Error(rw, "expired_url", http.StatusNotFound)
	default:
		w.late <- a
		_, _ = rw.Write([]byte("ok"))
	}
}
