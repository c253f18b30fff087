package slack

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"sparkbot/bot/wire"
	"sparkbot/notify"
)

const (
	// pictureWait is how long words wait for their picture. What is ready later
	// serves the next message that has it.
	pictureWait = 3 * time.Second
	// uploadWithin bounds one upload, which goes on when nobody waits any more.
	uploadWithin = 30 * time.Second
	// firstLook and lookAgain are when a new file is looked at to see whether it
	// can be shown; each look waits twice as long as the one before.
	firstLook = 100 * time.Millisecond
	lookAgain = 2 * time.Second
	// retryUpload is how long a workspace in which an upload failed is left alone,
	// and untilInstalled that in which the app lacks the scope for it.
	retryUpload    = time.Minute
	untilInstalled = 15 * time.Minute
	// maxFiles bounds what is remembered of uploads; each takes 200 bytes or so.
	maxFiles = 4096
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

// file gives the id of a picture in a workspace, uploaded when it is new. It
// waits until the file can be shown, or until ctx ends.
func (c *Client) file(ctx context.Context, team string, p notify.Picture) (string, error) {
	f, first, err := c.files.entry(c.files.sums.keyOf(team, p), c.now())
	if err != nil {
		return "", err
	}
	if first {
		go c.guarded(func() { c.provideFile(context.WithoutCancel(ctx), team, p, f) })
	}
	select {
	case <-f.ready:
		return f.id, f.err
	default:
	}
	select {
	case <-f.ready:
		return f.id, f.err
	case <-ctx.Done():
		return "", errors.New("Slack has not made it ready in time")
	}
}

// provideFile uploads a picture and tells whoever waits.
func (c *Client) provideFile(ctx context.Context, team string, p notify.Picture, f *file) {
	ctx, cancel := context.WithTimeout(ctx, uploadWithin)
	defer cancel()
	f.err = errors.New("the upload broke off") // unless it is said otherwise
	defer func() {
		if f.err != nil {
			c.files.failed(team, f, c.now().Add(pauseFor(f.err)))
		}
		close(f.ready)
	}()
	f.id, f.err = c.upload(ctx, team, p)
}

// pauseFor is how long a workspace is left alone after an error.
func pauseFor(err error) time.Duration {
	if f, ok := errors.AsType[*notify.Failure](err); ok {
		switch {
		case codeOf(err) == "missing_scope" || f.Kind == notify.Gone:
			return untilInstalled
		case f.Kind == notify.Throttled:
			return max(f.After, time.Second)
		}
	}
	return retryUpload
}

// upload brings a picture into a workspace by the three steps of
// https://docs.slack.dev/messaging/working-with-files#uploading_files and waits
// until a block can show it.
func (c *Client) upload(ctx context.Context, team string, p notify.Picture) (string, error) {
	var place struct {
		URL string `json:"upload_url"`
		ID  string `json:"file_id"`
	}
	args := url.Values{"filename": {p.Name}, "length": {strconv.Itoa(len(p.PNG))}}
	if alt := cut(p.Alt, maxAlt); alt != "" {
		args.Set("alt_txt", alt)
	}
	if _, err := c.ask(ctx, team, "files.getUploadURLExternal", args, &place); err != nil {
		return "", err
	}
	if err := c.put(ctx, place.URL, p.PNG); err != nil {
		return "", err
	}
	list, err := json.Marshal([]map[string]string{{"id": place.ID, "title": p.Name}})
	if err != nil {
		return "", err
	}
	var done struct{}
	if _, err := c.ask(ctx, team, "files.completeUploadExternal", url.Values{"files": {string(list)}}, &done); err != nil {
		return "", err
	}
	return place.ID, c.usable(ctx, team, place.ID)
}

// put sends a picture to the address Slack gave for it, which is a secret.
func (c *Client) put(ctx context.Context, address string, png []byte) error {
	a, err := c.wire.Do(ctx, wire.Request{Method: http.MethodPost, URL: address, ContentType: "application/octet-stream", Body: png})
	switch {
	case errors.Is(err, wire.ErrAddress):
		return errors.New("Slack's address for uploads is not readable")
	case err != nil:
		return fmt.Errorf("send the picture to Slack: %w", err)
	case a.Status != http.StatusOK:
		return fmt.Errorf("Slack did not take the picture: status %d", a.Status)
	default:
		return nil
	}
}

// usable waits until Slack has looked at a file. Before that it has no type, and
// a block that shows it is refused.
func (c *Client) usable(ctx context.Context, team, id string) error {
	for pause := firstLook; ; pause = min(2*pause, lookAgain) {
		var seen struct {
			File struct {
				Type string `json:"mimetype"`
			} `json:"file"`
		}
		if _, err := c.ask(ctx, team, "files.info", url.Values{"file": {id}}, &seen); err != nil {
			return err
		}
		if seen.File.Type != "" {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errors.New("Slack did not make the picture ready")
		}
	}
}

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
