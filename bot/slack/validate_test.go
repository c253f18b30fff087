package slack

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// checked is a block or element of Block Kit with what it must and may have:
// https://docs.slack.dev/reference/block-kit
type checked struct {
	must, may []string
	elements  []string // kinds of its elements
	most      int      // elements
}

var blockKit = map[string]checked{
	"section":           {must: []string{"text"}, may: []string{"accessory"}},
	"context":           {must: []string{"elements"}, elements: []string{"mrkdwn", "plain_text", "image"}, most: 10},
	"divider":           {},
	"actions":           {must: []string{"elements"}, elements: []string{"button"}, most: 25},
	"rich_text":         {must: []string{"elements"}, elements: []string{"rich_text_section", "rich_text_quote"}, most: 100},
	"rich_text_section": {must: []string{"elements"}, elements: []string{"text", "link", "channel", "date"}, most: 1000},
	"rich_text_quote":   {must: []string{"elements"}, elements: []string{"text", "link", "channel", "date"}, most: 1000},
	"text":              {must: []string{"text"}, may: []string{"style"}},
	"link":              {must: []string{"url", "text"}, may: []string{"style"}},
	"channel":           {must: []string{"channel_id"}, may: []string{"style"}},
	"date":              {must: []string{"timestamp", "format", "fallback"}, may: []string{"style"}},
	"mrkdwn":            {must: []string{"text", "verbatim"}},
	"plain_text":        {must: []string{"text"}, may: []string{"emoji"}},
	"image":             {must: []string{"alt_text"}, may: []string{"image_url", "slack_file"}},
	"button":            {must: []string{"text", "action_id"}, may: []string{"value", "url", "style"}},
}

// longest gives the most characters of each text member.
var longest = map[string]int{
	"section.text": 3000, "mrkdwn.text": 3000, "button.text": 75, "text.text": 3000, "link.text": 3000, "button.value": 2000, "button.url": 3000,
	"button.action_id": 255, "image.image_url": 3000, "image.alt_text": 2000, "link.url": 3000, "date.fallback": 3000, "plain_text.text": 75,
}

// markup is all that mrkdwn may hold between angle brackets: live ages, channels
// and links whose text holds neither bracket nor bar.
var markup = regexp.MustCompile(`<!date\^-?\d+\^\{ago\}\|[^<>|]*>|<#[CGD][A-Z0-9]+>|<https?://[^<>|\s]+\|[^<>|\n]+>`)

// validate holds a body against the limits of Block Kit and gives everything
// wrong with it. No text in it may be markup that we did not put there.
func validate(body []byte) (wrong []string) {
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	var b struct {
		Text   string           `json:"text"`
		Blocks []map[string]any `json:"blocks"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return []string{err.Error()}
	}
	if n := length(b.Text); n > 3000 {
		complain("the fallback has %d characters", n)
	}
	if strings.ContainsAny(b.Text, "<>") {
		complain("the fallback holds markup: %q", b.Text)
	}
	if n := len(b.Blocks); n > 50 {
		complain("%d blocks", n)
	}
	total, ids := 0, map[string]bool{}
	var visit func(path string, v map[string]any, kinds ...string)
	visit = func(path string, v map[string]any, kinds ...string) {
		kind, _ := v["type"].(string)
		rule, known := blockKit[kind]
		if !known || !slices.Contains(kinds, kind) {
			complain("%s: type %q, not one of %v", path, kind, kinds)
			return
		}
		path += "/" + kind
		for _, name := range rule.must {
			if _, there := v[name]; !there {
				complain("%s has no %s", path, name)
			}
		}
		for name, value := range v {
			if name != "type" && !slices.Contains(rule.must, name) && !slices.Contains(rule.may, name) {
				complain("%s has %s", path, name)
			}
			if s, ok := value.(string); ok && name != "type" && name != "format" {
				most, limited := longest[kind+"."+name]
				if n := length(s); n < 1 || limited && n > most {
					complain("%s has a %s of %d characters", path, name, n)
				}
				if name == "text" {
					total += length(s)
				}
				if strings.Contains(name, "url") && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
					complain("%s: %q is no address", path, s)
				}
			}
		}
		switch kind {
		case "section":
			if text, ok := v["text"].(map[string]any); ok {
				visit(path, text, "mrkdwn")
			}
			if accessory, ok := v["accessory"].(map[string]any); ok {
				visit(path, accessory, "image", "button")
			}
		case "button":
			if text, ok := v["text"].(map[string]any); ok {
				visit(path, text, "plain_text")
			}
			id, _ := v["action_id"].(string)
			if ids[id] {
				complain("%s: action_id %q is there twice", path, id)
			}
			ids[id] = true
			if _, value := v["value"]; value == (v["url"] != nil) {
				complain("%s opens an address and asks something, or does neither", path)
			}
		case "mrkdwn":
			text, _ := v["text"].(string)
			if v["verbatim"] != true {
				complain("%s is not verbatim", path)
			}
			rest := markup.ReplaceAllString(text, "")
			rest = strings.ReplaceAll("\n"+rest, "\n> ", "\n")
			if strings.ContainsAny(rest, "<>") || strings.Contains(entity.ReplaceAllString(rest, ""), "&") {
				complain("%s holds markup: %q", path, text)
			}
		case "image":
			if _, address := v["image_url"]; address == (v["slack_file"] != nil) {
				complain("%s has an address and a file, or neither", path)
			}
		case "rich_text":
			if list, ok := v["elements"].([]any); ok && len(list) != 1 {
				complain("%s has %d parts", path, len(list))
			}
		}
		if rule.most > 0 {
			list, _ := v["elements"].([]any)
			if len(list) < 1 || len(list) > rule.most {
				complain("%s has %d elements", path, len(list))
			}
			for i, one := range list {
				m, _ := one.(map[string]any)
				visit(fmt.Sprintf("%s/%d", path, i), m, rule.elements...)
			}
		}
	}
	for i, block := range b.Blocks {
		visit(fmt.Sprint(i), block, "section", "context", "divider", "actions", "rich_text", "image")
	}
	if total > maxTotal {
		complain("%d characters in all", total)
	}
	return wrong
}

func valid(t *testing.T, body []byte) {
	t.Helper()
	if wrong := validate(body); len(wrong) > 0 {
		t.Errorf("Slack would refuse this, or show it wrong:\n%s\n%s", strings.Join(wrong, "\n"), body)
	}
}
