package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf16"
)

const (
	flagV2        = 1 << 15
	flagEphemeral = 1 << 6
)

// nonceText takes Discord's nonce, a text or a number.
type nonceText string

// UnmarshalJSON reads either.
func (n *nonceText) UnmarshalJSON(b []byte) error {
	*n = nonceText(bytes.Trim(b, `"`))
	return nil
}

// discordBody is a message as a bot sends it.
type discordBody struct {
	Content         string          `json:"content"`
	TTS             bool            `json:"tts"`
	Embeds          []any           `json:"embeds"`
	StickerIDs      []string        `json:"sticker_ids"`
	Attachments     []attachment    `json:"attachments"` // nil: not spoken of
	Flags           int             `json:"flags"`
	Components      json.RawMessage `json:"components"`
	Nonce           nonceText       `json:"nonce"`
	EnforceNonce    bool            `json:"enforce_nonce"`
	AllowedMentions *struct {
		Parse []string `json:"parse"`
		Roles []string `json:"roles"`
		Users []string `json:"users"`
	} `json:"allowed_mentions"`
	raw   json.RawMessage
	files []attachment // that came with it
}

// UnmarshalJSON refuses members that the API does not have.
func (b *discordBody) UnmarshalJSON(text []byte) error {
	type plain discordBody
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode((*plain)(b)); err != nil {
		return err
	}
	b.raw = slices.Clone(text)
	return nil
}

// check takes the files that are there already, of a message that is edited. It
// enforces https://discord.com/developers/docs/components/reference.
func (b discordBody) check(there ...attachment) error {
	if len(b.Nonce) > 25 {
		return errors.New("nonce: Must be 25 or fewer in length.")
	}
	if b.Flags&flagV2 == 0 {
		if b.Content == "" && len(b.Components) == 0 {
			return errors.New("Cannot send an empty message")
		}
		if units(b.Content) > 2000 {
			return errors.New("content: Must be 2000 or fewer in length.")
		}
		return nil
	}
	if b.Content != "" || len(b.Embeds) > 0 {
		return errors.New("content: The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
	}
	var top []map[string]any
	if err := json.Unmarshal(b.Components, &top); err != nil || len(top) == 0 {
		return errors.New("components: This field is required")
	}
	c := &componentCheck{files: fileNames(b.files, there), ids: map[string]bool{}, numbers: map[float64]bool{}}
	for i, one := range top {
		if err := c.component(fmt.Sprintf("components[%d]", i), one, 0); err != nil {
			return err
		}
	}
	if c.count > 40 {
		return fmt.Errorf("components: %d in all, at most 40", c.count)
	}
	if c.text > 4000 {
		return fmt.Errorf("components: the text has %d characters, at most 4000", c.text)
	}
	return nil
}

func fileNames(lists ...[]attachment) (names []string) {
	for _, list := range lists {
		for _, a := range list {
			names = append(names, a.Filename)
		}
	}
	return names
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

// componentCheck counts while it goes through a message.
type componentCheck struct {
	count, text int
	ids         map[string]bool
	numbers     map[float64]bool // the ids of components that were given one
	files       []string         // the names of the message's files
}

// The types of components, and the members each may have besides type and id.
const (
	typeRow       = 1
	typeButton    = 2
	typeSection   = 9
	typeText      = 10
	typeThumbnail = 11
	typeGallery   = 12
	typeSeparator = 14
	typeContainer = 17
)

var members = map[int][]string{
	typeRow:       {"components"},
	typeButton:    {"style", "label", "custom_id", "url", "disabled", "emoji", "sku_id"},
	typeSection:   {"components", "accessory"},
	typeText:      {"content"},
	typeThumbnail: {"media", "description", "spoiler"},
	typeGallery:   {"items"},
	typeSeparator: {"divider", "spacing"},
	typeContainer: {"components", "accent_color", "spoiler"},

	typeStringSelect: {"custom_id", "options", "placeholder", "min_values", "max_values", "disabled", "required"},
}

// inside says what may stand in what; 0 is the message itself.
var inside = map[int][]int{
	0:             {typeRow, typeSection, typeText, typeGallery, typeSeparator, typeContainer},
	typeContainer: {typeRow, typeSection, typeText, typeGallery, typeSeparator},
	typeRow:       {typeButton, typeStringSelect},
	typeSection:   {typeText},
}

func (c *componentCheck) component(path string, v map[string]any, parent int) error {
	kind, _ := v["type"].(float64)
	t := int(kind)
	allowed, known := members[t]
	if !known || !slices.Contains(inside[parent], t) {
		return fmt.Errorf("%s: type %v may not stand here", path, v["type"])
	}
	for name := range v {
		if name != "type" && name != "id" && !slices.Contains(allowed, name) {
			return fmt.Errorf("%s.%s: unknown", path, name)
		}
	}
	if id, given := v["id"].(float64); given && id != 0 {
		if id < 0 || id > 1<<31-1 || c.numbers[id] {
			return fmt.Errorf("%s.id: must be a number below 2^31 that no other component of the message has", path)
		}
		c.numbers[id] = true
	}
	c.count++
	switch t {
	case typeText:
		return c.textDisplay(path, v)
	case typeButton:
		return c.button(path, v)
	case typeGallery:
		return c.gallery(path, v)
	case typeSection:
		return c.section(path, v)
	case typeStringSelect:
		return c.menu(path, v)
	case typeRow:
		if list, _ := v["components"].([]any); len(list) > 1 && slices.ContainsFunc(list, isMenu) {
			return fmt.Errorf("%s.components: a select menu stands alone in its row", path)
		}
		return c.children(path, v, t, 5)
	case typeContainer:
		if colour, ok := v["accent_color"].(float64); ok && (colour < 0 || colour > 0xFFFFFF) {
			return fmt.Errorf("%s.accent_color: out of range", path)
		}
		return c.children(path, v, t, 40)
	}
	return nil
}

func (c *componentCheck) children(path string, v map[string]any, kind, most int) error {
	list, _ := v["components"].([]any)
	if len(list) < 1 || len(list) > most {
		return fmt.Errorf("%s.components: Must be between 1 and %d in length.", path, most)
	}
	for i, one := range list {
		child, _ := one.(map[string]any)
		if err := c.component(fmt.Sprintf("%s.components[%d]", path, i), child, kind); err != nil {
			return err
		}
	}
	return nil
}

func (c *componentCheck) textDisplay(path string, v map[string]any) error {
	content, _ := v["content"].(string)
	c.text += units(content)
	if n := units(content); n < 1 || n > 4000 {
		return fmt.Errorf("%s.content: Must be between 1 and 4000 in length.", path)
	}
	return nil
}

func (c *componentCheck) section(path string, v map[string]any) error {
	if err := c.children(path, v, typeSection, 3); err != nil {
		return err
	}
	accessory, _ := v["accessory"].(map[string]any)
	switch accessory["type"] {
	case float64(typeButton):
		c.count++
		return c.button(path+".accessory", accessory)
	case float64(typeThumbnail):
		c.count++
		media, _ := accessory["media"].(map[string]any)
		address, _ := media["url"].(string)
		if !webAddress(address) || len(address) > 2048 {
			return fmt.Errorf("%s.accessory.media.url: not a well formed URL", path)
		}
		return nil
	}
	return fmt.Errorf("%s.accessory: This field is required", path)
}

func (c *componentCheck) button(path string, v map[string]any) error {
	style, _ := v["style"].(float64)
	label, _ := v["label"].(string)
	id, _ := v["custom_id"].(string)
	address, _ := v["url"].(string)
	switch {
	case style < 1 || style > 6:
		return fmt.Errorf("%s.style: unknown", path)
	case units(label) < 1 || units(label) > 80:
		return fmt.Errorf("%s.label: Must be between 1 and 80 in length.", path)
	case style == 5 && (id != "" || !webAddress(address) || len(address) > 512):
		return fmt.Errorf("%s.url: a link button needs a well formed url of at most 512 characters and no custom_id", path)
	case style != 5 && (address != "" || units(id) < 1 || units(id) > 100):
		return fmt.Errorf("%s.custom_id: Must be between 1 and 100 in length.", path)
	case style != 5 && c.ids[id]:
		return fmt.Errorf("%s.custom_id: Component custom id cannot be duplicated", path)
	}
	c.ids[id] = true
	return nil
}

func isMenu(v any) bool {
	m, _ := v.(map[string]any)
	return m["type"] == float64(typeStringSelect)
}

func (c *componentCheck) menu(path string, v map[string]any) error {
	id, _ := v["custom_id"].(string)
	options, _ := v["options"].([]any)
	placeholder, _ := v["placeholder"].(string)
	switch {
	case units(id) < 1 || units(id) > 100 || c.ids[id]:
		return fmt.Errorf("%s.custom_id: Must be between 1 and 100 in length, and unique.", path)
	case len(options) < 1 || len(options) > 25:
		return fmt.Errorf("%s.options: Must be between 1 and 25 in length.", path)
	case units(placeholder) > 150:
		return fmt.Errorf("%s.placeholder: Must be 150 or fewer in length.", path)
	}
	c.ids[id] = true
	for i, one := range options {
		o, _ := one.(map[string]any)
		label, _ := o["label"].(string)
		value, _ := o["value"].(string)
		about, _ := o["description"].(string)
		if units(label) < 1 || units(label) > 100 || units(value) < 1 || units(value) > 100 || units(about) > 100 {
			return fmt.Errorf("%s.options[%d]: label and value must be between 1 and 100 in length, a description at most 100.", path, i)
		}
	}
	return nil
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
