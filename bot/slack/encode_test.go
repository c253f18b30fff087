package slack

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/bottest"
	"sparkbot/notify"
)

func newEncoder(t testing.TB) *Client {
	t.Helper()
	c, err := New(Options{BotToken: "x"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEverythingSaidIsValid(t *testing.T) {
	c := newEncoder(t)
	texts := append(bottest.Hostile(), "", "plain", strings.Repeat("隐私消息", 5000), strings.Repeat("<&>", 7000), strings.Repeat("z"+strings.Repeat("\u0301", 30), 600), strings.Repeat("a\n", 9000))
	for _, text := range texts {
		for kind, m := range bottest.Messages(text) {
			body, err := c.Encode(m)
			if err != nil {
				t.Errorf("%s of %.40q: %v", kind, text, err)
				continue
			}
			valid(t, body.Content)
		}
	}
}

// every gives a message that uses whatever a message can have.
func every(text, address, command string, style int) notify.Message {
	at := time.Date(2026, 7, 22, 12, 0, 0, 0, time.UTC)
	spans := []notify.Span{
		{Text: text},
		{Text: text, Bold: true},
		{Text: text, Italic: true, Strike: true},
		{Text: text, Code: true},
		{Text: text, URL: address},
		{Text: text, URL: address, Bold: true, Italic: true},
		{Text: text, At: at},
		{Text: text, Channel: text},
		{Channel: "C0123"},
		{Text: text, Fixed: len(text) < 50},
	}
	m := notify.Message{Fallback: text}
	look := notify.Style((style%5 + 5) % 5)
	for _, t := range []notify.Text{
		{},
		{Spans: spans},
		{Spans: spans, Icon: address, IconAlt: text},
		{Spans: spans, Button: &notify.Button{Label: text, URL: address}},
		{Spans: spans, Button: &notify.Button{Label: text, Command: command}},
		{Spans: spans[:1], Icon: "https://example.org/i.png"},
	} {
		t.Style = look
		m.Blocks = append(m.Blocks, t, notify.Divider{})
	}
	m.Blocks = append(m.Blocks, notify.Text{Style: notify.Small, Spans: spans}, notify.Text{Style: notify.Quote, Spans: spans}, notify.Actions{}, notify.Actions{Buttons: []notify.Button{
		{Label: text, URL: address}, {Label: text, Command: command, Primary: true}, {Label: text, Command: command, URL: address, Danger: true}, {Label: "nothing"},
	}})
	return m
}

func FuzzEncode(f *testing.F) {
	for _, text := range bottest.Hostile() {
		f.Add(text, "https://example.org/?a=1&b=2|3", "show session", 0)
	}
	f.Add("", "", "", 1)
	f.Add(" \n\n x\n y ", "https://example.org/"+strings.Repeat("é", 1500), strings.Repeat("c", 2001), 2)
	f.Add(strings.Repeat("z"+strings.Repeat("\u0301", 30), 300), "javascript:alert(1)", "mute 1d x", 3)
	f.Add(strings.Repeat("<a|b>`*", 4000), "http://a b/<>|", "all page:2", 4)
	c := newEncoder(f)
	f.Fuzz(func(t *testing.T, text, address, command string, style int) {
		body, err := c.Encode(every(text, address, command, style))
		if err != nil {
			t.Fatalf("a message of this shape always fits once it is shortened: %v", err)
		}
		valid(t, body.Content)
	})
}

func TestABlankMessageStillHasItsText(t *testing.T) {
	body, err := newEncoder(t).Encode(notify.Message{Fallback: "a & b"})
	if err != nil || string(body.Content) != `{"text":"a \u0026amp; b"}` {
		t.Errorf("Encode gives %s, %v", body.Content, err)
	}
}

func TestAnAgeStaysTrueWhereverItStands(t *testing.T) {
	at := time.Unix(1_784_721_600, 0)
	for style, want := range map[notify.Style]string{
		notify.Small:  `<!date^1784721600^{ago}|19d ago>`,
		notify.Normal: `"timestamp":1784721600,"format":"{ago}","fallback":"19d ago"`,
	} {
		body, err := newEncoder(t).Encode(notify.Message{Fallback: "x", Blocks: []notify.Block{notify.Text{Style: style, Spans: []notify.Span{{Text: "19d ago", At: at}}}}})
		if err != nil {
			t.Fatal(err)
		}
		valid(t, body.Content)
		if got := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(body.Content)); !strings.Contains(got, want) {
			t.Errorf("style %d: no %s in %s", style, want, got)
		}
	}
}

func TestAReplyUnfoldsNoLink(t *testing.T) {
	c := newEncoder(t)
	for name, tc := range map[string]struct {
		button, update bool
		want           string
	}{"typed": {want: "in_channel"}, "pressed": {button: true, want: "in_channel"}, "turned": {button: true, update: true}} {
		reply := sentence("hello")
		reply.Private, reply.Update = false, tc.update
		var got struct {
			Kind    string `json:"response_type"`
			Replace *bool  `json:"replace_original"`
			Links   *bool  `json:"unfurl_links"`
			Media   *bool  `json:"unfurl_media"`
		}
		if err := json.Unmarshal(c.shown(incoming{button: tc.button}, reply), &got); err != nil {
			t.Fatal(err)
		}
		if got.Kind != tc.want || got.Replace == nil || *got.Replace != tc.update || got.Links == nil || *got.Links || got.Media == nil || *got.Media {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
