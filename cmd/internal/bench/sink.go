package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sink is a Slack that takes everything as fast as it can: what is measured is
// who posts to it. It keeps when the first and the last post came, one body, and
// on demand when each channel's came.
type sink struct {
	count atomic.Int64
	first atomic.Int64 // when, in nanoseconds since 1970
	last  atomic.Int64
	body  atomic.Pointer[[]byte] // of the last message
	files atomic.Int64           // that were uploaded

	mu      sync.Mutex
	watched string // a channel whose posts are timed one by one
	times   []int64
	waiters []waiter
}

type waiter struct {
	count int64
	done  chan struct{}
}

// sinkState is what the sink answers on /sink/state.
type sinkState struct {
	Count int64   `json:"count"`
	First int64   `json:"first"`
	Last  int64   `json:"last"`
	Times []int64 `json:"times"`
}

// serveSink is the sink's process. It prints its address.
func serveSink(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s := &sink{}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/auth.test", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-OAuth-Scopes", "commands,chat:write,chat:write.public,channels:read,groups:read,users:read,channels:history,groups:history,files:write,files:read")
		answer(w, `{"ok":true,"team_id":"`+team+`","user":"sparkbot","user_id":"U0BOT","bot_id":"B0BOT"}`)
	})
	mux.HandleFunc("/api/chat.postMessage", s.post)
	mux.HandleFunc("POST /api/v10/channels/{channel}/messages", s.postDiscord)
	mux.HandleFunc("GET /api/v10/applications/{app}/commands", func(w http.ResponseWriter, _ *http.Request) { answer(w, `[]`) })
	mux.HandleFunc("/api/v10/", func(w http.ResponseWriter, _ *http.Request) { answer(w, `{"id":"1"}`) })
	// Pictures go up in the steps of https://docs.slack.dev/messaging/working-with-files
	mux.HandleFunc("/api/files.getUploadURLExternal", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, `{"ok":true,"upload_url":"http://`+listener.Addr().String()+`/upload","file_id":"F`+strconv.FormatInt(s.files.Add(1), 10)+`"}`)
	})
	mux.HandleFunc("/upload", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	mux.HandleFunc("/api/files.info", func(w http.ResponseWriter, _ *http.Request) { answer(w, `{"ok":true,"file":{"mimetype":"image/png"}}`) })
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { answer(w, `{"ok":true,"messages":[]}`) })
	mux.HandleFunc("/sink/", s.control)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	_, _ = fmt.Fprintf(os.Stdout, "http://%s\n", listener.Addr())
	if err := server.Serve(listener); ctx.Err() == nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

func answer(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, text)
}

// postDiscord takes one message, and counts it with the others.
func (s *sink) postDiscord(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	n := s.count.Add(1)
	answer(w, `{"id":"`+strconv.FormatInt(n, 10)+`"}`)
	s.arrived(r.PathValue("channel"), n, time.Now())
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// post takes one message.
func (s *sink) post(w http.ResponseWriter, r *http.Request) {
	b, _ := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if _, err := b.ReadFrom(r.Body); err != nil {
		return
	}
	channel := channelOf(b.Bytes())
	now := time.Now()
	n := s.count.Add(1)
	if n == 1 {
		s.first.Store(now.UnixNano())
		body := bytes.Clone(b.Bytes())
		s.body.Store(&body)
	}
	s.last.Store(now.UnixNano())
	answer(w, `{"ok":true,"channel":"`+channel+`","ts":"`+strconv.FormatInt(now.Unix(), 10)+"."+fmt.Sprintf("%06d", n%1_000_000)+`"}`)
	s.arrived(channel, n, now)
}

// channelOf finds the channel without reading the rest.
func channelOf(body []byte) string {
	_, rest, found := bytes.Cut(body[:min(len(body), 200)], []byte(`"channel":"`))
	name, _, closed := bytes.Cut(rest, []byte(`"`))
	if !found || !closed {
		return ""
	}
	return string(name)
}

// arrived wakes those who wait for the count.
func (s *sink) arrived(channel string, n int64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if channel == s.watched && s.watched != "" {
		s.times = append(s.times, now.UnixNano())
	}
	for i := 0; i < len(s.waiters); {
		if n >= s.waiters[i].count {
			close(s.waiters[i].done)
			s.waiters = append(s.waiters[:i], s.waiters[i+1:]...)
			continue
		}
		i++
	}
}

// control is how the bench speaks with the sink.
func (s *sink) control(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/sink/reset":
		s.mu.Lock()
		s.count.Store(0)
		s.first.Store(0)
		s.last.Store(0)
		s.times, s.watched = nil, r.FormValue("watch")
		s.mu.Unlock()
	case "/sink/wait":
		n, _ := strconv.ParseInt(r.FormValue("count"), 10, 64)
		done := make(chan struct{})
		s.mu.Lock()
		if s.count.Load() >= n {
			close(done)
		} else {
			s.waiters = append(s.waiters, waiter{n, done})
		}
		s.mu.Unlock()
		select {
		case <-done:
		case <-r.Context().Done():
		}
	case "/sink/body":
		if b := s.body.Load(); b != nil {
			_, _ = w.Write(*b)
		}
		return
	}
	s.mu.Lock()
	state := sinkState{s.count.Load(), s.first.Load(), s.last.Load(), s.times}
	s.mu.Unlock()
	text, _ := json.Marshal(state)
	answer(w, string(text))
}

// channelName is Slack's in form.
func channelName(i int) string { return "C" + strings.ToUpper(fmt.Sprintf("%08x", i)) }
