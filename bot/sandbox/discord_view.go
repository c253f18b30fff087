package sandbox

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// discordView is what a reader sees of a message.
type discordView struct {
	lines   []string
	buttons []Button
	links   []string
	pings   []string
	d       *Discord
}

func (v *discordView) text() string { return strings.Join(v.lines, "\n") }

// view reads a body. The caller holds the lock.
func (d *Discord) view(body discordBody) *discordView {
	v := &discordView{d: d}
	if body.Content != "" {
		v.lines = append(v.lines, v.markdown(body.Content))
	}
	var top []map[string]any
	if json.Unmarshal(body.Components, &top) == nil {
		for _, one := range top {
			v.component(one)
		}
	}
	v.pings = pinged(body)
	return v
}

func (v *discordView) component(c map[string]any) {
	if content, ok := c["content"].(string); ok {
		v.lines = append(v.lines, v.markdown(content))
	}
	if c["type"] == float64(typeButton) {
		b := Button{}
		b.Label, _ = c["label"].(string)
		b.Value, _ = c["custom_id"].(string)
		b.URL, _ = c["url"].(string)
		if b.URL != "" {
			v.links = append(v.links, b.URL)
		}
		v.buttons = append(v.buttons, b)
	}
	children, _ := c["components"].([]any)
	for _, child := range children {
		if m, ok := child.(map[string]any); ok {
			v.component(m)
		}
	}
	if accessory, ok := c["accessory"].(map[string]any); ok {
		v.component(accessory)
	}
}

// mentions are what Discord looks for in a text, escaped or not.
var mentions = regexp.MustCompile(`@everyone|@here|<@&\d+>|<@!?\d+>`)

// pinged is whom a message notifies: what it mentions and its allowed_mentions
// admit. Without allowed_mentions everything is admitted.
func pinged(body discordBody) []string {
	var pings []string
	for _, m := range mentions.FindAllString(body.Content+"\n"+allText(body.Components), -1) {
		kind, id := "everyone", ""
		switch {
		case strings.HasPrefix(m, "<@&"):
			kind, id = "roles", strings.Trim(m, "<@&>")
		case strings.HasPrefix(m, "<@"):
			kind, id = "users", strings.Trim(m, "<@!>")
		}
		a := body.AllowedMentions
		if a != nil && !slices.Contains(a.Parse, kind) &&
			!(kind == "roles" && slices.Contains(a.Roles, id)) && !(kind == "users" && slices.Contains(a.Users, id)) {
			continue
		}
		pings = append(pings, strings.TrimSuffix(strings.TrimSuffix(kind, "s")+":"+id, ":"))
	}
	return pings
}

// allText gathers every content of the components.
func allText(components json.RawMessage) string {
	var b strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			if s, ok := v["content"].(string); ok {
				b.WriteString(s + "\n")
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	var all any
	if json.Unmarshal(components, &all) == nil {
		walk(all)
	}
	return b.String()
}

var (
	linePrefix = regexp.MustCompile(`^(#{1,3} |-# |> |>>> |[-*] )`)
	masked     = regexp.MustCompile(`^\[((?:[^\[\]\\]|\\.)*)\]\((https?://[^\s()<>]+)\)`)
	angled     = regexp.MustCompile(`^<(#|@&|@!?|t:)(-?\d+)(?::[a-zA-Z])?>`)
	bare       = regexp.MustCompile(`^https?://[^\s<>]+`)
)

// markdown shows a text as Discord would: marks taken away, a backslash showing
// the character behind it, links as their text.
func (v *discordView) markdown(s string) string {
	var out []string
	for l := range strings.Lines(s) {
		l = strings.TrimRight(l, "\n")
		out = append(out, v.inline(l[len(linePrefix.FindString(l)):]))
	}
	return strings.Join(out, "\n")
}

func (v *discordView) inline(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		switch {
		case s[0] == '\\' && len(s) > 1:
			s = s[1:]
			r := []rune(s)[0]
			b.WriteRune(r)
			s = s[len(string(r)):]
			continue
		case s[0] == '`':
			if end := strings.IndexByte(s[1:], '`'); end >= 0 {
				b.WriteString(s[1 : end+1])
				s = s[end+2:]
				continue
			}
		case s[0] == '[':
			if m := masked.FindStringSubmatch(s); m != nil {
				v.links = append(v.links, m[2])
				b.WriteString(v.inline(m[1]))
				s = s[len(m[0]):]
				continue
			}
		case s[0] == '<':
			if m := angled.FindStringSubmatch(s); m != nil {
				b.WriteString(v.reference(m[1], m[2]))
				s = s[len(m[0]):]
				continue
			}
		case s[0] == 'h':
			if m := bare.FindString(s); m != "" {
				v.links = append(v.links, m)
				b.WriteString(m)
				s = s[len(m):]
				continue
			}
		}
		n := emphasis(s)
		if n == 0 {
			b.WriteByte(s[0])
			n = 1
		}
		s = s[n:]
	}
	return b.String()
}

// emphasis gives the length of a mark at the beginning of s.
func emphasis(s string) int {
	for _, mark := range []string{"**", "__", "~~", "||", "*", "_"} {
		if strings.HasPrefix(s, mark) {
			return len(mark)
		}
	}
	return 0
}

func (v *discordView) reference(kind, id string) string {
	switch kind {
	case "t:":
		return "a moment ago"
	case "#":
		if c, there := v.d.channels[id]; there {
			return "#" + c.name
		}
		return "#unknown"
	case "@&":
		return "@role"
	default:
		return "@member"
	}
}
