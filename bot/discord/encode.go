package discord

import (
	"encoding/json"
	"errors"
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
	maxLabel      = 80
	maxCustomID   = 100
	maxButtonURL  = 512
	maxMediaURL   = 2048
	rowButtons    = 5

	flagComponentsV2 = 1 << 15
	flagEphemeral    = 1 << 6

	// mark begins the custom_id of our buttons. A later grammar gets a later one.
	mark = "v1 "
	// headroom is left in every message for the mentions of an alert, which
	// differ from place to place: 10 roles at most.
	headroom     = 300
	maxMentions  = 10
	zeroWidthGap = "\u200b" // what Discord shows for a text that is empty
)

// Encode gives the container that shows a message: everything but what differs
// from place to place. Long texts are shortened to Discord's limits.
func (c *Client) Encode(m notify.Message) ([]byte, error) {
	fitted, ok := notify.Fit(m, func(m notify.Message) bool {
		text, parts := measure(container(m))
		return text <= maxText-headroom && parts <= maxComponents-1
	})
	if !ok {
		text, parts := measure(container(fitted))
		return nil, fmt.Errorf("the message has %d characters and %d components, more than Discord takes", text, parts)
	}
	body, err := json.Marshal(container(fitted))
	if err != nil {
		return nil, fmt.Errorf("encode for Discord: %w", err)
	}
	return body, nil
}

func container(m notify.Message) dgo.Container {
	box := dgo.Container{AccentColor: &m.Accent}
	used := ids{}
	for _, b := range m.Blocks {
		switch b := b.(type) {
		case notify.Text:
			box.Components = append(box.Components, used.text(b))
		case notify.Divider:
			box.Components = append(box.Components, dgo.Separator{})
		case notify.Actions:
			if row := used.buttons(b.Buttons); len(row) > 0 {
				box.Components = append(box.Components, dgo.ActionsRow{Components: row})
			}
		}
	}
	return box
}

// ids are the custom_ids a message has so far; Discord takes each only once.
type ids map[string]bool

// text is a text display, or a section when something stands beside it.
func (used ids) text(t notify.Text) dgo.MessageComponent {
	display := dgo.TextDisplay{Content: markdown(t)}
	if t.Icon != "" {
		if address, ok := link(t.Icon); ok && len(address) <= maxMediaURL {
			thumb := dgo.Thumbnail{Media: dgo.UnfurledMediaItem{URL: address}}
			if t.IconAlt != "" {
				alt := notify.Cut(t.IconAlt, 200)
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
		out = "[" + strings.ReplaceAll(out, "\n", " ") + "](" + address + ")"
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

func (used ids) buttons(all []notify.Button) []dgo.MessageComponent {
	var row []dgo.MessageComponent
	for _, b := range all {
		if made, ok := used.button(b); ok && len(row) < rowButtons {
			row = append(row, made)
		}
	}
	return row
}

// button leaves out what Discord would refuse: an address that is none or too
// long, a command too long for a custom_id or asked for already.
func (used ids) button(b notify.Button) (dgo.Button, bool) {
	made := dgo.Button{Label: notify.Cut(b.Label, maxLabel), Style: dgo.SecondaryButton}
	if b.URL != "" {
		address, ok := link(b.URL)
		made.Style, made.URL = dgo.LinkButton, address
		return made, ok && length(address) <= maxButtonURL && made.Label != ""
	}
	switch {
	case b.Danger:
		made.Style = dgo.DangerButton
	case b.Primary:
		made.Style = dgo.PrimaryButton
	}
	made.CustomID = mark + b.Command
	if used[made.CustomID] || length(made.CustomID) > maxCustomID || made.Label == "" {
		return made, false
	}
	used[made.CustomID] = true
	return made, true
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

// complete puts the envelope around a container: flags, mentions and, for a
// post, the nonce. Only the roles given can be mentioned.
func complete(box []byte, private bool, roles []string, nonce string) ([]byte, error) {
	if len(box) == 0 || box[0] != '{' {
		return nil, errors.New("no encoded message")
	}
	var mentions []string
	for _, r := range roles[:min(len(roles), maxMentions)] {
		if snowflake(r) {
			mentions = append(mentions, r)
		}
	}
	flags := flagComponentsV2
	if private {
		flags |= flagEphemeral
	}
	out := make([]byte, 0, len(box)+256)
	out = fmt.Appendf(out, `{"flags":%d,"allowed_mentions":{"parse":[]`, flags)
	if len(mentions) > 0 {
		out = append(fmt.Appendf(out, `,"roles":["%s"]`, strings.Join(mentions, `","`)), `},"components":[`...)
		out = fmt.Appendf(out, `{"type":10,"content":"<@&%s>"},`, strings.Join(mentions, "> <@&"))
	} else {
		out = append(out, `},"components":[`...)
	}
	out = append(append(out, box...), ']')
	if nonce != "" {
		out = fmt.Appendf(out, `,"nonce":%q,"enforce_nonce":true`, nonce)
	}
	return append(out, '}'), nil
}

// snowflake reports whether s has the form of one of Discord's ids.
func snowflake(s string) bool {
	if len(s) < 1 || len(s) > 20 {
		return false
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}
