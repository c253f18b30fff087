// Package sandbox is a Discord and a Slack inside the process, for the demo and
// for tests: the real client libraries log in to them unchanged.
//
// It answers as the vendors document it, in their shapes, and enforces their
// limits, permissions and signatures; what a platform would refuse, it refuses.
// It imports nothing of ours, so that a mistake of ours is not mirrored here. It
// keeps everything in memory and is no server for the open network.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options may be left zero.
type Options struct {
	Listen string // 127.0.0.1:0 when empty
	Log    *slog.Logger
	// Now is the clock of both platforms: of ids, messages, rates and signatures.
	// It is time.Now when nil, and may jump.
	Now func() time.Time
	// Panel, when set, answers below /panel on the page's server: the levers of
	// the program around the sandbox.
	Panel http.Handler
	// File, when set, is where both platforms are kept from Close to the next Start.
	File string
}

// Sandbox is both platforms behind one HTTP server, with a page that shows them.
type Sandbox struct {
	base    string // http://127.0.0.1:PORT
	mux     *http.ServeMux
	server  *http.Server
	log     *slog.Logger
	now     func() time.Time
	discord *Discord
	slack   *Slack
	file    string        // where both are kept, or empty
	panel   bool          // there is one
	ended   chan struct{} // closed when the server has stopped

	mu        sync.Mutex
	listeners map[chan Event]struct{}
}

// Start listens and serves until Close.
func Start(o Options) (*Sandbox, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", o.Listen, err)
	}
	s := &Sandbox{
		base: "http://" + listener.Addr().String(), mux: http.NewServeMux(), log: o.Log, now: o.Now, file: o.File, panel: o.Panel != nil,
		listeners: map[chan Event]struct{}{}, ended: make(chan struct{}),
	}
	s.server = &http.Server{Handler: s.mux, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)}
	s.discord = newDiscord(s)
	s.slack = newSlack(s)
	if s.file != "" {
		if err := s.load(s.file); err != nil {
			_ = listener.Close()
			return nil, err
		}
	}
	newPage(s, o.Panel)
	go func() {
		defer close(s.ended)
		_ = s.server.Serve(listener)
	}()
	return s, nil
}

// Close ends every connection and waits until the server has stopped.
func (s *Sandbox) Close() error {
	s.discord.close()
	s.slack.close()
	err := s.server.Close()
	<-s.ended
	if s.file != "" {
		err = errors.Join(err, s.save(s.file))
	}
	if err != nil {
		return fmt.Errorf("close the sandbox: %w", err)
	}
	return nil
}

// URL is where the page is.
func (s *Sandbox) URL() string { return s.base }

// Discord is the Discord half.
func (s *Sandbox) Discord() *Discord { return s.discord }

// Slack is the Slack half.
func (s *Sandbox) Slack() *Slack { return s.slack }

// Message is a message as it stands in a channel, or as one member sees it.
type Message struct {
	ID      string // Discord's snowflake, Slack's ts
	Channel string
	Author  string
	Body    json.RawMessage // as clients get it: what the bot sent, with the addresses of its files
	// Text is every text of the message, one after the other, as a reader sees
	// it: markup taken away, links as their text.
	Text     string
	Buttons  []Button
	Pictures []Picture
	Links    []string // the addresses of links and link buttons
	Pings    []string // whom the message notifies: everyone, here, role:ID, user:ID
	Nonce    string   // Discord's nonce; Slack's metadata as JSON
	At       time.Time
	Edited   time.Time // zero until it was changed
}

// Button is a button of a message.
type Button struct {
	Label string
	Value string // Discord's custom_id; Slack's value
	URL   string
}

// Answer is what a member sees after a command or a button.
type Answer struct {
	Private bool   // only the member sees it
	Updated bool   // it took the place of the message whose button was pressed
	Nothing bool   // the bot took note and shows nothing; Message is empty
	Modal   *Modal // a form that opened; Message is empty
	Message Message
}

// Modal is a form the bot opened for the member, who submits it or not.
type Modal struct {
	ID   string          `json:"id"`
	Body json.RawMessage `json:"body"` // Discord's modal, Slack's view, as the bot sent it
}
