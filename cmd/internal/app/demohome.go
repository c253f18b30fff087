package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// demoHome is where a demo keeps its database, both platforms and how far its
// clock was moved.
type demoHome struct {
	dir   string
	kept  string // dir where it outlives the demo, else empty
	clock clock
}

// demoFiles are what a demo writes, and all that a reset takes away.
var demoFiles = []string{"demo.db", "demo.db-wal", "demo.db-shm", "world.json", "clock"}

// newDemoHome opens the directory a person chose, or a temporary one.
func newDemoHome(o DemoOptions) (*demoHome, error) {
	if o.Keep == "" {
		dir, err := os.MkdirTemp("", "sparkbot-demo-")
		if err != nil {
			return nil, fmt.Errorf("make room for the demo's database: %w", err)
		}
		return &demoHome{dir: dir}, nil
	}
	h := &demoHome{dir: o.Keep, kept: o.Keep}
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make room for the demo: %w", err)
	}
	if o.Reset {
		for _, name := range demoFiles {
			if err := os.Remove(filepath.Join(h.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("reset the demo: %w", err)
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(h.dir, "clock"))
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read how far the demo's clock was moved: %w", err)
	}
	ahead, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("read how far the demo's clock was moved: %w; run with --reset to start anew", err)
	}
	h.clock.Move(ahead)
	return h, nil
}

func (h *demoHome) database() string { return filepath.Join(h.dir, "demo.db") }

// world is the file of both platforms; empty where nothing is kept.
func (h *demoHome) world() string {
	if h.kept == "" {
		return ""
	}
	return filepath.Join(h.dir, "world.json")
}

// leave takes a temporary directory away, and else notes the clock.
func (h *demoHome) leave() error {
	if h.kept == "" {
		_ = os.RemoveAll(h.dir)
		return nil
	}
	if err := os.WriteFile(filepath.Join(h.dir, "clock"), []byte(h.clock.Offset().String()+"\n"), 0o600); err != nil {
		return fmt.Errorf("keep the demo's clock: %w", err)
	}
	return nil
}
