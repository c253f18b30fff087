package slack

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"sparkbot/bot/sandbox"
	"sparkbot/store"
)

// shelf keeps installations in memory.
type shelf struct {
	mu     sync.Mutex
	kept   map[string]store.Installation
	tokens map[string]string
	reads  int
	gone   map[string]string // why, by workspace
	broken error
}

func newShelf() *shelf {
	return &shelf{kept: map[string]store.Installation{}, tokens: map[string]string{}, gone: map[string]string{}}
}

func (s *shelf) Installation(_ context.Context, team string) (store.Installation, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.broken != nil {
		return store.Installation{}, "", s.broken
	}
	i, there := s.kept[team]
	if !there {
		return i, "", fmt.Errorf("workspace %s: %w", team, store.ErrNotFound)
	}
	return i, s.tokens[team], nil
}

func (s *shelf) Install(_ context.Context, i store.Installation, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.kept[i.Workspace], s.tokens[i.Workspace] = i, token
	delete(s.gone, i.Workspace)
	return nil
}

func (s *shelf) Uninstall(_ context.Context, team, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	delete(s.kept, team)
	delete(s.tokens, team)
	s.gone[team] = reason
	return nil
}

func (s *shelf) breaks(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

func (s *shelf) token(team string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[team]
}

func (s *shelf) reason(team string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone[team]
}

// office is an app that many workspaces install, over HTTP.
type office struct {
	t     *testing.T
	slack *sandbox.Slack
	app   *Client
	shelf *shelf
	url   string
}

func openOffice(t *testing.T, a Answerer, change ...func(*Options)) *office {
	t.Helper()
	world, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	k := world.Slack()
	k.SetChannelLimit(false)
	o := &office{t: t, slack: k, shelf: newShelf(), url: server.URL}
	options := Options{
		APIURL: k.URL(), SigningSecret: k.SigningSecret(), Installations: o.shelf,
		OAuth: OAuth{ClientID: k.ClientID(), ClientSecret: k.ClientSecret(), PublicURL: server.URL, StateKeys: [][]byte{[]byte("present"), []byte("former")}},
	}
	for _, f := range change {
		f(&options)
	}
	if options.AppToken != "" { // over Socket Mode
		options.AppToken, options.SigningSecret = k.AppToken(), ""
	}
	if o.app, err = New(options); err != nil {
		t.Fatal(err)
	}
	mux.Handle("GET "+InstallPath, o.app.Install())
	mux.Handle("GET "+CallbackPath, o.app.Callback())
	mux.Handle("POST /commands", o.app.Commands(a))
	mux.Handle("POST /buttons", o.app.Interactivity(a))
	mux.Handle("POST /events", o.app.Events(a))
	if options.AppToken == "" {
		k.SendCommandsTo(server.URL+"/commands", server.URL+"/buttons")
		k.SendEventsTo(server.URL + "/events")
	}
	run(t, o.app, a)
	eventually(t, "the app is ready", func() bool { return o.app.Ready(t.Context()) == nil })
	return o
}

// joined puts the app into a new workspace and gives that and a channel of it.
func (o *office) joined(name string) (team, channel string) {
	o.t.Helper()
	team = o.slack.AddTeam(name)
	o.slack.NextConsent(sandbox.Consent{Team: team})
	if status, text := newBrowser(o.t).get(o.url + InstallPath); status != http.StatusOK {
		o.t.Fatalf("installing in %s: status %d\n%s", name, status, text)
	}
	return team, o.slack.AddChannelIn(team, name+"-news")
}
