package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// slackModal is a view that is open for one member.
type slackModal struct {
	id, user, channel string
	view              slackSheet
	body              json.RawMessage
}

// slackSheet is a view as an app opens it:
// https://docs.slack.dev/reference/views/modal-views
type slackSheet struct {
	Type     string           `json:"type"`
	Callback string           `json:"callback_id"`
	Title    map[string]any   `json:"title"`
	Submit   map[string]any   `json:"submit"`
	Private  string           `json:"private_metadata"`
	Blocks   []map[string]any `json:"blocks"`
}

// Select has a member choose from a select menu of a message, found by its
// action_id.
func (k *Slack) Select(ctx context.Context, user, channel, messageID, actionID, value string) (Answer, error) {
	m, err := k.visible(user, channel, messageID)
	if err != nil {
		return Answer{}, err
	}
	menu, block := findElement(m.body.Blocks, actionID)
	if menu == nil || menu["type"] != "static_select" {
		return Answer{}, fmt.Errorf("the message has no menu %q", actionID)
	}
	chosen := optionOf(menu, value)
	if chosen == nil {
		return Answer{}, fmt.Errorf("the menu %s has no option %q", actionID, value)
	}
	return k.act(ctx, k.teamOf(channel), user, channel, m, map[string]any{
		"type": "static_select", "block_id": block, "action_id": actionID, "selected_option": chosen,
	})
}

// findElement finds an interactive element by its action_id, and its block's id.
func findElement(blocks []map[string]any, actionID string) (element map[string]any, block string) {
	for i, b := range blocks {
		name, _ := b["block_id"].(string)
		if name == "" {
			name = fmt.Sprintf("block-%d", i)
		}
		list, _ := b["elements"].([]any)
		for _, one := range append(slices.Clone(list), b["accessory"], b["element"]) {
			if e, ok := one.(map[string]any); ok && e["action_id"] == actionID {
				return e, name
			}
		}
	}
	return nil, ""
}

// optionOf finds an option of a menu by its value.
func optionOf(menu map[string]any, value string) map[string]any {
	options, _ := menu["options"].([]any)
	for _, one := range options {
		if o, ok := one.(map[string]any); ok && o["value"] == value {
			return o
		}
	}
	return nil
}

// openView opens a form for the member whose command or button gave the trigger.
func (k *Slack) openView(args arguments) (map[string]any, *refused) {
	var view slackSheet
	if err := json.Unmarshal(args["view"], &view); err != nil {
		var text string // a form carries it as text
		if json.Unmarshal(args["view"], &text) != nil || json.Unmarshal([]byte(text), &view) != nil {
			return nil, &refused{code: "invalid_arguments", details: []string{"[ERROR] view: not readable"}}
		}
		args["view"] = json.RawMessage(text)
	}
	if err := view.check(); err != nil {
		return nil, &refused{code: "invalid_arguments", details: []string{"[ERROR] " + err.Error()}}
	}
	k.mu.Lock()
	w, there := k.triggers[args.text("trigger_id")]
	if !there {
		k.mu.Unlock()
		return nil, &refused{code: "expired_trigger_id"}
	}
	delete(k.triggers, args.text("trigger_id"))
	id := "V" + randomText()
	k.views[id] = &slackModal{id: id, user: w.user, channel: w.channel, view: view, body: args["view"]}
	k.mu.Unlock()
	select {
	case w.modal <- Modal{ID: id, Body: args["view"]}:
	default:
	}
	return map[string]any{"view": map[string]any{"id": id, "type": "modal", "callback_id": view.Callback}}, nil
}

// check holds a view to Slack's limits.
func (v slackSheet) check() error {
	c := &blockCheck{ids: map[string]bool{}}
	switch {
	case v.Type != "modal":
		return errors.New("view.type: modal is the one that opens")
	case len(v.Blocks) < 1 || len(v.Blocks) > 100:
		return errors.New("view.blocks: 1 to 100 are allowed")
	}
	if err := c.text(v.Title, 24, "plain_text"); err != nil {
		return fmt.Errorf("view.title: %w", err)
	}
	inputs := false
	for i, b := range v.Blocks {
		if b["type"] == "input" {
			inputs = true
		}
		if err := c.block(b); err != nil {
			return fmt.Errorf("view.blocks[%d]: %w", i, err)
		}
	}
	if inputs && v.Submit == nil {
		return errors.New("view.submit: required where there are input blocks")
	}
	return nil
}

// Submit has the member for whom a view is open send it. values are what was
// filled in, by action_id.
func (k *Slack) Submit(ctx context.Context, user, viewID string, values map[string][]string) (Answer, error) {
	k.mu.Lock()
	m := k.views[viewID]
	endpoint := k.interactivityURL
	k.mu.Unlock()
	if m == nil || m.user != user {
		return Answer{}, errors.New("there is no such form")
	}
	state, err := m.state(values)
	if err != nil {
		return Answer{}, err
	}
	var view map[string]any
	if err := json.Unmarshal(m.body, &view); err != nil {
		return Answer{}, err
	}
	view["id"], view["state"], view["team_id"], view["app_id"] = m.id, map[string]any{"values": state}, k.team, k.appID
	payload := map[string]any{
		"type": "view_submission", "team": map[string]any{"id": k.team}, "user": map[string]any{"id": k.userID(user), "username": user},
		"api_app_id": k.appID, "trigger_id": randomText(), "view": view, "response_urls": []any{},
	}
	var reply []byte
	if endpoint == "" {
		reply, err = k.overSocket(ctx, "interactive", payload)
	} else {
		var text []byte
		if text, err = json.Marshal(payload); err == nil {
			reply, err = k.signed(ctx, endpoint, url.Values{"payload": {string(text)}})
		}
	}
	if err != nil {
		return Answer{}, err
	}
	return k.submitted(m, reply)
}

// submitted reads what an app answers to a form: that it is done, what is wrong
// with it, or another form.
func (k *Slack) submitted(m *slackModal, reply []byte) (Answer, error) {
	var answer struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if len(reply) > 0 && string(reply) != "null" {
		if err := json.Unmarshal(reply, &answer); err != nil {
			return Answer{}, fmt.Errorf("the answer is not readable: %w", err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch answer.Action {
	case "errors":
		for _, why := range answer.Errors {
			return Answer{}, errors.New(why)
		}
		return Answer{}, errors.New("the form was refused without a reason")
	case "update", "push":
		var view slackSheet
		if err := json.Unmarshal(answer.View, &view); err != nil {
			return Answer{}, fmt.Errorf("the next form is not readable: %w", err)
		}
		if err := view.check(); err != nil {
			return Answer{}, err
		}
		m.view, m.body = view, answer.View
		return Answer{Private: true, Modal: &Modal{ID: m.id, Body: m.body}}, nil
	}
	delete(k.views, m.id)
	return Answer{Private: true, Nothing: true}, nil
}

// state is what was filled in, as Slack reports it, once it is allowed.
func (m *slackModal) state(values map[string][]string) (map[string]any, error) {
	state := map[string]any{}
	for i, b := range m.view.Blocks {
		e, ok := b["element"].(map[string]any)
		if !ok {
			continue
		}
		block, _ := b["block_id"].(string)
		if block == "" {
			block = fmt.Sprintf("block-%d", i)
		}
		action, _ := e["action_id"].(string)
		text := ""
		if given := values[action]; len(given) > 0 {
			text = given[0]
		}
		if text == "" && b["optional"] != true {
			return nil, fmt.Errorf("the field %s is required", action)
		}
		field := map[string]any{"type": e["type"]}
		if e["type"] == "static_select" {
			field["selected_option"] = any(nil)
			if text != "" {
				chosen := optionOf(e, text)
				if chosen == nil {
					return nil, fmt.Errorf("the menu %s has no option %q", action, text)
				}
				field["selected_option"] = chosen
			}
		} else {
			field["value"] = text
		}
		state[block] = map[string]any{action: field}
	}
	return state, nil
}
