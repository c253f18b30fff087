package discord

import (
	"encoding/json"
	"fmt"
	"strings"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/notify"
)

// Limits of a message of Components V2:
// https://discord.com/developers/docs/components/reference
const (
	maxText       = 4000 // of all text displays together
	maxComponents = 40   // nested ones among them
	maxMediaURL   = 2048
	maxMediaText  = 1024 // of a picture's description

	// headroom is left in every message for the mentions of an alert, which
	// differ from place to place.
	headroom     = 300
	zeroWidthGap = "\u200b" // what Discord shows for a text that is empty
)

// Encode gives the container that shows a message: everything but what differs
// from place to place. Long texts are shortened to Discord's limits; texts of a
// message with too many parts share a text display.
func (c *Client) Encode(m notify.Message) (notify.Body, error) {
	m, shown := pictures(m)
	_, parts := measure(container(m))
	draw := container
	if parts > maxComponents-1 {
		draw = packed
	}
	fitted, ok := notify.Fit(m, func(m notify.Message) bool {
		text, parts := measure(draw(m))
		return text <= maxText-headroom && parts <= maxComponents-1
	})
	if !ok {
		text, parts := measure(draw(fitted))
		return notify.Body{}, fmt.Errorf("the message has %d characters and %d components, more than Discord takes", text, parts)
	}
	body, err := json.Marshal(draw(fitted))
	if err != nil {
		return notify.Body{}, fmt.Errorf("encode for Discord: %w", err)
	}
	return notify.Body{Content: body, Pictures: shown}, nil
}

// container draws a message. One that shows nothing shows its fallback, because
// Discord takes no empty container.
func container(m notify.Message) dgo.Container {
	box := dgo.Container{AccentColor: &m.Accent}
	used := ids{}
	for _, b := range m.Blocks {
		switch b := b.(type) {
		case notify.Text:
			box.Components = append(box.Components, used.text(b))
		case notify.Picture:
			box.Components = append(box.Components, gallery(b))
		case notify.Divider:
			box.Components = append(box.Components, dgo.Separator{})
		case notify.Actions:
			if row := used.buttons(b.Buttons); len(row) > 0 {
				box.Components = append(box.Components, dgo.ActionsRow{Components: row})
			}
		}
	}
	if len(box.Components) == 0 {
		fallback := notify.Text{Spans: []notify.Span{{Text: notify.Cut(m.Fallback, 200)}}}
		box.Components = append(box.Components, used.text(fallback))
	}
	return box
}

// packed is a container whose neighbouring texts share a text display.
func packed(m notify.Message) dgo.Container {
	box := container(m)
	var parts []dgo.MessageComponent
	for _, c := range box.Components {
		text, isText := c.(dgo.TextDisplay)
		if isText && len(parts) > 0 {
			if before, ok := parts[len(parts)-1].(dgo.TextDisplay); ok {
				parts[len(parts)-1] = dgo.TextDisplay{Content: before.Content + "\n" + text.Content}
				continue
			}
		}
		parts = append(parts, c)
	}
	box.Components = parts
	return box
}

// text is a text display, or a section when something stands beside it.
func (used ids) text(t notify.Text) dgo.MessageComponent {
	display := dgo.TextDisplay{Content: markdown(t)}
	if t.Icon != "" {
		if address, ok := link(t.Icon); ok && len(address) <= maxMediaURL {
			thumb := dgo.Thumbnail{Media: dgo.UnfurledMediaItem{URL: address}}
			if t.IconAlt != "" {
				alt := short(t.IconAlt, maxMediaText)
				thumb.Description = &alt
			}
			return dgo.Section{Components: []dgo.MessageComponent{display}, Accessory: thumb}
		}
	}
	if t.Button != nil {
		if b, ok := used.button(*t.Button); ok {
			return dgo.Section{Components: []dgo.MessageComponent{display}, Accessory: b}
		}
	}
	return display
}

// prefixes begin a line of each style.
var prefixes = map[notify.Style]string{
	notify.Title: "## ", notify.Heading: "### ", notify.Small: "-# ", notify.Quote: "> ",
}

func markdown(t notify.Text) string {
	var b strings.Builder
	headed := t.Style == notify.Title || t.Style == notify.Heading
	for _, s := range t.Spans {
		b.WriteString(span(s, headed))
	}
	content := strings.TrimSpace(b.String())
	if headed {
		content = strings.ReplaceAll(content, "\n", " ")
	}
	if content == "" {
		return zeroWidthGap
	}
	prefix := prefixes[t.Style]
	return prefix + strings.ReplaceAll(content, "\n", "\n"+prefix)
}

// span renders one span. In a heading, which is bold already, bold is left out.
func span(s notify.Span, headed bool) string {
	switch {
	case s.Channel != "" && snowflake(s.Channel):
		return "<#" + s.Channel + ">"
	case !s.At.IsZero():
		return fmt.Sprintf("<t:%d:R>", s.At.Unix())
	case s.Code:
		return code(s.Text)
	case strings.TrimSpace(s.Text) == "":
		return s.Text
	}
	// Emphasis and links hold only if they touch no space.
	inner := strings.TrimSpace(s.Text)
	at := strings.Index(s.Text, inner)
	before, after := s.Text[:at], s.Text[at+len(inner):]
	out := escape(inner)
	if address, ok := link(s.URL); s.URL != "" && ok {
		out = linked(inner, address)
	}
	if s.Strike {
		out = "~~" + out + "~~"
	}
	if s.Italic {
		out = "*" + out + "*"
	}
	if s.Bold && !headed {
		out = "**" + out + "**"
	}
	return before + out + after
}

// measure counts what Discord counts.
func measure(c dgo.MessageComponent) (text, parts int) {
	add := func(children ...dgo.MessageComponent) {
		for _, child := range children {
			t, p := measure(child)
			text, parts = text+t, parts+p
		}
	}
	parts = 1
	switch c := c.(type) {
	case dgo.Container:
		add(c.Components...)
	case dgo.Section:
		add(c.Components...)
		add(c.Accessory)
	case dgo.ActionsRow:
		add(c.Components...)
	case dgo.TextDisplay:
		text = length(c.Content)
	}
	return text, parts
}
