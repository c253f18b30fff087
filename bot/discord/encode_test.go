package discord

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/notify"
)

func client(t testing.TB) *Client {
	t.Helper()
	c, err := New(Options{Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMarkdown(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	for _, tc := range []struct {
		name string
		in   notify.Text
		want string
	}{
		{"a title", notify.Text{Style: notify.Title, Spans: []notify.Span{{Text: "Session"}}}, "## Session"},
		{"a heading is bold as it is and has one line", notify.Text{Style: notify.Heading, Spans: []notify.Span{{Text: "a\nb", Bold: true}}}, "### a b"},
		{"an aside", notify.Text{Style: notify.Small, Spans: []notify.Span{{Text: "a\nb"}}}, "-# a\n-# b"},
		{"a quote marks every line", notify.Text{Style: notify.Quote, Spans: []notify.Span{{Text: "a\n\nb"}}}, "> a\n> \n> b"},
		{"spaces stay outside of emphasis", notify.Text{Spans: []notify.Span{{Text: " a ", Bold: true}, {Text: "b", Italic: true}, {Text: " c", Strike: true}}}, "**a** *b* ~~c~~"},
		{"a live age", notify.Text{Spans: []notify.Span{{Text: "2 years ago", At: at}}}, "<t:1700000000:R>"},
		{"a channel", notify.Text{Spans: []notify.Span{{Text: "c", Channel: "42"}}}, "<#42>"},
		{"a channel that is none", notify.Text{Spans: []notify.Span{{Text: "c", Channel: "C0"}}}, "c"},
		{"code has no marks in it", notify.Text{Spans: []notify.Span{{Text: "a`b*", Code: true}}}, "`aˋb*`"},
		{"a link", notify.Text{Spans: []notify.Span{{Text: "a [b] c", URL: "https://x.org/a b?(c)"}}}, `[a \[b\] c](https://x.org/a%20b?%28c%29)`},
		{"a link around a bracket without its partner", notify.Text{Spans: []notify.Span{{Text: "a ] b", URL: "https://x.org"}}}, `a \] b [↗](https://x.org)`},
		{"a link around an address", notify.Text{Spans: []notify.Span{{Text: "http://a", URL: "https://x.org"}}}, `http\://a [↗](https://x.org)`},
		{"no link to anything but the web", notify.Text{Spans: []notify.Span{{Text: "a", URL: "javascript:alert(1)"}}}, "a"},
		{"a list over two spans", notify.Text{Spans: []notify.Span{{Text: "1"}, {Text: ". a"}}}, `1\. a`},
		{"nothing", notify.Text{Style: notify.Title, Spans: []notify.Span{{Text: " \n "}}}, "\u200b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := markdown(tc.in); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestButtonsThatDiscordWouldRefuseAreLeftOut(t *testing.T) {
	family := "👨‍👩‍👧‍👦"
	row := ids{}.buttons([]notify.Button{
		{Label: "too long an address", URL: "https://x.org/" + strings.Repeat("x", 500)},
		{Label: "no address", URL: "mailto:a@x.org"},
		{Label: "", Command: "help"},
		{Label: "too long a command", Command: strings.Repeat("x", 98)},
		{Label: strings.Repeat(family, 80), Command: "help"},
		{Label: "the same again", Command: "help"},
		{Label: "a", Command: "a", Primary: true},
		{Label: "b", Command: "b", Danger: true},
		{Label: "c", URL: "https://x.org/?a=(b)"},
		{Label: "d", Command: "d"},
		{Label: "one too many", Command: "e"},
	})
	var got []string
	for _, c := range row {
		b := c.(dgo.Button)
		if length(b.Label) > maxLabel || !utf8.ValidString(b.Label) {
			t.Errorf("the label %q has %d characters", b.Label, length(b.Label))
		}
		got = append(got, fmt.Sprint(b.Style, b.CustomID, b.URL))
	}
	want := []string{"2v1 help", "1v1 a", "4v1 b", "5https://x.org/?a=%28b%29", "2v1 d"}
	if !slices.Equal(got, want) {
		t.Errorf("the row is %q, want %q", got, want)
	}
}

func TestAnIconStandsBesideItsText(t *testing.T) {
	text := notify.Text{Spans: []notify.Span{{Text: "a"}}, Icon: "https://x.org/i.png", IconAlt: strings.Repeat("é", 3000), Button: &notify.Button{Label: "b", Command: "b"}}
	thumb, ok := ids{}.text(text).(dgo.Section).Accessory.(dgo.Thumbnail)
	if !ok || thumb.Media.URL != text.Icon || length(*thumb.Description) > maxMediaText {
		t.Errorf("beside the text stands %+v", thumb)
	}
	for _, icon := range []string{"", "ftp://x.org/i.png", "https://x.org/" + strings.Repeat("i", maxMediaURL)} {
		text.Icon = icon
		if b, ok := (ids{}.text(text).(dgo.Section).Accessory.(dgo.Button)); !ok || b.CustomID != "v1 b" {
			t.Errorf("with the icon %.30q there stands %+v", icon, b)
		}
	}
	text.Button = &notify.Button{Label: "b", URL: "none"}
	if _, ok := (ids{}.text(text).(dgo.TextDisplay)); !ok {
		t.Error("a text with nothing beside it is no text display")
	}
}

func TestManyTextsShareADisplay(t *testing.T) {
	m := notify.Message{Fallback: "x"}
	for i := range 60 {
		m.Blocks = append(m.Blocks, notify.Text{Style: notify.Small, Spans: []notify.Span{{Text: fmt.Sprint("line ", i)}}})
		if i%20 == 19 {
			m.Blocks = append(m.Blocks, notify.Divider{})
		}
	}
	box, err := client(t).Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Components []struct{ Content string } }
	if err := json.Unmarshal(box.Content, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Components) != 6 || !strings.HasPrefix(got.Components[2].Content, "-# line 20\n-# line 21\n") {
		t.Errorf("the message became %s", box.Content)
	}
	for range 60 {
		m.Blocks = append(m.Blocks, notify.Divider{})
	}
	if _, err := client(t).Encode(m); err == nil {
		t.Error("a message of more than 40 parts was encoded")
	}
}

func TestAMessageThatShowsNothingShowsItsFallback(t *testing.T) {
	m := notify.Message{Fallback: "in *one* line", Blocks: []notify.Block{notify.Actions{Buttons: []notify.Button{{Label: "x", URL: "none"}}}}}
	if box, err := client(t).Encode(m); err != nil || !strings.Contains(string(box.Content), `in \\*one\\* line`) {
		t.Errorf("the message became %s, %v", box.Content, err)
	}
}

func TestOnlyTheGivenRolesAreMentioned(t *testing.T) {
	roles := []string{"1", "2", "1", "@everyone", `"]`}
	made, err := complete(notify.Body{Content: []byte(`{"type":17}`)}, false, roles, "s1")
	if err != nil {
		t.Fatal(err)
	}
	body := made.json
	want := `{"flags":32768,"allowed_mentions":{"parse":[],"roles":["1","2"]},"components":[{"type":10,"content":"<@&1> <@&2>"},{"id":1213315273,"type":17}],"nonce":"s1","enforce_nonce":true}`
	if string(body) != want {
		t.Errorf("the body is %s\nwant %s", body, want)
	}
	for i := range 30 {
		roles = append(roles, fmt.Sprint(uint64(1)<<63+uint64(i)))
	}
	if made, err = complete(notify.Body{Content: []byte(`{}`)}, false, roles, ""); err != nil || strings.Count(string(made.json), "<@&") != maxMentions {
		t.Errorf("with many roles the body is %s, %v", made.json, err)
	}
	body = made.json
	_, rest, _ := strings.Cut(string(body), `"content":"`)
	mentions, _, _ := strings.Cut(rest, `"`)
	if length(mentions) > headroom {
		t.Errorf("the mentions take %d characters of %d", length(mentions), headroom)
	}
	if _, err := complete(notify.Body{}, false, nil, ""); err == nil {
		t.Error("an envelope was put around nothing")
	}
}

// Whatever is said, the message is within Discord's limits and no text of it has
// a meaning.
func FuzzEncode(f *testing.F) {
	f.Add("a title", "some\nwords", "https://x.org/a(b)", uint8(3))
	f.Add("](http://evil)[", "**", "https://x.org/\u00a0]", uint8(7))
	f.Add(strings.Repeat("👨‍👩‍👧‍👦", 90), strings.Repeat("*", 500), "x", uint8(90))
	c := client(f)
	f.Fuzz(func(t *testing.T, title, text, address string, n uint8) {
		if len(title)+len(text)+len(address) > 4000 {
			return // no more to learn, and slow
		}
		m := notify.Message{Fallback: title}
		m.Blocks = append(m.Blocks, notify.Text{Style: notify.Title, Spans: []notify.Span{{Text: notify.Cut(title, 60), URL: address}}, Icon: address, IconAlt: title})
		for i := range int(n) % 60 {
			m.Blocks = append(m.Blocks, notify.Text{Style: notify.Style(i % 5), Spans: []notify.Span{{Text: text, Bold: i%2 == 0, Italic: i%3 == 0}}})
		}
		m.Blocks = append(m.Blocks, notify.Picture{Name: "a.png", Alt: text}, notify.Picture{Name: "a.png", Alt: title})
		m.Blocks = append(m.Blocks, notify.Actions{Buttons: []notify.Button{{Label: title, URL: address}, {Label: text, Command: title}}})
		box, err := c.Encode(m)
		if err != nil {
			if len(address) < 500 && utf8.RuneCountInString(title) < 60 {
				t.Errorf("Encode: %v", err)
			}
			return
		}
		body, err := complete(box, true, []string{"1"}, "n")
		if err != nil || !json.Valid(body.json) {
			t.Fatalf("the body is %s, %v", body.json, err)
		}
		var drawn any
		if err := json.Unmarshal(box.Content, &drawn); err != nil {
			t.Fatal(err)
		}
		words, err := wordsOf(box)
		if err != nil || len(words.Pictures) > 0 || strings.Contains(string(words.Content), "attachment://") && !strings.Contains(title+text+address, "attachment://") {
			t.Errorf("without its pictures the message is %s, %v", words.Content, err)
		}
		if chars, parts := count(drawn); chars > maxText-headroom || parts > maxComponents-1 {
			t.Errorf("%d characters and %d parts", chars, parts)
		}
	})
}

// count counts the characters and components of a body as Discord does.
func count(node any) (chars, parts int) {
	var below []any
	switch node := node.(type) {
	case map[string]any:
		if kind, ok := node["type"].(float64); ok {
			parts = 1
			if text, isText := node["content"].(string); isText && kind == 10 {
				chars = length(text)
			}
		}
		below = slices.Collect(maps.Values(node))
	case []any:
		below = node
	}
	for _, one := range below {
		c, p := count(one)
		chars, parts = chars+c, parts+p
	}
	return chars, parts
}
