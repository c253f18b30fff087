package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
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
