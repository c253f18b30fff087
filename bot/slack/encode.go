package slack

import (
	"encoding/json"
	"fmt"
	"strings"

	api "github.com/slack-go/slack"

	"sparkbot/notify"
)

// Limits of Block Kit: https://docs.slack.dev/reference/block-kit/blocks
const (
	maxBlocks    = 50
	maxSection   = 3000
	maxContext   = 2000
	maxTotal     = 11_000 // of all blocks; undocumented, measured
	maxLabel     = 75
	maxValue     = 2000
	maxButtonURL = 3000
	maxFallback  = 2000
	rowButtons   = 25
)

// body is what a message says, wherever it is posted.
type body struct {
	Text   string      `json:"text"`
	Blocks []api.Block `json:"blocks"`
}

// Encode gives the text and blocks that show a message: everything but what
// differs from place to place. Long texts are shortened to Slack's limits.
//
// Texts stand in rich_text blocks, in which no character is markup; only what
// needs an accessory or small print stands in mrkdwn, escaped.
func (c *Client) Encode(m notify.Message) ([]byte, error) {
	fitted, ok := notify.Fit(m, func(m notify.Message) bool { return fits(build(m)) == nil })
	made := build(fitted)
	if !ok {
		return nil, fmt.Errorf("the message is more than Slack takes: %w", fits(made))
	}
	text, err := json.Marshal(made)
	if err != nil {
		return nil, fmt.Errorf("encode for Slack: %w", err)
	}
	return text, nil
}

func build(m notify.Message) body {
	b := body{Text: plainText(notify.Cut(m.Fallback, maxFallback))}
	buttons := 0 // numbers every button, because an action_id is unique in a message
	for _, block := range m.Blocks {
		switch block := block.(type) {
		case notify.Text:
			b.Blocks = append(b.Blocks, text(block, &buttons))
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
		if address, ok := web(t.Icon); ok && length(address) <= maxButtonURL {
			alt := notify.Cut(t.IconAlt, 200)
			if alt == "" {
				alt = "icon"
			}
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

// mrkdwn writes a text in Slack's markup.
func mrkdwn(t notify.Text) *api.TextBlockObject {
	var b strings.Builder
	strong := t.Style == notify.Title || t.Style == notify.Heading
	for _, s := range t.Spans {
		if strong {
			s.Bold = s.Bold || !s.Code
		}
		b.WriteString(span(s))
	}
	content := strings.TrimSpace(b.String())
	if t.Style == notify.Quote {
		content = "> " + strings.ReplaceAll(content, "\n", "\n> ")
	}
	if content == "" {
		content = gap
	}
	object := api.NewTextBlockObject(api.MarkdownType, content, false, true)
	return object
}

func span(s notify.Span) string {
	switch {
	case s.Channel != "" && channelID(s.Channel):
		return "<#" + s.Channel + ">"
	case !s.At.IsZero():
		return fmt.Sprintf("<!date^%d^{ago}|%s>", s.At.Unix(), plainText(s.Text))
	case s.Code:
		return "`" + strings.NewReplacer("`", "ˋ", "\n", " ").Replace(plainText(s.Text)) + "`"
	case strings.TrimSpace(s.Text) == "":
		return s.Text
	}
	// Emphasis holds only if it touches no space and stays on one line.
	inner := strings.TrimSpace(s.Text)
	at := strings.Index(s.Text, inner)
	out := escape(inner)
	if address, ok := web(s.URL); s.URL != "" && ok {
		out = "<" + strings.ReplaceAll(address, "&", "&amp;") + "|" + strings.NewReplacer("|", "¦", "\n", " ").Replace(out) + ">"
	}
	for _, look := range []struct {
		on   bool
		mark string
	}{{s.Strike, "~"}, {s.Italic, "_"}, {s.Bold, "*"}} {
		if look.on {
			out = look.mark + strings.ReplaceAll(out, "\n", look.mark+"\n"+look.mark) + look.mark
		}
	}
	return s.Text[:at] + out + s.Text[at+len(inner):]
}

// rich writes a text without markup.
func rich(t notify.Text) api.Block {
	strong := t.Style == notify.Title || t.Style == notify.Heading
	var parts []api.RichTextSectionElement
	for _, s := range t.Spans {
		if part := piece(s, strong); part != nil {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		parts = []api.RichTextSectionElement{api.NewRichTextSectionTextElement(gap, nil)}
	}
	section := api.NewRichTextSection(parts...)
	if t.Style == notify.Quote {
		return api.NewRichTextBlock("", &api.RichTextQuote{Type: api.RTEQuote, Elements: parts})
	}
	return api.NewRichTextBlock("", section)
}

func piece(s notify.Span, strong bool) api.RichTextSectionElement {
	var style *api.RichTextSectionTextStyle
	if s.Bold || s.Italic || s.Strike || s.Code || strong {
		style = &api.RichTextSectionTextStyle{Bold: (s.Bold || strong) && !s.Code, Italic: s.Italic, Strike: s.Strike, Code: s.Code}
	}
	switch {
	case s.Channel != "" && channelID(s.Channel):
		return api.NewRichTextSectionChannelElement(s.Channel, style)
	case s.Text == "":
		return nil
	}
	if address, ok := web(s.URL); s.URL != "" && ok {
		return api.NewRichTextSectionLinkElement(address, s.Text, style)
	}
	return api.NewRichTextSectionTextElement(s.Text, style)
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
	label := notify.Cut(b.Label, maxLabel)
	if label == "" || length(b.Command) > maxValue {
		return nil, false
	}
	made := api.NewButtonBlockElement(fmt.Sprintf("button-%d", *number), b.Command, api.NewTextBlockObject(api.PlainTextType, label, false, false))
	if b.URL != "" {
		address, ok := web(b.URL)
		if !ok || length(address) > maxButtonURL {
			return nil, false
		}
		made.URL = address
	} else if b.Command == "" {
		return nil, false
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

// fits says which limit a message breaks.
func fits(b body) error {
	if len(b.Blocks) > maxBlocks {
		return fmt.Errorf("%d blocks, at most %d", len(b.Blocks), maxBlocks)
	}
	total := 0
	for _, block := range b.Blocks {
		n, most := 0, maxSection
		switch block := block.(type) {
		case *api.SectionBlock:
			n = length(block.Text.Text)
		case *api.ContextBlock:
			most = maxContext
			for _, e := range block.ContextElements.Elements {
				if t, ok := e.(*api.TextBlockObject); ok {
					n += length(t.Text)
				}
			}
		case *api.RichTextBlock:
			text, err := json.Marshal(block)
			if err != nil {
				return err
			}
			n = length(string(text)) // its structure counts with it: cautious, and simple
			most = 2 * maxSection
		case *api.ActionBlock:
			for _, e := range block.Elements.ElementSet {
				if made, ok := e.(*api.ButtonBlockElement); ok {
					n += length(made.Text.Text)
				}
			}
		}
		if n > most {
			return fmt.Errorf("a text of %d characters, at most %d", n, most)
		}
		total += n
	}
	if total > maxTotal {
		return fmt.Errorf("%d characters in all, at most %d", total, maxTotal)
	}
	return nil
}

// channelID reports whether s has the form of a channel's id.
func channelID(s string) bool {
	if len(s) < 2 || len(s) > 20 || strings.IndexByte("CGD", s[0]) < 0 {
		return false
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}
