package slack

import (
	"fmt"
	"strings"

	api "github.com/slack-go/slack"

	"sparkbot/notify"
)

// age has Slack keep an age true, in the reader's language:
// https://docs.slack.dev/messaging/formatting-message-text#date-formatting
const age = "{ago}"

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
	case strings.TrimSpace(s.Text) == "":
		return s.Text
	case !s.At.IsZero():
		return fmt.Sprintf("<!date^%d^"+age+"|%s>", s.At.Unix(), inLink.Replace(plainText(s.Text)))
	case s.Code:
		return "`" + inCode.Replace(plainText(s.Text)) + "`"
	}
	// Emphasis holds only if it touches no space and stays on one line.
	inner := strings.TrimSpace(s.Text)
	at := strings.Index(s.Text, inner)
	out := escape(inner)
	if address, ok := web(s.URL); ok && length(address) <= maxURL {
		out = "<" + strings.ReplaceAll(address, "&", "&amp;") + "|" + inLink.Replace(out) + ">"
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
	if t.Style == notify.Quote {
		return api.NewRichTextBlock("", &api.RichTextQuote{Type: api.RTEQuote, Elements: parts})
	}
	return api.NewRichTextBlock("", api.NewRichTextSection(parts...))
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
	case !s.At.IsZero():
		date := api.NewRichTextSectionDateElement(s.At.Unix(), age, nil, &s.Text)
		date.Style = style
		return date
	}
	if address, ok := web(s.URL); ok && length(address) <= maxURL {
		return api.NewRichTextSectionLinkElement(address, s.Text, style)
	}
	return api.NewRichTextSectionTextElement(s.Text, style)
}
