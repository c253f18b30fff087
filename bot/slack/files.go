package slack

import (
	"crypto/sha256"
	"errors"
	"io"
	"sync"
	"time"

	"sparkbot/notify"
)

// fileKey names a picture by its content in one workspace.
type fileKey struct {
	team    string
	content [sha256.Size]byte
}

// sums remember what the latest pictures are named by, since the same few, whose bytes
// nobody changes, come with messages and replies again and again.
type sums struct {
	mu     sync.Mutex
	latest [8]summed
	next   int
}

type summed struct {
	picture notify.Picture
	content [sha256.Size]byte
}

func (s *sums) keyOf(team string, p notify.Picture) fileKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.latest {
		if known := &s.latest[i]; len(p.PNG) > 0 && len(known.picture.PNG) == len(p.PNG) && &known.picture.PNG[0] == &p.PNG[0] && known.picture.Alt == p.Alt {
			return fileKey{team, known.content}
		}
	}
	h := sha256.New()
	_, _ = io.WriteString(h, p.Alt+"\x00")
	_, _ = h.Write(p.PNG)
	k := fileKey{team, [sha256.Size]byte(h.Sum(nil))}
	s.latest[s.next] = summed{p, k.content}
	s.next = (s.next + 1) % len(s.latest)
	return k
}

// file is a picture's upload. Its id and error may be read once ready is closed.
type file struct {
	ready chan struct{}
	id    string
	err   error
}

// files remember what was uploaded, so that a picture is uploaded once in a
// workspace by this process, whoever waits for it.
type files struct {
	sums   sums
	mu     sync.Mutex
	known  map[fileKey]*file
	order  []fileKey            // oldest first
	paused map[string]time.Time // until when a workspace is left alone
}

var errPaused = errors.New("the last upload to this workspace failed; it will be tried again later")

// entry finds what is known of a picture, or makes room for it and says that the
// caller is the first.
func (s *files) entry(k fileKey, now time.Time) (f *file, first bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, known := s.known[k]; known {
		return f, false, nil
	}
	if until, paused := s.paused[k.team]; paused {
		if now.Before(until) {
			return nil, false, errPaused
		}
		delete(s.paused, k.team)
	}
	if s.known == nil {
		s.known, s.paused = map[fileKey]*file{}, map[string]time.Time{}
	}
	if len(s.order) == maxFiles {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
	f = &file{ready: make(chan struct{})}
	s.known[k] = f
	s.order = append(s.order, k)
	return f, true, nil
}

// failed forgets an upload, and leaves its workspace alone for a while.
func (s *files) failed(team string, f *file, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused[team] = until
	s.drop(func(_ fileKey, known *file) bool { return known == f })
}

// forget drops what is known of the pictures of a body in a workspace, as when
// Slack refuses to show them.
func (s *files) forget(team string, pictures []notify.Picture) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pictures {
		k := s.sums.keyOf(team, p)
		s.drop(func(known fileKey, _ *file) bool { return known == k })
	}
}

func (s *files) drop(which func(fileKey, *file) bool) {
	kept := s.order[:0]
	for _, k := range s.order {
		if which(k, s.known[k]) {
			delete(s.known, k)
		} else {
			kept = append(kept, k)
		}
	}
	s.order = kept
}
