package sandbox

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"time"
)

// The page is plain HTML, style and script; no address outside this server is
// ever asked.
//
//go:embed page
var pageFiles embed.FS

// pagePolicy lets nothing run or load but the page's own files.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// member is who types on the page.
const member = "you"

// newPage serves the page and what it asks for.
func newPage(s *Sandbox) {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the files are part of the program
	}
	static := http.FileServerFS(files)
	s.mux.Handle("GET /{$}", secured(static))
	s.mux.Handle("GET /page.js", secured(static))
	s.mux.Handle("GET /page.css", secured(static))
	s.mux.Handle("GET /page/state", secured(http.HandlerFunc(s.pageState)))
	s.mux.Handle("GET /page/events", secured(http.HandlerFunc(s.pageEvents)))
	s.mux.Handle("POST /page/say", secured(http.HandlerFunc(s.pageSay)))
	s.mux.Handle("POST /page/press", secured(http.HandlerFunc(s.pagePress)))
}

// secured sets the policy and refuses requests that a page elsewhere caused: a
// foreign name in Host, or a foreign Origin.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		origin, originErr := url.Parse(r.Header.Get("Origin"))
		if err != nil || (host != "127.0.0.1" && host != "localhost" && host != "::1") ||
			r.Header.Get("Origin") != "" && (originErr != nil || origin.Host != r.Host) {
			http.Error(w, "this page is for this machine alone", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// pageMessage is a message as the page draws it.
type pageMessage struct {
	ID   string          `json:"id"`
	At   time.Time       `json:"at"`
	Body json.RawMessage `json:"body"`
}

// pageChannel is a channel with what stands in it.
type pageChannel struct {
	Channel
	Platform string        `json:"platform"`
	Messages []pageMessage `json:"messages"`
}

func (s *Sandbox) pageState(w http.ResponseWriter, _ *http.Request) {
	var all []pageChannel
	for _, p := range []struct {
		name     string
		channels []Channel
		messages func(string) []Message
	}{{"discord", s.discord.Channels(), s.discord.Messages}, {"slack", s.slack.Channels(), s.slack.Messages}} {
		for _, c := range p.channels {
			one := pageChannel{Channel: c, Platform: p.name, Messages: []pageMessage{}}
			for _, m := range p.messages(c.ID) {
				one.Messages = append(one.Messages, pageMessage{m.ID, m.At, m.Body})
			}
			all = append(all, one)
		}
	}
	answerJSON(w, http.StatusOK, all)
}

// pageEvents streams what happens, as server-sent events.
func (s *Sandbox) pageEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	events := s.Events(r.Context())
	_, _ = fmt.Fprint(w, ": connected\n\n")
	for _ = control.Flush(); ; _ = control.Flush() {
		e, open := <-events
		if !open {
			return
		}
		text, err := json.Marshal(e)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil {
			return
		}
	}
}

// pageRequest is what a visitor types or presses.
type pageRequest struct {
	Platform string `json:"platform"`
	Channel  string `json:"channel"`
	Text     string `json:"text"`
	Message  string `json:"message"`
	Value    string `json:"value"`
}

func (s *Sandbox) pageSay(w http.ResponseWriter, r *http.Request) {
	s.pageAnswer(w, r, func(ctx context.Context, p pageRequest) (Answer, error) {
		if p.Platform == "discord" {
			return s.discord.RunText(ctx, member, p.Channel, p.Text)
		}
		return s.slack.RunText(ctx, member, p.Channel, p.Text)
	})
}

func (s *Sandbox) pagePress(w http.ResponseWriter, r *http.Request) {
	s.pageAnswer(w, r, func(ctx context.Context, p pageRequest) (Answer, error) {
		if p.Platform == "discord" {
			return s.discord.Press(ctx, member, p.Message, p.Value)
		}
		return s.slack.Press(ctx, member, p.Channel, p.Message, p.Value)
	})
}

func (s *Sandbox) pageAnswer(w http.ResponseWriter, r *http.Request, act func(context.Context, pageRequest) (Answer, error)) {
	var p pageRequest
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&p)
	if err == nil && p.Platform != "discord" && p.Platform != "slack" {
		err = errors.New("there is no such platform")
	}
	var a Answer
	if err == nil {
		a, err = act(r.Context(), p)
	}
	if err != nil {
		answerJSON(w, http.StatusOK, map[string]any{"error": err.Error()})
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{
		"private": a.Private, "updated": a.Updated, "message": pageMessage{a.Message.ID, a.Message.At, a.Message.Body},
	})
}
