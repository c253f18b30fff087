package discord

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dgo "github.com/bwmarrin/discordgo"
	"github.com/google/go-cmp/cmp"

	"sparkbot/bot"
	"sparkbot/bot/bottest"
	"sparkbot/bot/wire"
	"sparkbot/store"
)

// tape is a Discord that notes what is asked of it, as method, path and flags,
// and refuses the first requests of a kind when told to.
type tape struct {
	mu     sync.Mutex
	heard  []string
	refuse map[string][]int // method: statuses
}

func (p *tape) CloseIdle() {}

func (p *tape) Do(_ context.Context, r wire.Request) (wire.Answer, error) {
	var body struct{ Flags int }
	if len(r.Body) > 0 {
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return wire.Answer{}, err
		}
	}
	_, path, _ := strings.Cut(r.URL, "/api/v10")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, fmt.Sprintf("%s %s %d", r.Method, path, body.Flags))
	status := http.StatusOK
	if all := p.refuse[r.Method]; len(all) > 0 {
		status, p.refuse[r.Method] = all[0], all[1:]
	}
	return wire.NewAnswer(status, "{}"), nil
}

func slash(t testing.TB, data string) *dgo.Interaction { return interaction(t, 2, data) }

func interaction(t testing.TB, kind int, data string) *dgo.Interaction {
	t.Helper()
	var i dgo.Interaction
	body := fmt.Sprintf(`{"id":"1","application_id":"7","token":"tok","type":%d,"guild_id":"3","channel_id":"4","member":{"user":{"id":"5"},"permissions":"32"},"data":%s}`, kind, data)
	if err := json.Unmarshal([]byte(body), &i); err != nil {
		t.Fatal(err)
	}
	return &i
}

const (
	showSession = `{"name":"spark","options":[{"name":"project","type":3,"value":"session"}]}`
	listHere    = `{"name":"sparkbot","options":[{"name":"list","type":1}]}`
	pageTwo     = `{"custom_id":"v1 all page:2","component_type":2}`
)

func TestALateAnswerIsSeenByThoseItIsFor(t *testing.T) {
	const webhook, original = "/webhooks/7/tok ", "/webhooks/7/tok/messages/@original "
	for _, tc := range []struct {
		name   string
		kind   int
		data   string
		reply  bot.Reply
		refuse map[string][]int
		first  string
		then   []string
	}{
		{"a card for all", 2, showSession, bot.Reply{}, nil, `{"type":5}`, []string{"PATCH " + original + "32768"}},
		{"a list for one", 2, listHere, bot.Reply{Private: true}, nil, `{"type":5,"data":{"flags":64}}`, []string{"PATCH " + original + "32768"}},
		{"a typo where a card for all was promised", 2, showSession, bot.Reply{Private: true}, nil, `{"type":5}`, []string{"DELETE " + original + "0", "POST " + webhook + "32832"}},
		{
			"the same where nothing can be taken back", 2, showSession,
			bot.Reply{Private: true},
			map[string][]int{"DELETE": {403}},
			`{"type":5}`,
			[]string{"DELETE " + original + "0", "PATCH " + original + "32768"},
		},
		{"a page", 3, pageTwo, bot.Reply{Private: true, Update: true}, nil, `{"type":6}`, []string{"PATCH " + original + "32768"}},
		{"a page that cannot be turned", 3, pageTwo, bot.Reply{Private: true}, nil, `{"type":6}`, []string{"POST " + webhook + "32832"}},
		{
			"an answer that was faster than its promise", 2, listHere,
			bot.Reply{Private: true},
			map[string][]int{"PATCH": {404, 500}},
			`{"type":5,"data":{"flags":64}}`,
			[]string{"PATCH " + original + "32768", "PATCH " + original + "32768", "PATCH " + original + "32768"},
		},
		{
			"an answer that Discord does not take", 2, listHere,
			bot.Reply{Private: true},
			map[string][]int{"PATCH": {400}},
			`{"type":5,"data":{"flags":64}}`,
			[]string{"PATCH " + original + "32768"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := bottest.NewScript()
				s.Reply = func(bot.Request) bot.Reply {
					<-time.After(10 * time.Second)
					tc.reply.Message = sentence("x").Message
					return tc.reply
				}
				c, discord := client(t), &tape{refuse: tc.refuse}
				c.wire = discord
				began := time.Now()
				first, later := c.respond(t.Context(), interaction(t, tc.kind, tc.data), s)
				if waited := time.Since(began); waited != firstAnswer || later == nil {
					t.Fatalf("the first answer came after %s", waited)
				}
				if text, err := json.Marshal(first); err != nil || string(text) != tc.first {
					t.Errorf("promised %s, want %s", text, tc.first)
				}
				later()
				if diff := cmp.Diff(tc.then, discord.heard); diff != "" {
					t.Errorf("then (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAnAnswerThatNeverComesIsSaidToBeLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, release := bottest.NewScript(), make(chan struct{})
		s.Reply = func(bot.Request) bot.Reply { <-release; return bot.Reply{} }
		c, discord := client(t), &tape{}
		c.wire = discord
		_, later := c.respond(t.Context(), slash(t, listHere), s)
		began := time.Now()
		later()
		if waited := time.Since(began); waited != workLimit || len(discord.heard) != 1 {
			t.Errorf("after %s Discord heard %v", waited, discord.heard)
		}
		close(release)
	})
}

func TestAShutdownWaitsForAnswersOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e errands
		began := time.Now()
		e.wait()
		if time.Since(began) != 0 {
			t.Error("waited for nothing")
		}
		for _, takes := range []time.Duration{time.Second, 3 * time.Second} {
			end := e.begin()
			go func() {
				defer end()
				<-time.After(takes)
			}()
		}
		e.wait()
		if waited := time.Since(began); waited != 3*time.Second {
			t.Errorf("waited %s for two errands", waited)
		}
		began = time.Now()
		end := e.begin()
		e.wait()
		if waited := time.Since(began); waited != lateGrace {
			t.Errorf("waited %s for an errand without end", waited)
		}
		end()
	})
}

// clumsy panics whatever it is asked.
type clumsy struct{}

func (clumsy) Answer(context.Context, bot.Request) bot.Reply                      { panic("oops") }
func (clumsy) Complete(context.Context, string, string, bot.Request) []bot.Choice { panic("oops") }

func TestAPanicIsAnsweredWithASentence(t *testing.T) {
	c := client(t)
	first, later := c.respond(t.Context(), slash(t, listHere), clumsy{})
	if later != nil || first.Type != typeMessage || !strings.Contains(string(first.Data), "went wrong") || !strings.Contains(string(first.Data), `"flags":32832`) {
		t.Errorf("a command that panics is answered with %d %s", first.Type, first.Data)
	}
	typing := interaction(t, 4, `{"name":"spark","options":[{"name":"project","type":3,"value":"s","focused":true}]}`)
	if first, _ = c.respond(t.Context(), typing, clumsy{}); first.Type != typeChoices || string(first.Data) != `{"choices":[]}` {
		t.Errorf("a suggestion that panics is answered with %d %s", first.Type, first.Data)
	}
}

// crowd suggests more and longer things than Discord takes.
type crowd struct{ *bottest.Script }

func (crowd) Complete(_ context.Context, kind, typed string, r bot.Request) []bot.Choice {
	all := []bot.Choice{{Label: "too long", Value: strings.Repeat("x", 101)}, {Label: "", Value: "no label"}}
	for i := range 40 {
		all = append(all, bot.Choice{Label: kind + " " + typed + " " + r.Channel + strings.Repeat("👨‍👩‍👧‍👦", 100), Value: fmt.Sprint(i)})
	}
	return all
}

func TestSuggestionsStayWithinDiscordsLimits(t *testing.T) {
	typing := interaction(t, 4, `{"name":"sparkbot","options":[{"name":"subscribe","type":1,"options":[{"name":"except","type":3,"value":"a, b","focused":true}]}]}`)
	first, _ := client(t).respond(t.Context(), typing, crowd{})
	var got struct {
		Choices []struct{ Name, Value string }
	}
	if err := json.Unmarshal(first.Data, &got); err != nil || len(got.Choices) != maxChoices {
		t.Fatalf("suggested %s, %v", first.Data, err)
	}
	for i, one := range got.Choices {
		if length(one.Name) > maxChoice || !strings.HasPrefix(one.Name, "a,project b 4") || one.Value != fmt.Sprint("a,", i) {
			t.Errorf("suggested %+v", one)
		}
	}
}

func TestIncoming(t *testing.T) {
	sub := func(name, options string) string {
		return fmt.Sprintf(`{"name":"sparkbot","options":[{"name":%q,"type":1,"options":[%s]}]}`, name, options)
	}
	const project = `{"name":"project","type":3,"value":" session "}`
	for _, tc := range []struct {
		name, data string
		want       bot.Command
		problem    string // is part of the error
	}{
		{"nothing", `{"name":"spark"}`, bot.Command{Verb: bot.Overview}, ""},
		{"a card", `{"name":"spark","options":[` + project + `]}`, bot.Command{Verb: bot.Show, Project: "session", View: bot.ViewCard}, ""},
		{"a view for oneself", `{"name":"spark","options":[` + project + `,{"name":"view","type":3,"value":"why"},{"name":"share","type":5,"value":false}]}`, bot.Command{Verb: bot.Show, Project: "session", View: bot.ViewWhy, Private: true}, ""},
		{"a view that is none", `{"name":"spark","options":[` + project + `,{"name":"view","type":3,"value":"x"}]}`, bot.Command{}, "no view"},
		{"options of wrong types", `{"name":"spark","options":[{"name":"project","type":3,"value":{"a":1}},{"name":"share","type":5,"value":"no"},null]}`, bot.Command{Verb: bot.Overview}, ""},
		{"all", `{"name":"sparks","options":[{"name":"category","type":3,"value":"COMMS"},{"name":"sort","type":3,"value":"name"}]}`, bot.Command{Verb: bot.All, Category: "COMMS", Sort: "name"}, ""},
		{"subscribe", sub("subscribe", project+`,{"name":"moves","type":5,"value":true},{"name":"role","type":8,"value":"9"},{"name":"channel","type":7,"value":"8"}`), bot.Command{Verb: bot.Subscribe, Target: store.Target{Kind: store.TargetProject, Value: "session"}, Events: store.Moves, Role: "9", Channel: "8"}, ""},
		{"subscribe to all but two", sub("subscribe", `{"name":"everything","type":5,"value":true},{"name":"except","type":3,"value":"A, b"}`), bot.Command{Verb: bot.Subscribe, Target: store.Target{Kind: store.TargetEverything}, Except: []string{"a", "b"}}, ""},
		{"subscribe to nothing", sub("subscribe", ``), bot.Command{}, "exactly one"},
		{"subscribe to two things", sub("subscribe", project+`,{"name":"tag","type":3,"value":"x"}`), bot.Command{}, "exactly one"},
		{"a project without a project", sub("subscribe", project+`,{"name":"except","type":3,"value":"a"}`), bot.Command{}, "left out"},
		{"a role that is none", sub("subscribe", project+`,{"name":"role","type":8,"value":"@everyone"}`), bot.Command{}, "role or channel"},
		{"unsubscribe from a tag of two words", sub("unsubscribe", `{"name":"subscription","type":3,"value":"tag:open source"}`), bot.Command{Verb: bot.Unsubscribe, Target: store.Target{Kind: store.TargetTag, Value: "open source"}}, ""},
		{"list of the server", sub("list", `{"name":"scope","type":3,"value":"server"}`), bot.Command{Verb: bot.List, Wide: true}, ""},
		{"mute", sub("mute", `{"name":"for","type":3,"value":"1d"},`+project), bot.Command{Verb: bot.Mute, For: "1d", Project: "session"}, ""},
		{"mute without a catch-up", sub("mute", `{"name":"for","type":3,"value":"until-monday"},{"name":"drop","type":5,"value":true}`), bot.Command{Verb: bot.Mute, For: "until-monday", Drop: true}, ""},
		{"quiet hours", sub("quiet", `{"name":"from","type":3,"value":"8pm"},{"name":"to","type":3,"value":"08:00"},{"name":"timezone","type":3,"value":"Europe/Berlin"}`), bot.Command{Verb: bot.Quiet, Quiet: bot.QuietWish{Action: bot.QuietSet, From: "20:00", To: "08:00", Zone: "Europe/Berlin"}}, ""},
		{"no quiet hours", sub("quiet", ``), bot.Command{Verb: bot.Quiet, Quiet: bot.QuietWish{Action: bot.QuietOff}}, ""},
		{"half of them", sub("quiet", `{"name":"from","type":3,"value":"20:00"}`), bot.Command{}, "two times"},
		{"only sparks", sub("only", project), bot.Command{Verb: bot.Only, Project: "session"}, ""},
		{"mute for no time", sub("mute", `{"name":"for","type":3,"value":"never"}`), bot.Command{}, "no time"},
		{"unmute", sub("unmute", ``), bot.Command{Verb: bot.Unmute}, ""},
		{"test", sub("test", ``), bot.Command{Verb: bot.Test}, ""},
		{"log", sub("log", project+`,{"name":"days","type":4,"value":14}`), bot.Command{Verb: bot.Log, Project: "session", Days: 14}, ""},
		{"log of half a day", sub("log", `{"name":"days","type":4,"value":0.5}`), bot.Command{Verb: bot.Log}, ""},
		{"help", sub("help", `{"name":"topic","type":3,"value":"mute"}`), bot.Command{Verb: bot.Help, Topic: "mute"}, ""},
		{"a later version's command", sub("digest", ``), bot.Command{}, "does not know"},
		{"a management command without a verb", `{"name":"sparkbot"}`, bot.Command{}, "does not know"},
		{"another command", `{"name":"movements"}`, bot.Command{}, "does not know"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := client(t).incoming(slash(t, tc.data))
			switch {
			case tc.problem != "":
				if err == nil || !strings.Contains(err.Error(), tc.problem) {
					t.Errorf("the member is told %v", err)
				}
			case err != nil:
				t.Errorf("the member is told %v", err)
			default:
				if diff := cmp.Diff(tc.want, r.Command); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestWhoMayManage(t *testing.T) {
	for permissions, want := range map[string]bool{"0": false, "16": false, "32": true, "8": true, "2147483648": false} {
		i := slash(t, listHere)
		if err := json.Unmarshal([]byte(`{"permissions":"`+permissions+`"}`), &i.Member); err != nil {
			t.Fatal(err)
		}
		if r, err := client(t).incoming(i); err != nil || r.Manager != want {
			t.Errorf("with permissions %s: manager %v, %v", permissions, r.Manager, err)
		}
	}
	i := slash(t, listHere)
	i.GuildID = ""
	if _, err := client(t).incoming(i); err == nil {
		t.Error("a command outside of any server is taken")
	}
	press := interaction(t, 3, `{"custom_id":"v0 list","component_type":2}`)
	if _, err := client(t).incoming(press); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("a button of another version is answered with %v", err)
	}
}

// signer is a Discord that signs.
type signer struct {
	t       *testing.T
	handler http.Handler
	key     ed25519.PrivateKey
}

func (s signer) send(at time.Time, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	stamp := fmt.Sprint(at.Unix())
	r := httptest.NewRequest(http.MethodPost, "/discord/interactions", strings.NewReader(body))
	r.Header.Set("X-Signature-Timestamp", stamp)
	r.Header.Set("X-Signature-Ed25519", hex.EncodeToString(ed25519.Sign(s.key, []byte(stamp+body))))
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func signed(t *testing.T, now time.Time, a Answerer) signer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{Token: "t", PublicKey: hex.EncodeToString(public), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return signer{t, c.Interactions(a), private}
}

func TestSignedInteractions(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := bottest.NewScript()
	s.Reply = func(bot.Request) bot.Reply { return sentence("here") }
	d := signed(t, now, s)
	for _, shift := range []time.Duration{0, maxSkew, -maxSkew} {
		if w := d.send(now.Add(shift), `{"type":1}`); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != `{"type":1}` {
			t.Errorf("a ping %s off is answered with %d %s", shift, w.Code, w.Body)
		}
	}
	stranger := signed(t, now, s)
	for name, w := range map[string]*httptest.ResponseRecorder{
		"too old":           d.send(now.Add(-maxSkew-time.Second), `{"type":1}`),
		"too new":           d.send(now.Add(maxSkew+time.Second), `{"type":1}`),
		"changed":           d.send(now, `{"type":1}`, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"type":2}`)) }),
		"re-dated":          d.send(now.Add(-time.Minute), `{"type":1}`, func(r *http.Request) { r.Header.Set("X-Signature-Timestamp", fmt.Sprint(now.Unix())) }),
		"a stranger's":      signer{t, d.handler, stranger.key}.send(now, `{"type":1}`),
		"unsigned":          d.send(now, `{"type":1}`, func(r *http.Request) { r.Header.Del("X-Signature-Ed25519") }),
		"no hex":            d.send(now, `{"type":1}`, func(r *http.Request) { r.Header.Set("X-Signature-Ed25519", "zz") }),
		"undated":           d.send(now, `{"type":1}`, func(r *http.Request) { r.Header.Del("X-Signature-Timestamp") }),
		"unsigned nonsense": d.send(now, `{`, func(r *http.Request) { r.Header.Del("X-Signature-Ed25519") }),
	} {
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
	if w := d.send(now, `{`); w.Code != http.StatusBadRequest {
		t.Errorf("nonsense: status %d", w.Code)
	}
	if w := d.send(now, strings.Repeat(" ", maxInteraction+1)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too long: status %d", w.Code)
	}
	body := fmt.Sprintf(`{"id":"1","type":2,"guild_id":"3","channel_id":"4","member":{"user":{"id":"5"},"permissions":"0"},"data":%s}`, listHere)
	if w := d.send(now, body); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "here") {
		t.Errorf("a command is answered with %d %s", w.Code, w.Body)
	}
	if r := <-s.Requests; r.ID != "1" || r.Manager {
		t.Errorf("the request is %+v", r)
	}
	upper := func(r *http.Request) {
		r.Header.Set("X-Signature-Ed25519", strings.ToUpper(r.Header.Get("X-Signature-Ed25519")))
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"the same": d.send(now, body), "written otherwise": d.send(now, body, upper), "signed anew": d.send(now.Add(time.Second), body),
	} {
		if w.Code != http.StatusConflict || len(s.Requests) != 0 {
			t.Errorf("sent again, %s: status %d, %d effects", name, w.Code, len(s.Requests))
		}
	}
	if w := d.send(now, strings.Replace(body, `"id":"1"`, `"id":"2"`, 1)); w.Code != http.StatusOK || (<-s.Requests).ID != "2" {
		t.Errorf("the next command: status %d", w.Code)
	}
}

// Whatever Discord, or who has its key, sends: no panic, and a command that is
// carried out is one of the grammar's.
func FuzzInteraction(f *testing.F) {
	for _, data := range []string{showSession, listHere, pageTwo, `{"name":"sparkbot","options":[{"name":"mute","type":1,"options":[{"name":"for","type":3,"value":1.5}]}]}`} {
		for kind := range 6 {
			f.Add(fmt.Sprintf(`{"id":"1","type":%d,"guild_id":"3","channel_id":"4","member":{"user":{"id":"5"},"permissions":"32"},"data":%s}`, kind, data))
		}
	}
	s := bottest.NewScript()
	s.Reply = func(bot.Request) bot.Reply { return sentence("x") }
	c := client(f)
	f.Fuzz(func(t *testing.T, body string) {
		var i dgo.Interaction
		if json.Unmarshal([]byte(body), &i) != nil {
			return
		}
		first, _ := c.respond(t.Context(), &i, s)
		if text, err := json.Marshal(first); err != nil || first.Type == 0 {
			t.Errorf("answered with %s, %v", text, err)
		}
		select {
		case r := <-s.Requests:
			if !snowflake(r.Workspace) || !snowflake(r.Channel) || !snowflake(r.User) || r.Command.Verb != bot.Overview && !slices.Contains(bot.Verbs(), r.Command.Verb) {
				t.Errorf("the request is %+v", r)
			}
		default:
		}
	})
}
