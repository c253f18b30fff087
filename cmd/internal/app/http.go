package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// readyTimeout bounds one check behind /readyz.
const readyTimeout = 5 * time.Second

// check is one part that must work before the bot is ready.
type check struct {
	name string
	run  func(context.Context) error
	// standby reports whether another replica does what is to be done once; nil
	// where there is no such thing.
	standby func() bool
}

// said is what /readyz says of a part that works.
func (c check) said() string {
	if c.standby != nil && c.standby() {
		return "ok; standby: another replica holds the connection"
	}
	return "ok"
}

// health answers /healthz, which says that the process lives, and /readyz,
// which says whether every part works and, if not, which does not and why.
func health(mux *http.ServeMux, checks []check) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		status, parts := ready(r.Context(), checks)
		writeJSON(w, status, parts)
	})
}

// readiness is the body of /readyz.
type readiness struct {
	Status string            `json:"status"`
	Parts  map[string]string `json:"parts"` // "ok" with more after a semicolon, or what is wrong
}

func ready(ctx context.Context, checks []check) (int, readiness) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	type result struct {
		check
		err error
	}
	results := make(chan result, len(checks))
	for _, c := range checks {
		go func() { results <- result{c, c.run(ctx)} }()
	}
	status, body := http.StatusOK, readiness{Status: "ready", Parts: map[string]string{}}
	for range checks {
		r := <-results
		body.Parts[r.name] = r.said()
		if r.err != nil {
			status, body.Status = http.StatusServiceUnavailable, "not ready"
			body.Parts[r.name] = r.err.Error()
		}
	}
	return status, body
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a reader that went away needs no answer
}

// server is the HTTP server with the time limits that keep slow clients from
// holding connections, and a listener that is already open, so that a taken
// address is found at start.
type server struct {
	listener net.Listener
	http     *http.Server
}

func listen(addr string, h http.Handler, log *slog.Logger) (*server, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("http.listen: %w; free that address or set SPARKBOT_HTTP_LISTEN to another", err)
	}
	return &server{l, &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}, nil
}

// run serves until ctx ends, then lets open requests finish within grace.
func (s *server) run(ctx context.Context, grace time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- s.http.Serve(s.listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve HTTP on %s: %w", s.listener.Addr(), err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := s.http.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop HTTP: %w", err)
	}
	return nil
}
