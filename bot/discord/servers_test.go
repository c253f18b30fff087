package discord

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/notify"
	"sparkbot/store"
)

// ledger is which servers hear, as a database would keep it.
type ledger struct {
	mu    sync.Mutex
	hears map[string]bool
}

func (l *ledger) set(id string, hears bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if was, known := l.hears[id]; !known || was == hears {
		return 0
	}
	l.hears[id] = hears
	return 1
}

func (l *ledger) is(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hears[id]
}

func (l *ledger) list(hears bool) (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, h := range l.hears {
		if h == hears {
			ids = append(ids, id)
		}
	}
	return ids
}

func (l *ledger) CloseWorkspace(_ context.Context, w store.Workspace, _ time.Time, _ string) (int, error) {
	return l.set(w.ID, false), nil
}

func (l *ledger) OpenWorkspace(_ context.Context, w store.Workspace) (int, error) {
	return l.set(w.ID, true), nil
}

func (l *ledger) OpenWorkspaces(context.Context, store.Platform) ([]string, error) {
	return l.list(true), nil
}

func (l *ledger) ClosedWorkspaces(context.Context, store.Platform) ([]string, error) {
	return l.list(false), nil
}

func TestServersComeAndGo(t *testing.T) {
	l := &ledger{hears: map[string]bool{}}
	c, d := stage(t, bottest.NewScript(), false, func(c *Client, _ *sandbox.Discord) { c.places = l })
	first, second := d.Guild(), d.AddGuild("second")
	l.mu.Lock()
	l.hears = map[string]bool{first: true, second: true}
	l.mu.Unlock()

	d.Outage(first)
	d.RemoveBot(second)
	eventually(t, "the second server is left", func() bool { return !l.is(second) })
	if !l.is(first) {
		t.Error("an outage, or another's removal, stopped the first server")
	}
	d.ReturnBot(second)
	eventually(t, "the second server is back", func() bool { return l.is(second) })

	// While nobody listens the bot is removed here and added there.
	l.set(first, false)
	d.HangGateway(true)
	d.DropGateway()
	eventually(t, "the gateway is away", func() bool { return c.Ready(t.Context()) != nil })
	d.RemoveBot(second)
	d.HangGateway(false)
	d.DropGateway()
	eventually(t, "both are noticed at the next login", func() bool { return l.is(first) && !l.is(second) })
}

func TestAServerThatIsGoneTellsWithItsFirstMessage(t *testing.T) {
	c, d := stage(t, bottest.NewScript(), true)
	guild := d.AddGuild("second")
	channel, other := d.AddChannelIn(guild, "news"), d.AddChannel("news")
	post := func(guild, channel string) *notify.Failure {
		t.Helper()
		body, err := c.Encode(sentence("x").Message)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Post(t.Context(), notify.Envelope{Workspace: guild, Channel: channel}, body)
		f, _ := errors.AsType[*notify.Failure](err)
		return f
	}
	d.Deny(channel)
	if f := post(guild, channel); f == nil || f.Kind != notify.Gone || f.Scope == notify.ScopeWorkspace {
		t.Errorf("a channel that is closed ends as %+v", f)
	}
	d.Allow(channel)
	d.RemoveBot(guild)
	if f := post(guild, channel); f == nil || f.Kind != notify.Gone || f.Scope != notify.ScopeWorkspace || f.Reason != removed {
		t.Errorf("a server the bot left ends as %+v", f)
	}
	if f := post(d.Guild(), other); f != nil {
		t.Errorf("a post to another server ends as %v", f)
	}
}

func TestTheInstallLinkAsksForWhatTheBotUses(t *testing.T) {
	c, d := stage(t, bottest.NewScript(), true)
	link, err := c.InstallLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Host != "discord.com" || q.Get("client_id") != d.ApplicationID() || !slices.Equal(strings.Fields(q.Get("scope")), []string{"bot", "applications.commands"}) ||
		q.Get("permissions") != "274878008320" {
		t.Errorf("the link is %s", link)
	}
}
