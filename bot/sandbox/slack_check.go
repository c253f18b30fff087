package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// slackBody is what a message says.
type slackBody struct {
	Text     string
	Blocks   []map[string]any
	Metadata json.RawMessage
}

// wire is the body as JSON.
func (b slackBody) wire() json.RawMessage {
	text, err := json.Marshal(map[string]any{"text": b.Text, "blocks": b.Blocks})
	if err != nil {
		return nil
	}
	return text
}

// Limits of a message. The total of all blocks is not documented; Slack answers
// msg_blocks_too_long from about 13,200 characters on.
const (
	slackMaxText   = 40_000
	slackMaxBlocks = 50
	slackMaxTotal  = 13_200
)

// readBody reads and checks text, blocks and metadata of a message for a
// workspace.
func (k *Slack) readBody(team string, args arguments) (slackBody, *refused) {
	b := slackBody{Text: args.text("text"), Metadata: args["metadata"]}
	if args["text"] == nil {
		b.Text = ""
	}
	if raw := args["blocks"]; len(raw) > 0 && !bytes.Equal(raw, []byte("null")) {
		if err := json.Unmarshal(raw, &b.Blocks); err != nil {
			return b, &refused{code: "invalid_blocks_format"}
		}
	}
	switch {
	case b.Text == "" && len(b.Blocks) == 0:
		return b, &refused{code: "no_text"}
	case units(b.Text) > slackMaxText:
		return b, &refused{code: "msg_too_long"}
	case len(b.Blocks) > slackMaxBlocks:
		return b, &refused{code: "invalid_blocks", details: []string{"[ERROR] no more than 50 items allowed [json-pointer:/blocks]"}}
	}
	c := &blockCheck{ids: map[string]bool{}, file: func(id string) error { return k.usableFile(team, id) }}
	for i, block := range b.Blocks {
		if err := c.block(block); err != nil {
			return b, &refused{code: "invalid_blocks", details: []string{fmt.Sprintf("[ERROR] %v [json-pointer:/blocks/%d]", err, i)}}
		}
	}
	if c.total > slackMaxTotal {
		return b, &refused{code: "msg_blocks_too_long"}
	}
	return b, nil
}

// slackMembers are what each kind of block and element may have.
var slackMembers = map[string][]string{
	"section":           {"text", "fields", "accessory", "expand"},
	"header":            {"text"},
	"context":           {"elements"},
	"divider":           {},
	"actions":           {"elements"},
	"image":             {"image_url", "slack_file", "alt_text", "title"},
	"rich_text":         {"elements"},
	"button":            {"text", "action_id", "value", "url", "style", "confirm", "accessibility_label"},
	"mrkdwn":            {"text", "verbatim"},
	"plain_text":        {"text", "emoji"},
	"rich_text_section": {"elements"},
	"rich_text_quote":   {"elements", "border"},
	"text":              {"text", "style"},
	"link":              {"url", "text", "style", "unsafe"},
	"channel":           {"channel_id", "style"},
	"date":              {"timestamp", "format", "url", "fallback", "style"},
	"static_select":     {"action_id", "options", "placeholder", "initial_option", "confirm", "focus_on_load"},
	"input":             {"label", "element", "optional", "hint", "dispatch_action"},
	"plain_text_input":  {"action_id", "initial_value", "multiline", "min_length", "max_length", "placeholder", "focus_on_load"},
}

// blockCheck counts while it goes through a message:
// https://docs.slack.dev/reference/block-kit/blocks
type blockCheck struct {
	total int
	ids   map[string]bool
	file  func(id string) error // says why a file cannot be shown
}

// known checks the kind of an object and that it has no unknown member.
func known(v map[string]any, kinds ...string) (string, error) {
	kind, _ := v["type"].(string)
	members, there := slackMembers[kind]
	if !there || !slices.Contains(kinds, kind) {
		return "", fmt.Errorf("unsupported type: %q", kind)
	}
	for name := range v {
		if name != "type" && name != "block_id" && !slices.Contains(members, name) {
			return "", fmt.Errorf("invalid additional property: %s", name)
		}
	}
	return kind, nil
}

func (c *blockCheck) block(v map[string]any) error {
	kind, err := known(v, "section", "header", "context", "divider", "actions", "image", "rich_text", "input")
	if err != nil {
		return err
	}
	switch kind {
	case "section":
		if err := c.text(v["text"], 3000, "mrkdwn", "plain_text"); err != nil {
			return err
		}
		if accessory, there := v["accessory"].(map[string]any); there {
			return c.element(accessory, "button", "image", "static_select")
		}
		return nil
	case "header":
		return c.text(v["text"], 150, "plain_text")
	case "context":
		return c.elements(v, 10, "mrkdwn", "plain_text", "image")
	case "actions":
		return c.elements(v, 25, "button", "static_select")
	case "image":
		return c.imageBlock(v)
	case "input":
		return c.input(v)
	case "rich_text":
		return c.elements(v, 100, "rich_text_section", "rich_text_quote")
	}
	return nil
}

func (c *blockCheck) elements(v map[string]any, most int, kinds ...string) error {
	list, _ := v["elements"].([]any)
	if len(list) < 1 || len(list) > most {
		return fmt.Errorf("must have 1 to %d elements", most)
	}
	for _, one := range list {
		m, _ := one.(map[string]any)
		if err := c.element(m, kinds...); err != nil {
			return err
		}
	}
	return nil
}

func (c *blockCheck) element(v map[string]any, kinds ...string) error {
	kind, err := known(v, kinds...)
	if err != nil {
		return err
	}
	switch kind {
	case "mrkdwn", "plain_text":
		return c.text(v, 3000, kind)
	case "button":
		return c.button(v)
	case "static_select", "plain_text_input":
		return c.field(v, kind)
	case "image":
		address, _ := v["image_url"].(string)
		alt, _ := v["alt_text"].(string)
		if !webAddress(address) || units(address) > 3000 || alt == "" || units(alt) > 2000 {
			return fmt.Errorf("an image needs an image_url of at most 3000 characters and an alt_text")
		}
	case "rich_text_section", "rich_text_quote":
		return c.elements(v, 1000, "text", "link", "channel", "date")
	case "text":
		text, _ := v["text"].(string)
		c.total += units(text)
		if text == "" {
			return fmt.Errorf("a text element must have text")
		}
	case "link":
		address, _ := v["url"].(string)
		text, _ := v["text"].(string)
		c.total += units(text)
		if !webAddress(address) {
			return fmt.Errorf("a link needs a url")
		}
	}
	return nil
}

func (c *blockCheck) input(v map[string]any) error {
	if err := c.text(v["label"], 2000, "plain_text"); err != nil {
		return fmt.Errorf("label: %w", err)
	}
	inner, _ := v["element"].(map[string]any)
	return c.element(inner, "static_select", "plain_text_input")
}

// field checks what a member fills in.
func (c *blockCheck) field(v map[string]any, kind string) error {
	id, _ := v["action_id"].(string)
	if id == "" || units(id) > 255 || c.ids[id] {
		return fmt.Errorf("`action_id` %q is missing, too long or already exists", id)
	}
	c.ids[id] = true
	if placeholder, there := v["placeholder"]; there {
		if err := c.text(placeholder, 150, "plain_text"); err != nil {
			return fmt.Errorf("placeholder: %w", err)
		}
	}
	if kind == "plain_text_input" {
		return nil
	}
	options, _ := v["options"].([]any)
	if len(options) < 1 || len(options) > 100 {
		return fmt.Errorf("options: must have 1 to 100")
	}
	for _, one := range options {
		o, _ := one.(map[string]any)
		value, _ := o["value"].(string)
		if err := c.text(o["text"], 75, "plain_text"); err != nil || value == "" || units(value) > 150 {
			return fmt.Errorf("options: each has a text of at most 75 and a value of at most 150 characters")
		}
	}
	return nil
}

func (c *blockCheck) text(v any, most int, kinds ...string) error {
	m, _ := v.(map[string]any)
	if _, err := known(m, kinds...); err != nil {
		return err
	}
	text, _ := m["text"].(string)
	c.total += units(text)
	if n := units(text); n < 1 || n > most {
		return fmt.Errorf("must be between 1 and %d characters", most)
	}
	return nil
}

func (c *blockCheck) button(v map[string]any) error {
	if err := c.text(v["text"], 75, "plain_text"); err != nil {
		return err
	}
	id, _ := v["action_id"].(string)
	value, _ := v["value"].(string)
	address, hasURL := v["url"].(string)
	style, styled := v["style"].(string)
	switch {
	case id == "" || units(id) > 255 || c.ids[id]:
		return fmt.Errorf("`action_id` %q is missing, too long or already exists", id)
	case units(value) > 2000:
		return fmt.Errorf("value: no more than 2000 characters")
	case hasURL && (!webAddress(address) || units(address) > 3000):
		return fmt.Errorf("url: not a valid URL of at most 3000 characters")
	case styled && style != "primary" && style != "danger":
		return fmt.Errorf("style: primary or danger")
	}
	c.ids[id] = true
	return nil
}
