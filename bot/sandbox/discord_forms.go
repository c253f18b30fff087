package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Types of components that members fill in:
// https://discord.com/developers/docs/components/reference
const (
	typeStringSelect = 3
	typeTextInput    = 4
	typeLabel        = 18
)

// discordModal is a form that is open for one member.
type discordModal struct {
	id, user, channel string
	body              json.RawMessage
	fields            []modalField
	message           *discordMessage // whose button opened it
}

// modalField is one thing to fill in: where it stands and what it takes.
type modalField struct {
	label       bool // inside a label, else inside a row
	kind        int
	id          string
	required    bool
	least, most int // characters, or options of a menu
	options     []string
}

// Select has a member choose from a select menu, found by its custom_id.
func (d *Discord) Select(ctx context.Context, user, messageID, customID string, values []string) (Answer, error) {
	m, err := d.visible(user, messageID)
	if err != nil {
		return Answer{}, err
	}
	menu := findComponent(m.components, customID)
	if menu == nil || menu["type"] != float64(typeStringSelect) {
		return Answer{}, fmt.Errorf("the message has no menu %q", customID)
	}
	f := fieldOf(menu, false)
	if err := f.check(values); err != nil {
		return Answer{}, err
	}
	return d.interact(ctx, d.wait(user, m.Channel, m), interactionComponent, false,
		map[string]any{"custom_id": customID, "component_type": typeStringSelect, "values": values})
}

// findComponent finds a component by its custom_id, however deep.
func findComponent(components json.RawMessage, customID string) map[string]any {
	var all any
	if json.Unmarshal(components, &all) != nil {
		return nil
	}
	var walk func(any) map[string]any
	walk = func(v any) map[string]any {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				if found := walk(one); found != nil {
					return found
				}
			}
		case map[string]any:
			if v["custom_id"] == customID {
				return v
			}
			for _, inner := range []string{"components", "component", "accessory"} {
				if found := walk(v[inner]); found != nil {
					return found
				}
			}
		}
		return nil
	}
	return walk(all)
}

// fieldOf reads what a select menu or text input takes.
func fieldOf(v map[string]any, label bool) modalField {
	number := func(name string, otherwise int) int {
		if n, ok := v[name].(float64); ok {
			return int(n)
		}
		return otherwise
	}
	f := modalField{label: label, required: v["required"] != false, kind: number("type", 0)}
	f.id, _ = v["custom_id"].(string)
	switch f.kind {
	case typeStringSelect:
		f.least, f.most = number("min_values", 1), number("max_values", 1)
		options, _ := v["options"].([]any)
		for _, one := range options {
			if o, ok := one.(map[string]any); ok {
				value, _ := o["value"].(string)
				f.options = append(f.options, value)
			}
		}
	default:
		f.least, f.most = number("min_length", 0), number("max_length", 4000)
	}
	return f
}

// check refuses what Discord's client would not let a member send.
func (f modalField) check(values []string) error {
	if f.kind == typeStringSelect {
		for _, v := range values {
			if !slices.Contains(f.options, v) {
				return fmt.Errorf("the menu %s has no option %q", f.id, v)
			}
		}
		if len(values) < f.least && (f.required || len(values) > 0) || len(values) > f.most {
			return fmt.Errorf("the menu %s takes %d to %d options", f.id, f.least, f.most)
		}
		return nil
	}
	text := ""
	if len(values) > 0 {
		text = values[0]
	}
	switch n := units(text); {
	case n == 0 && f.required:
		return fmt.Errorf("the field %s is required", f.id)
	case n > 0 && (n < f.least || n > f.most):
		return fmt.Errorf("the field %s takes %d to %d characters", f.id, f.least, f.most)
	}
	return nil
}

// openModal checks the form a bot answered with and opens it for the member.
func (d *Discord) openModal(i *interaction, data json.RawMessage) (Answer, error) {
	m := &discordModal{user: i.user, channel: i.channel, body: data, message: i.message}
	var form struct {
		ID         string           `json:"custom_id"`
		Title      string           `json:"title"`
		Components []map[string]any `json:"components"`
	}
	err := json.Unmarshal(data, &form)
	switch {
	case err != nil:
	case units(form.ID) < 1 || units(form.ID) > 100:
		err = errors.New("custom_id: Must be between 1 and 100 in length.")
	case units(form.Title) < 1 || units(form.Title) > 45:
		err = errors.New("title: Must be between 1 and 45 in length.")
	case len(form.Components) < 1 || len(form.Components) > 5:
		err = errors.New("components: Must be between 1 and 5 in length.")
	default:
		m.id = form.ID
		err = m.read(form.Components)
	}
	if err != nil {
		d.s.publish(Event{Platform: "discord", Kind: EventRefused, Channel: i.channel, Text: "modal: " + err.Error()})
		return Answer{}, err
	}
	id := d.id()
	d.mu.Lock()
	d.modals[id] = m
	d.mu.Unlock()
	return Answer{Private: true, Modal: &Modal{ID: id, Body: data}}, nil
}

// read takes the fields of a form: each in a label, or a text input in a row.
func (m *discordModal) read(parts []map[string]any) error {
	for n, part := range parts {
		var inner map[string]any
		label := part["type"] == float64(typeLabel)
		if label {
			inner, _ = part["component"].(map[string]any)
			text, _ := part["label"].(string)
			if units(text) < 1 || units(text) > 45 {
				return fmt.Errorf("components[%d].label: Must be between 1 and 45 in length.", n)
			}
		} else if list, _ := part["components"].([]any); part["type"] == float64(typeRow) && len(list) == 1 {
			inner, _ = list[0].(map[string]any)
		}
		f := fieldOf(inner, label)
		if f.kind != typeTextInput && (f.kind != typeStringSelect || !label) {
			return fmt.Errorf("components[%d]: type %d may not stand here", n, f.kind)
		}
		if units(f.id) < 1 || units(f.id) > 100 || slices.ContainsFunc(m.fields, func(o modalField) bool { return o.id == f.id }) {
			return fmt.Errorf("components[%d]: custom_id is missing, too long or used twice", n)
		}
		if style := inner["style"]; f.kind == typeTextInput && style != float64(1) && style != float64(2) {
			return fmt.Errorf("components[%d].style: unknown", n)
		}
		m.fields = append(m.fields, f)
	}
	return nil
}

// Submit has the member for whom a form is open send it. values are what was
// filled in, by custom_id.
func (d *Discord) Submit(ctx context.Context, user, modal string, values map[string][]string) (Answer, error) {
	d.mu.Lock()
	m := d.modals[modal]
	d.mu.Unlock()
	if m == nil || m.user != user {
		return Answer{}, errors.New("there is no such form")
	}
	parts := make([]any, len(m.fields))
	for n, f := range m.fields {
		given := values[f.id]
		if err := f.check(given); err != nil {
			return Answer{}, err
		}
		inner := map[string]any{"type": f.kind, "custom_id": f.id}
		switch {
		case f.kind == typeStringSelect:
			inner["values"] = append([]string{}, given...)
		case len(given) > 0:
			inner["value"] = given[0]
		default:
			inner["value"] = ""
		}
		if f.label {
			parts[n] = map[string]any{"type": typeLabel, "component": inner}
		} else {
			parts[n] = map[string]any{"type": typeRow, "components": []any{inner}}
		}
	}
	answer, err := d.interact(ctx, d.wait(user, m.channel, m.message), interactionModal, false, map[string]any{"custom_id": m.id, "components": parts})
	if err == nil {
		d.mu.Lock()
		delete(d.modals, modal)
		d.mu.Unlock()
	}
	return answer, err
}
