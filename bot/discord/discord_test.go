package discord

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"sparkbot/bot"
	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/notify"
	"sparkbot/store"
)

var update = flag.Bool("update", false, "write the golden files")

// stage starts a Discord and logs a client in to it.
func stage(t *testing.T, a Answerer, overHTTP bool, change ...func(*Client, *sandbox.Discord)) (*Client, *sandbox.Discord) {
	t.Helper()
	world, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	d := world.Discord()
	d.SetGlobalLimit(1 << 20)
	d.SetRouteLimit(1<<20, time.Second)
	o := Options{Token: d.Token(), APIURL: d.URL()}
	if overHTTP {
		o.PublicKey = d.PublicKey()
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(c, d)
	}
	if overHTTP {
		server := httptest.NewServer(c.Interactions(a))
		t.Cleanup(server.Close)
		d.SendInteractionsTo(server.URL)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, a) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	eventually(t, "the bot is ready", func() bool { return d.Registrations() > 0 && c.Ready(t.Context()) == nil })
	return c, d
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit, look := time.After(20*time.Second), time.NewTicker(10*time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// typed is what a member of a Discord server types for a command of the
// grammar that the suite uses.
var typed = map[string]string{
	"show session moves": "/spark project:session view:moves",
	"mute never":         "/sparkbot mute for:never",
}

func shown(m sandbox.Message, private, updated bool) bottest.Shown {
	s := bottest.Shown{ID: m.ID, Text: m.Text, Private: private, Updated: updated, Pings: m.Pings, Links: m.Links, Mark: m.Nonce}
	for _, b := range m.Buttons {
		s.Buttons = append(s.Buttons, b.Label)
	}
	for _, p := range m.Pictures {
		s.Pictures = append(s.Pictures, notify.Picture{Alt: p.Alt, PNG: bottest.Fetch(p.URL), Width: p.Width, Height: p.Height})
	}
	return s
}

func TestSuite(t *testing.T) {
	for name, overHTTP := range map[string]bool{"gateway": false, "HTTP": true} {
		t.Run(name, func(t *testing.T) {
			bottest.Run(t, func(t *testing.T, a bottest.Answerer) bottest.Harness {
				c, d := stage(t, a, overHTTP)
				return harness(c, d)
			})
		})
	}
}

func harness(c *Client, d *sandbox.Discord) bottest.Harness {
	channel := d.AddChannel("news")
	return bottest.Harness{
		Platform: store.Discord, Sender: c, Workspace: d.Guild(), Channel: channel,
		Say: func(ctx context.Context, user, text string) (bottest.Shown, error) {
			a, err := d.RunText(ctx, user, channel, typed[text])
			return shown(a.Message, a.Private, a.Updated), err
		},
		Press: func(ctx context.Context, user, id, label string) (bottest.Shown, error) {
			a, err := d.Press(ctx, user, id, label)
			return shown(a.Message, a.Private, a.Updated), err
		},
		Posted: func() []bottest.Shown {
			var all []bottest.Shown
			for _, m := range d.Messages(channel) {
				all = append(all, shown(m, false, false))
			}
			return all
		},
		Break: func(f bottest.Fault) {
			d.Fail(map[bottest.Fault]sandbox.Fault{
				bottest.Throttle:     {Path: "/messages", Status: 429, Body: `{"message":"slow down","retry_after":7,"global":false}`},
				bottest.ThrottleHTML: {Path: "/messages", Status: 429, Header: map[string]string{"Retry-After": "7"}, Body: "<html>slow down</html>"},
				bottest.Broken:       {Path: "/messages", Status: 503, Body: "<html>unavailable</html>"},
				bottest.Gateway:      {Path: "/messages", Status: 502, Body: "<html>bad gateway</html>"},
				bottest.Unlisted:     {Path: "/messages", Status: 500, Body: `{"message":"500: Internal Server Error","code":0}`},
				bottest.AnswerLost:   {Path: "/messages", AfterAccept: true},
				bottest.Unasked:      {Path: "/channels/", Status: 500},
				bottest.Nonsense:     {Path: "/messages", Status: 200, Body: "<html>hello</html>"},
			}[f])
		},
		NoPictures: func() { d.ForbidFiles(channel, true) },

		Shut: func() { d.Deny(channel) },
		Open: func() { d.Allow(channel) },
		Lost: func() { d.DeleteChannel(channel) },

		Delete: func(id string) { d.DeleteMessage(channel, id) },
		Private: func(user string) (id string, all []bottest.Shown) {
			for _, m := range d.DirectMessages(user) {
				all = append(all, shown(m, true, false))
			}
			return d.MemberID(user), all
		},
		Deaf:   func(user string) { d.CloseDirect(user) },
		Unread: func() { d.ForbidHistory(true) },
		Chat:   func(n int) { d.Chat(channel, n) },
	}
}

// TestBodiesSatisfyDiscordsSchema checks every body against Discord's own
// description of its API.
func TestBodiesSatisfyDiscordsSchema(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	schema := func(name string) *jsonschema.Schema {
		s, err := compiler.Compile(filepath.Join("testdata", "discord-openapi.json") + "#/components/schemas/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	c, err := New(Options{Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what, name string, body []byte) {
		t.Helper()
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema(name).Validate(value); err != nil {
			t.Errorf("%s is refused by %s: %v\n%s", what, name, err, body)
		}
	}
	all := bottest.Messages("Words with *marks* and a [link](http://x.org)")
	maps.Copy(all, bottest.Digests())
	maps.Copy(all, bottest.Momenta())
	for kind, m := range all {
		box, err := c.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		post, err := complete(box, false, []string{"123456"}, "s1-2")
		if err != nil {
			t.Fatal(err)
		}
		check(kind, "MessageCreateRequest", post.json)
		check(kind+" edited", "MessageEditRequestPartial", c.shown(bot.Reply{Message: m}, false).json)
		reply := bot.Reply{Message: m}
		callback, err := json.Marshal(c.immediate(reply))
		if err != nil {
			t.Fatal(err)
		}
		check(kind+" as an answer", "CreateMessageInteractionCallbackRequest", callback)
		reply.Update = true
		if callback, err = json.Marshal(c.immediate(reply)); err != nil {
			t.Fatal(err)
		}
		check(kind+" as an update", "UpdateMessageInteractionCallbackRequest", callback)
		check(kind+" as a late answer", "IncomingWebhookUpdateRequestPartial", c.shown(reply, false).json)
	}
	list, err := definitions()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range list {
		body, err := json.Marshal(command)
		if err != nil {
			t.Fatal(err)
		}
		check("a command", "ApplicationCommandUpdateRequest", body)
	}
}

func TestGoldens(t *testing.T) {
	c, err := New(Options{Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	all := bottest.Digests()
	all["digest-real"] = bottest.RealDigest(t)
	maps.Copy(all, bottest.Momenta())
	kinds := append(slices.Sorted(maps.Keys(all)), "alert", "retracted", "bundle", "bundle-edited", "catch-up", "card")
	maps.Copy(all, bottest.Session())
	for _, kind := range kinds {
		box, err := c.Encode(all[kind])
		if err != nil {
			t.Fatal(err)
		}
		body, err := complete(box, false, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, kind+".golden.json", body.json)
	}
}

func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("%s differs (-want +got); look at it, then run with -update:\n%s", name, diff)
	}
}

func TestCommandsAreRegisteredOnlyWhenTheyDiffer(t *testing.T) {
	c, d := stage(t, bottest.NewScript(), true)
	for range 3 {
		if err := c.Register(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.Registrations(); n != 1 {
		t.Errorf("the commands were written %d times", n)
	}
}

func TestAGatewayThatHangsOrDropsIsReplaced(t *testing.T) {
	s := bottest.NewScript()
	s.Reply = func(bot.Request) bot.Reply {
		return bot.Reply{Message: notify.Message{Fallback: "x", Blocks: []notify.Block{notify.Text{Spans: []notify.Span{{Text: "here"}}}}}}
	}
	c, d := stage(t, s, false)
	channel := d.AddChannel("news")
	for range 2 {
		d.DropGateway()
		eventually(t, "the bot notices", func() bool { return !d.Connected() || c.Ready(t.Context()) != nil })
		eventually(t, "the bot is back", func() bool { return d.Connected() && c.Ready(t.Context()) == nil })
		if a, err := d.RunText(t.Context(), "ada", channel, "/spark project:session"); err != nil || a.Message.Text != "here" {
			t.Errorf("after a drop: %+v, %v", a, err)
		}
	}
}

func TestAGatewayThatNeverGreetsIsLeft(t *testing.T) {
	hung := make(chan struct{})
	_, d := stage(t, bottest.NewScript(), false, func(c *Client, d *sandbox.Discord) {
		c.openWithin = 100 * time.Millisecond
		d.HangGateway(true)
		go func() {
			defer close(hung)
			for c.Ready(context.Background()) == nil || !strings.Contains(fmt.Sprint(c.Ready(context.Background())), "not connected") {
				continue
			}
			d.HangGateway(false)
		}()
	})
	<-hung
	if !d.Connected() {
		t.Error("the bot is ready without a gateway")
	}
}

func TestASlowAnswerIsPromisedAndKept(t *testing.T) {
	for name, overHTTP := range map[string]bool{"gateway": false, "HTTP": true} {
		t.Run(name, func(t *testing.T) {
			s, release := bottest.NewScript(), make(chan struct{})
			s.Reply = func(bot.Request) bot.Reply {
				<-release
				return bot.Reply{Private: true, Message: notify.Message{Fallback: "x", Blocks: []notify.Block{notify.Text{Spans: []notify.Span{{Text: "late"}}}}}}
			}
			c, d := stage(t, s, overHTTP)
			c.patience = time.Millisecond
			channel := d.AddChannel("news")
			time.AfterFunc(50*time.Millisecond, func() { close(release) })
			a, err := d.RunText(t.Context(), "ada", channel, "/sparkbot list")
			if err != nil || a.Message.Text != "late" || !a.Private {
				t.Errorf("the member sees %+v, %v", a, err)
			}
		})
	}
}

func TestSuggestionsAreSentEvenIfNone(t *testing.T) {
	_, d := stage(t, silent{}, true)
	inv := sandbox.Invocation{User: "ada", Channel: d.AddChannel("news"), Command: "spark", Options: map[string]string{"project": "zzz"}}
	list, err := d.Complete(t.Context(), inv, "project")
	if err != nil || len(list) != 0 {
		t.Errorf("suggested %v, %v", list, err)
	}
}

// silent suggests nothing.
type silent struct{ *bottest.Script }

func (silent) Complete(context.Context, string, string, bot.Request) []bot.Choice { return nil }

func TestManagingNeedsTheServersPermission(t *testing.T) {
	s := bottest.NewScript()
	s.Reply = func(bot.Request) bot.Reply { return sentence("x") }
	_, d := stage(t, s, true)
	inv := sandbox.Invocation{User: "eve", Channel: d.AddChannel("news"), Command: "spark", Guest: true}
	if _, err := d.Run(t.Context(), inv); err != nil {
		t.Fatal(err)
	}
	if r := <-s.Requests; r.Manager {
		t.Error("a guest counts as a manager")
	}
}

func TestATokenThatIsRefusedIsToldWithoutIt(t *testing.T) {
	world, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = world.Close() }()
	c, err := New(Options{Token: "hunter2", APIURL: world.Discord().URL()})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Ready(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "SPARKBOT_DISCORD_TOKEN") {
		t.Errorf("Ready says %v", err)
	}
	_, err = c.Post(t.Context(), notify.Envelope{Channel: "1"}, notify.Body{Content: []byte("{}")})
	if f, ok := errors.AsType[*notify.Failure](err); !ok || f.Kind != notify.Throttled || f.Scope != notify.ScopePlatform || f.After == 0 {
		t.Errorf("a post with a refused token gives %v, want everything to wait", err)
	}
	c, err = New(Options{Token: "hunter2", APIURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Post(t.Context(), notify.Envelope{Channel: "1"}, notify.Body{Content: []byte("{}")})
	if f, ok := errors.AsType[*notify.Failure](err); !ok || f.Kind != notify.Transient || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("posting to nobody gives %v", err)
	}
}
