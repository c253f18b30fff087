package slack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	api "github.com/slack-go/slack"

	"sparkbot/notify"
)

// body is what a message says, wherever it is posted.
type body struct {
	Text   string      `json:"text"`
	Blocks []api.Block `json:"blocks,omitempty"`
}

// Encode gives the text and blocks that show a message: everything but what
// differs from place to place. Long texts are shortened to Slack's limits.
//
// Texts stand in rich_text blocks, in which no character is markup; only what
// needs an accessory or small print stands in mrkdwn, escaped.
func (c *Client) Encode(m notify.Message) (notify.Body, error) {
	made := build(m)
	if fits(made) != nil { // few do not
		var ok bool
		m, ok = notify.Fit(m, func(m notify.Message) bool { return fits(build(m)) == nil })
		if made = build(m); !ok {
			return notify.Body{}, fmt.Errorf("the message is more than Slack takes: %w", fits(made))
		}
	}
	text, err := json.Marshal(made)
	if err != nil {
		return notify.Body{}, fmt.Errorf("encode for Slack: %w", err)
	}
	return notify.Body{Content: text, Pictures: pictures(m)}, nil
}

// pictures are those of a message, in the order in which build numbers them.
func pictures(m notify.Message) (all []notify.Picture) {
	for _, b := range m.Blocks {
		if p, ok := b.(notify.Picture); ok {
			all = append(all, p)
		}
	}
	return all
}

func build(m notify.Message) body {
	b := body{Text: fallback(m.Fallback)}
	shown := 0   // numbers every picture
	buttons := 0 // numbers every button, because an action_id is unique in a message
	for _, block := range m.Blocks {
		switch block := block.(type) {
		case notify.Text:
			b.Blocks = append(b.Blocks, text(block, &buttons))
		case notify.Picture:
			b.Blocks = append(b.Blocks, imageBlock(block, shown))
			shown++
		case notify.Divider:
			b.Blocks = append(b.Blocks, api.NewDividerBlock())
		case notify.Actions:
			if row := actions(block.Buttons, &buttons); len(row) > 0 {
				b.Blocks = append(b.Blocks, api.NewActionBlock("", row...))
			}
		}
	}
	return b
}

// text is a section when something stands beside it, a context when it is small,
// and rich text else.
func text(t notify.Text, buttons *int) api.Block {
	if t.Icon != "" {
		if address, ok := web(t.Icon); ok && length(address) <= maxURL {
			alt := cmp.Or(cut(t.IconAlt, maxAlt), "icon")
			return api.NewSectionBlock(mrkdwn(t), nil, api.NewAccessory(api.NewImageBlockElement(address, alt)))
		}
	}
	if t.Button != nil {
		if b, ok := button(*t.Button, buttons); ok {
			return api.NewSectionBlock(mrkdwn(t), nil, api.NewAccessory(b))
		}
	}
	if t.Style == notify.Small {
		return api.NewContextBlock("", mrkdwn(t))
	}
	return rich(t)
}

func actions(all []notify.Button, number *int) []api.BlockElement {
	var row []api.BlockElement
	for _, b := range all {
		if made, ok := button(b, number); ok && len(row) < rowButtons {
			row = append(row, made)
		}
	}
	return row
}

// button leaves out what Slack would refuse.
func button(b notify.Button, number *int) (*api.ButtonBlockElement, bool) {
	label := cut(b.Label, maxLabel)
	if strings.TrimSpace(label) == "" {
		return nil, false
	}
	made := api.NewButtonBlockElement(fmt.Sprintf("button-%d", *number), "", api.NewTextBlockObject(api.PlainTextType, label, false, false))
	if b.URL != "" {
		address, ok := web(b.URL)
		if !ok || length(address) > maxURL {
			return nil, false
		}
		made.URL = address
	} else {
		if b.Command == "" || length(b.Command) > maxValue {
			return nil, false
		}
		made.Value = b.Command
	}
	switch {
	case b.Danger:
		made.Style = api.StyleDanger
	case b.Primary:
		made.Style = api.StylePrimary
	}
	*number++
	return made, true
}
