package sandbox

import (
	"regexp"
	"strings"
)

// slackView is what a reader sees of a message.
type slackView struct {
	lines   []string
	buttons []Button
	links   []string
	pings   []string
	k       *Slack
}

// body reads a message; its text is seen only where there are no blocks, but
// notifies either way.
func (v *slackView) body(b slackBody) {
	text := v.mrkdwn(b.Text)
	if len(b.Blocks) == 0 {
		v.lines = append(v.lines, text)
	}
	for _, block := range b.Blocks {
		if line := v.object(block); line != "" {
			v.lines = append(v.lines, line)
		}
	}
}

// object gives the text of a block or element and of all that stands in it.
func (v *slackView) object(m map[string]any) string {
	kind, _ := m["type"].(string)
	text, _ := m["text"].(string)
	switch kind {
	case "mrkdwn":
		return v.mrkdwn(text)
	case "plain_text", "text":
		return text
	case "link":
		address, _ := m["url"].(string)
		v.links = append(v.links, address)
		return text
	case "channel":
		id, _ := m["channel_id"].(string)
		return v.channel(id)
	case "user", "broadcast", "usergroup":
		v.pings = append(v.pings, kind)
		return "@" + kind
	case "button":
		v.button(m)
		return ""
	}
	var parts []string
	if inner, ok := m["text"].(map[string]any); ok {
		parts = append(parts, v.object(inner))
	}
	list, _ := m["elements"].([]any)
	var inline strings.Builder
	for _, one := range list {
		if child, ok := one.(map[string]any); ok {
			inline.WriteString(v.object(child))
		}
	}
	if inline.Len() > 0 {
		parts = append(parts, inline.String())
	}
	if accessory, ok := m["accessory"].(map[string]any); ok {
		v.object(accessory)
	}
	return strings.Join(parts, "\n")
}

func (v *slackView) button(m map[string]any) {
	b := Button{}
	if text, ok := m["text"].(map[string]any); ok {
		b.Label, _ = text["text"].(string)
	}
	b.Value, _ = m["value"].(string)
	if b.URL, _ = m["url"].(string); b.URL != "" {
		v.links = append(v.links, b.URL)
	}
	v.buttons = append(v.buttons, b)
}

func (v *slackView) channel(id string) string {
	if c, there := v.k.channels[id]; there {
		return "#" + c.name
	}
	return "#unknown"
}

var (
	slackAngle = regexp.MustCompile(`<([^<>]*)>`)
	slackMarks = regexp.MustCompile("(^|[\\s(])([*_~`])([^\\s*_~`](?:[^*_~`\n]*[^\\s*_~`])?)[*_~`]")
	invisible  = strings.NewReplacer("\u200b", "", "\u2060", "", "\ufeff", "")
	slackText  = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// mrkdwn shows a text as Slack would: marks taken away, links as their text.
func (v *slackView) mrkdwn(s string) string {
	s = slackAngle.ReplaceAllStringFunc(s, func(m string) string { return v.angle(m[1 : len(m)-1]) })
	for range 3 { // marks inside marks
		s = slackMarks.ReplaceAllString(s, "$1$3")
	}
	return slackText.Replace(invisible.Replace(s))
}

// angle shows what stands in angle brackets.
func (v *slackView) angle(s string) string {
	target, label, labelled := strings.Cut(s, "|")
	switch {
	case strings.HasPrefix(target, "!date^"):
		return label
	case strings.HasPrefix(target, "!"), strings.HasPrefix(target, "@"):
		v.pings = append(v.pings, strings.TrimPrefix(target, "!"))
		return "@" + strings.TrimLeft(target, "!@")
	case strings.HasPrefix(target, "#"):
		return v.channel(target[1:])
	}
	v.links = append(v.links, slackText.Replace(target))
	if labelled {
		return label
	}
	return target
}
