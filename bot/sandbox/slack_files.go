package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// slackFile is a picture that was uploaded, or is being.
type slackFile struct {
	id, team, name string
	secret         string // in the address it is uploaded to
	length         int
	content        []byte
	width, height  int
	complete       bool
	looks          int // how often files.info still says that it has no type
}

// slowLooks is how often a new file is looked at before it can be shown: Slack
// takes a moment to find out what it is.
const slowLooks = 1

// ForbidFiles takes the app's scope files:write, or gives it back.
func (k *Slack) ForbidFiles(on bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fileless = on
}

// NeverReady lets uploaded files never become usable, or does away with that.
func (k *Slack) NeverReady(on bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stuck = on
}

// DeleteFiles takes every uploaded file away, as an admin may.
func (k *Slack) DeleteFiles() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.files)
}

// Uploads counts the pictures that were uploaded whole.
func (k *Slack) Uploads() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.uploads
}

// uploadURL begins an upload:
// https://docs.slack.dev/reference/methods/files.getUploadURLExternal
func (k *Slack) uploadURL(args arguments) (map[string]any, *refused) {
	k.mu.Lock()
	defer k.mu.Unlock()
	length, err := strconv.Atoi(args.text("length"))
	switch {
	case k.fileless:
		return nil, &refused{code: "missing_scope", needed: "files:write"}
	case args.text("filename") == "":
		return nil, &refused{code: "invalid_arguments", details: []string{"[ERROR] missing required field: filename"}}
	case err != nil || length < 1 || length > maxUpload:
		return nil, &refused{code: "invalid_arguments", details: []string{"[ERROR] invalid length"}}
	}
	k.sequence++
	f := &slackFile{
		id: fmt.Sprintf("F%08X", 0xA0000000+k.sequence), team: args.text(callingTeam), name: args.text("filename"), secret: randomText(),
		length: length, looks: slowLooks,
	}
	k.files[f.id] = f
	return map[string]any{"upload_url": k.s.base + "/slack/upload/v1/" + f.secret, "file_id": f.id}, nil
}

// putFile takes the content of a file, as it is or as a form's part.
func (k *Slack) putFile(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(http.MaxBytesReader(w, r.Body, maxUpload))
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		part, _, err := r.FormFile("file")
		if err != nil {
			http.Error(w, "no file", http.StatusBadRequest)
			return
		}
		body = part
	}
	content, err := io.ReadAll(body)
	size, bad := png.DecodeConfig(bytes.NewReader(content))
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range k.files {
		if f.secret != r.PathValue("secret") {
			continue
		}
		if err != nil || bad != nil || len(content) != f.length {
			http.Error(w, "the file is not the one that was announced", http.StatusBadRequest)
			return
		}
		f.content, f.width, f.height = content, size.Width, size.Height
		_, _ = fmt.Fprintf(w, "OK - %d", len(content))
		return
	}
	http.NotFound(w, r)
}

// completeUpload ends uploads; without a channel the files belong to the app
// alone until a message shows them:
// https://docs.slack.dev/reference/methods/files.completeUploadExternal
func (k *Slack) completeUpload(args arguments) (map[string]any, *refused) {
	var list []struct{ ID, Title string }
	raw := []byte(args.text("files"))
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return nil, &refused{code: "invalid_arguments", details: []string{"[ERROR] missing required field: files"}}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	done := []any{}
	for _, one := range list {
		f, there := k.files[one.ID]
		if !there || f.content == nil || f.team != args.text(callingTeam) {
			return nil, &refused{code: "file_not_found"}
		}
		if !f.complete {
			k.uploads++
		}
		f.complete = true
		done = append(done, map[string]any{"id": f.id, "title": one.Title})
	}
	return map[string]any{"files": done}, nil
}

// fileInfo tells of a file; one that is new has no type yet.
func (k *Slack) fileInfo(args arguments) (map[string]any, *refused) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, there := k.files[args.text("file")]
	if !there || !f.complete || f.team != args.text(callingTeam) {
		return nil, &refused{code: "file_not_found"}
	}
	kind := "image/png"
	if f.looks > 0 || k.stuck {
		kind = ""
		f.looks--
	}
	return map[string]any{"file": map[string]any{
		"id": f.id, "name": f.name, "mimetype": kind, "size": len(f.content), "url_private": k.fileURL(f), "original_w": f.width, "original_h": f.height,
	}}, nil
}

func (k *Slack) fileURL(f *slackFile) string {
	return k.s.base + "/slack/files-pri/" + f.team + "-" + f.id + "/" + f.name
}

// getFile serves a file to whoever sees the message it stands in.
func (k *Slack) getFile(w http.ResponseWriter, r *http.Request) {
	_, id, _ := strings.Cut(r.PathValue("id"), "-")
	k.mu.Lock()
	f, there := k.files[id]
	k.mu.Unlock()
	if !there || f.content == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(f.content)
}

// usableFile says why a block cannot show a file.
func (k *Slack) usableFile(team, id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, there := k.files[id]
	if !there || !f.complete || f.team != team || f.looks > 0 || k.stuck {
		return fmt.Errorf("invalid slack file")
	}
	return nil
}

// imageBlock checks a block that shows an address or a file.
func (c *blockCheck) imageBlock(v map[string]any) error {
	file, there := v["slack_file"].(map[string]any)
	if !there {
		return c.element(v, "image")
	}
	if _, both := v["image_url"]; both {
		return fmt.Errorf("an image has an image_url or a slack_file")
	}
	if alt, _ := v["alt_text"].(string); alt == "" || units(alt) > 2000 {
		return fmt.Errorf("an image needs an alt_text of at most 2000 characters")
	}
	id, _ := file["id"].(string)
	if c.file == nil {
		return fmt.Errorf("invalid slack file")
	}
	return c.file(id)
}

// withAddresses gives every file shown in blocks the address clients load it
// from, and notes the pictures. The caller holds the lock.
func (k *Slack) withAddresses(m *slackMessage, b slackBody) slackBody {
	m.Pictures = nil
	blocks := make([]map[string]any, len(b.Blocks))
	for i, block := range b.Blocks {
		blocks[i] = block
		file, _ := block["slack_file"].(map[string]any)
		id, _ := file["id"].(string)
		f, there := k.files[id]
		if !there {
			continue
		}
		alt, _ := block["alt_text"].(string)
		p := Picture{k.fileURL(f), alt, f.width, f.height}
		m.Pictures = append(m.Pictures, p)
		blocks[i] = map[string]any{
			"type": "image", "alt_text": alt, "slack_file": file, "image_url": p.URL, "image_width": p.Width, "image_height": p.Height,
		}
	}
	if b.Blocks != nil {
		b.Blocks = blocks
	}
	return b
}
