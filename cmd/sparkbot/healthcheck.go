package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthPatience is how long a process may take to say that it lives.
const healthPatience = 4 * time.Second

func healthcheckCommand(s *settings) *cobra.Command {
	var ready bool
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a serve on this machine whether it lives, for containers without a shell",
		Long: "Asks the serve that listens on http.listen on this machine whether it lives: GET /healthz, or\n" +
			"GET /readyz with --ready. Ends with 0 if it does, else with 1 and what it said.",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			if c.HTTP.Listen == "off" {
				return errors.New("http.listen is off, so nobody can be asked; set SPARKBOT_HTTP_LISTEN")
			}
			path := "/healthz"
			if ready {
				path = "/readyz"
			}
			return askHealth(cmd.Context(), "http://"+nearby(c.HTTP.Listen)+path)
		},
	}
	cmd.Flags().BoolVar(&ready, "ready", false, "ask whether database and platforms are ready, too")
	return cmd
}

// nearby is where this machine reaches an address that is listened on: one that
// stands for every interface is reached through the loopback.
func nearby(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}

// maxHealth bounds what is shown of an answer.
const maxHealth = 4 << 10

func askHealth(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(r) // no proxy stands between
	if err != nil {
		return fmt.Errorf("nobody answers: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxHealth))
	if err != nil {
		return fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	return fmt.Errorf("status %d: %s", resp.StatusCode, text)
}
