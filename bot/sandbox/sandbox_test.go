package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/slack-go/slack"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func open(t *testing.T) *Sandbox {
	t.Helper()
	s, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

// ask posts JSON as a bot does and gives status and body.
func ask(t *testing.T, method, address, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestDiscordRefusesWhatDiscordRefuses goes through the limits one by one.
func TestDiscordRefusesWhatDiscordRefuses(t *testing.T) {
	d := open(t).Discord()
	d.SetRouteLimit(1000, time.Second)
	channel := d.AddChannel("c")
	v2 := func(components string) string { return `{"flags":32768,"components":[` + components + `]}` }
	button := func(id string) string { return `{"type":2,"style":2,"label":"x","custom_id":"` + id + `"}` }
	for _, tc := range []struct{ name, body, want string }{
		{"nothing", `{}`, "empty message"},
		{"an unknown member", `{"content":"x","colour":1}`, "invalid JSON"},
		{"content beside components", `{"flags":32768,"content":"x","components":[]}`, "cannot be used"},
		{"a long content", `{"content":"` + strings.Repeat("x", 2001) + `"}`, "2000 or fewer"},
		{"a long text", v2(`{"type":10,"content":"` + strings.Repeat("x", 4001) + `"}`), "4000"},
		{"much text in all", v2(strings.TrimSuffix(strings.Repeat(`{"type":10,"content":"`+strings.Repeat("x", 1500)+`"},`, 3), ",")), "4500 characters"},
		{"too many components", v2(strings.TrimSuffix(strings.Repeat(`{"type":10,"content":"x"},`, 41), ",")), "41 in all"},
		{"an unknown component", v2(`{"type":99}`), "may not stand here"},
		{"a button alone", v2(button("a")), "may not stand here"},
		{"an unknown member of a component", v2(`{"type":10,"content":"x","size":3}`), "size: unknown"},
		{"six buttons in a row", v2(`{"type":1,"components":[` + strings.TrimSuffix(strings.Repeat(button("a")+",", 6), ",") + `]}`), "between 1 and 5"},
		{"a custom_id twice", v2(`{"type":1,"components":[` + button("a") + "," + button("a") + `]}`), "duplicated"},
		{"a long custom_id", v2(`{"type":1,"components":[` + button(strings.Repeat("x", 101)) + `]}`), "between 1 and 100"},
		{"a section without accessory", v2(`{"type":9,"components":[{"type":10,"content":"x"}]}`), "required"},
		{"a link to nowhere", v2(`{"type":1,"components":[{"type":2,"style":5,"label":"x","url":"javascript:alert(1)"}]}`), "well formed"},
		{"a long nonce", `{"content":"x","nonce":"` + strings.Repeat("n", 26) + `"}`, "25 or fewer"},
	} {
		status, text := ask(t, http.MethodPost, d.URL()+"/api/v10/channels/"+channel+"/messages", "Bot "+d.Token(), tc.body)
		if status != http.StatusBadRequest || !strings.Contains(text, tc.want) {
			t.Errorf("%s: status %d, %s", tc.name, status, text)
		}
	}
	if n := len(d.Messages(channel)); n != 0 {
		t.Errorf("%d refused messages stand in the channel", n)
	}
	if status, _ := ask(t, http.MethodGet, d.URL()+"/api/v10/users/@me", "Bot wrong", ""); status != http.StatusUnauthorized {
		t.Errorf("a wrong token: status %d", status)
	}
}

func TestDiscordLimitsPosts(t *testing.T) {
	d := open(t).Discord()
	channel := d.AddChannel("c")
	for i := range 6 {
		status, text := ask(t, http.MethodPost, d.URL()+"/api/v10/channels/"+channel+"/messages", "Bot "+d.Token(), `{"content":"x"}`)
		if want := http.StatusOK; i < 5 && status != want {
			t.Errorf("post %d: status %d, %s", i, status, text)
		}
		if i == 5 && (status != http.StatusTooManyRequests || !strings.Contains(text, "retry_after")) {
			t.Errorf("the sixth post within five seconds: status %d, %s", status, text)
		}
	}
}

func TestMentionsNotifyOnlyAsAllowed(t *testing.T) {
	d := open(t).Discord()
	channel := d.AddChannel("c")
	for body, want := range map[string]string{
		`{"content":"@everyone <@&7> <@8>"}`:                                                "everyone role:7 user:8",
		`{"content":"@everyone <@&7> <@8>","allowed_mentions":{"parse":[]}}`:                "",
		`{"content":"@everyone <@&7> <@&9>","allowed_mentions":{"parse":[],"roles":["7"]}}`: "role:7",
		`{"content":"\\@everyone","allowed_mentions":{"parse":["everyone"]}}`:               "everyone",
	} {
		ask(t, http.MethodPost, d.URL()+"/api/v10/channels/"+channel+"/messages", "Bot "+d.Token(), body)
		all := d.Messages(channel)
		if got := strings.Join(all[len(all)-1].Pings, " "); got != want {
			t.Errorf("%s notifies %q, want %q", body, got, want)
		}
	}
}

// TestSlackRefusesWhatSlackRefuses goes through the limits one by one.
func TestSlackRefusesWhatSlackRefuses(t *testing.T) {
	k := open(t).Slack()
	channel := k.AddChannel("c")
	post := func(members string) string { return `{"channel":"` + channel + `",` + members + `}` }
	blocks := func(list string) string { return post(`"text":"x","blocks":[` + list + `]`) }
	section := func(n int) string {
		return `{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("x", n) + `"}}`
	}
	button := `{"type":"button","action_id":"a","text":{"type":"plain_text","text":"x"}}`
	for _, tc := range []struct{ name, body, want string }{
		{"nothing", post(`"text":""`), "no_text"},
		{"an unknown channel", `{"channel":"C1","text":"x"}`, "channel_not_found"},
		{"a long text", post(`"text":"` + strings.Repeat("x", 40_001) + `"`), "msg_too_long"},
		{"51 blocks", blocks(strings.TrimSuffix(strings.Repeat(section(1)+",", 51), ",")), "50 items"},
		{"a long section", blocks(section(3001)), "between 1 and 3000"},
		{"an empty section", blocks(section(0)), "between 1 and 3000"},
		{"much text in all", blocks(strings.TrimSuffix(strings.Repeat(section(2900)+",", 5), ",")), "msg_blocks_too_long"},
		{"an unknown block", blocks(`{"type":"table"}`), "unsupported type"},
		{"an unknown member", blocks(`{"type":"divider","colour":"red"}`), "additional property: colour"},
		{"an action_id twice", blocks(`{"type":"actions","elements":[` + button + `,` + button + `]}`), "already exists"},
		{"a long header", blocks(`{"type":"header","text":{"type":"plain_text","text":"` + strings.Repeat("x", 151) + `"}}`), "150"},
		{"an empty piece of rich text", blocks(`{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":""}]}]}`), "must have text"},
	} {
		if _, text := ask(t, http.MethodPost, k.URL()+"chat.postMessage", "Bearer "+k.BotToken(), tc.body); !strings.Contains(text, `"ok":false`) || !strings.Contains(text, tc.want) {
			t.Errorf("%s: %s", tc.name, text)
		}
	}
	for token, want := range map[string]string{"Bearer x": "invalid_auth", "": "not_authed"} {
		if _, text := ask(t, http.MethodPost, k.URL()+"auth.test", token, "{}"); !strings.Contains(text, want) {
			t.Errorf("the token %q: %s", token, text)
		}
	}
	var status int
	for range 2 {
		status, _ = ask(t, http.MethodPost, k.URL()+"chat.postMessage", "Bearer "+k.BotToken(), post(`"text":"x"`))
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("the second message in a second: status %d", status)
	}
}

// TestTheRealLibrariesLogIn has both libraries talk to the stand-ins as they
// would to the vendors.
func TestTheRealLibrariesLogIn(t *testing.T) {
	s := open(t)
	client := slack.New(s.Slack().BotToken(), slack.OptionAPIURL(s.Slack().URL()))
	who, err := client.AuthTestContext(t.Context())
	if err != nil || who.TeamID != s.Slack().Team() {
		t.Errorf("slack-go: %+v, %v", who, err)
	}
	channel := s.Slack().AddChannel("c")
	if _, _, err := client.PostMessageContext(t.Context(), channel, slack.MsgOptionText("hello <!channel>", false)); err != nil {
		t.Errorf("slack-go: %v", err)
	}
	if m := s.Slack().Messages(channel)[0]; m.Text != "hello @channel" || len(m.Pings) != 1 {
		t.Errorf("the message stands as %+v", m)
	}
	session, err := discordgo.New("Bot " + s.Discord().Token())
	if err != nil {
		t.Fatal(err)
	}
	session.Client = &http.Client{Transport: toSandbox{s.Discord().URL()}}
	session.StateEnabled = false
	session.ShouldReconnectOnError = false // else a heartbeat that meets Close dials for ever
	ready := make(chan struct{}, 1)
	session.AddHandler(func(_ *discordgo.Session, _ *discordgo.Ready) { ready <- struct{}{} })
	if err := session.Open(); err != nil {
		t.Fatal(err)
	}
	<-ready
	if !s.Discord().Connected() {
		t.Error("discordgo is not connected")
	}
	room := s.Discord().AddChannel("c")
	if _, err := session.ChannelMessageSend(room, "**hello**"); err != nil {
		t.Errorf("discordgo: %v", err)
	}
	if m := s.Discord().Messages(room)[0]; m.Text != "hello" {
		t.Errorf("the message stands as %+v", m)
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
}

// toSandbox sends discordgo's requests here.
type toSandbox struct{ base string }

func (s toSandbox) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(strings.TrimSuffix(s.base, "/discord"), "http://")
	r.URL.Path = "/discord" + r.URL.Path
	return http.DefaultTransport.RoundTrip(r)
}

func TestFaults(t *testing.T) {
	k := open(t).Slack()
	k.Fail(Fault{Path: "auth", Status: 500, Body: "down", Times: 2})
	for i, want := range []int{500, 500, 200} {
		if got, _ := ask(t, http.MethodPost, k.URL()+"auth.test", "Bearer "+k.BotToken(), "{}"); got != want {
			t.Errorf("request %d: status %d, want %d", i, got, want)
		}
	}
	channel := k.AddChannel("c")
	k.Fail(Fault{Path: "postMessage", AfterAccept: true})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, k.URL()+"chat.postMessage", strings.NewReader(`{"channel":"`+channel+`","text":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+k.BotToken())
	r.Header.Set("Content-Type", "application/json")
	if resp, err := http.DefaultClient.Do(r); err == nil {
		_ = resp.Body.Close()
		t.Error("an answer that should be lost came")
	}
	if n := len(k.Messages(channel)); n != 1 {
		t.Errorf("the accepted message stands %d times", n)
	}
}

func TestMarkdownIsShownAsDiscordShowsIt(t *testing.T) {
	d := open(t).Discord()
	v := &discordView{d: d}
	for in, want := range map[string]string{
		`### **bold** \*literal\*`: "bold *literal*", "-# small `co_de`": "small co_de", "[te\\]xt](https://x.org)": "te]xt",
		"> quote\n> more": "quote\nmore", `\<@1\> 1\. x`: "<@1> 1. x", "<t:0:R>": "a moment ago",
	} {
		if got := v.markdown(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	body, err := json.Marshal(map[string]any{"flags": 32768, "components": []any{map[string]any{"type": 10, "content": "http://bare.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	var b discordBody
	if err := json.Unmarshal(body, &b); err != nil {
		t.Fatal(err)
	}
	if links := d.view(b).links; len(links) != 1 {
		t.Errorf("a bare address gives %v", links)
	}
}
