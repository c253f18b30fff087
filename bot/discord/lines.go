package discord

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// lines remembers the connections of one session, so that they can be cut when
// discordgo waits on one that is dead.
type lines struct {
	heard atomic.Int64 // how often bytes came
	mu    sync.Mutex
	all   []net.Conn
	done  bool
}

// line notes when something is heard on it.
type line struct {
	net.Conn
	of *lines
}

// Read reads and counts.
func (l line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if n > 0 {
		l.of.heard.Add(1)
	}
	return n, err
}

func (l *lines) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: requestTimeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	l.all = append(l.all, conn)
	return line{conn, l}, nil
}

func (l *lines) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
	for _, conn := range l.all {
		_ = conn.Close()
	}
}
