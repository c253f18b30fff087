package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxUpload is what Discord takes of a request with files:
// https://discord.com/developers/docs/reference#uploading-files
const maxUpload = 10 << 20

// Picture is a picture of a message, as a reader sees it.
type Picture struct {
	URL           string // where its PNG is, on this server
	Alt           string
	Width, Height int // of the PNG, in pixels
}

// upload is a file that came with a request.
type upload struct {
	number        int // the n of files[n]
	name          string
	content       []byte
	width, height int
}

// attachment is a file of a message.
type attachment struct {
	ID          json.Number `json:"id"`
	Filename    string      `json:"filename"`
	Description string      `json:"description,omitempty"`
	upload      upload
}

// readWith reads a request of JSON alone or of several parts, of which
// payload_json is the JSON and files[n] are files. An answer over HTTP is read
// the same way.
func readWith(header http.Header, body io.Reader, v any) ([]upload, error) {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		text, err := io.ReadAll(io.LimitReader(body, maxBody))
		if err != nil {
			return nil, err
		}
		return nil, json.Unmarshal(text, v)
	}
	var files []upload
	told := false
	parts := multipart.NewReader(io.LimitReader(body, maxUpload), params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		name := part.FormName()
		if name == "payload_json" {
			if err := json.Unmarshal(content, v); err != nil {
				return nil, err
			}
			told = true
			continue
		}
		f, err := asFile(name, part.FileName(), content)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if !told {
		return nil, errors.New("there is no payload_json")
	}
	return files, nil
}

func asFile(field, name string, content []byte) (upload, error) {
	number, indexed := strings.CutPrefix(field, "files[")
	n, err := strconv.Atoi(strings.TrimSuffix(number, "]"))
	if !indexed || err != nil || name == "" {
		return upload{}, fmt.Errorf("the part %q is no file", field)
	}
	size, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return upload{}, fmt.Errorf("%s is no PNG", name)
	}
	return upload{n, name, content, size.Width, size.Height}, nil
}

// attach names the files of a body. Every one listed under attachments must be
// one that was uploaded or, in an edit, one that the message has; one uploaded
// but not listed is attached all the same.
func (b *discordBody) attach(files []upload) error {
	b.files = nil
	for _, f := range files {
		a := attachment{ID: json.Number(strconv.Itoa(f.number)), Filename: f.name, upload: f}
		for _, listed := range b.Attachments {
			if listed.ID == a.ID {
				a.Description = listed.Description
				if listed.Filename != "" {
					a.Filename = listed.Filename
				}
			}
		}
		if len(a.Description) > 1024 {
			return errors.New("attachments: description: Must be 1024 or fewer in length.")
		}
		if slices.ContainsFunc(b.files, func(other attachment) bool { return other.Filename == a.Filename }) {
			return fmt.Errorf("attachments: two files are called %s", a.Filename)
		}
		b.files = append(b.files, a)
	}
	for _, listed := range b.Attachments {
		small := len(listed.ID) < 4 // the number of an upload; else the id of a file that is there
		if small && !slices.ContainsFunc(b.files, func(a attachment) bool { return a.ID == listed.ID }) {
			return fmt.Errorf("attachments: no file came for %s", listed.ID)
		}
	}
	return nil
}

// ForbidFiles takes the bot's permission Attach Files in a channel, or gives it
// back.
func (d *Discord) ForbidFiles(channel string, on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, there := d.channels[channel]; there {
		c.fileless = on
	}
}

func (d *Discord) noFiles(channel string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, there := d.channels[channel]
	return there && c.fileless
}

// filesOf are those a message has.
func (d *Discord) filesOf(c *discordChannel, id string) []attachment {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range c.messages {
		if m.ID == id {
			return slices.Clone(m.files)
		}
	}
	return nil
}

// keepFiles gives a message the files of a body. An edit that does not speak of
// attachments leaves those there that were; one that does keeps those it lists.
// The caller holds the lock.
func (d *Discord) keepFiles(m *discordMessage, b discordBody) {
	var kept []attachment
	for _, old := range m.files {
		if b.Attachments == nil || slices.ContainsFunc(b.Attachments, func(a attachment) bool { return a.ID == old.ID }) {
			kept = append(kept, old)
		}
	}
	for _, a := range b.files {
		a.ID = json.Number(d.nextID())
		kept = append(kept, a)
		d.cdn["/discord/cdn/attachments/"+m.Channel+"/"+a.ID.String()+"/"+a.Filename] = a.upload.content
	}
	m.files = kept
}

// address is where an attachment can be fetched.
func (d *Discord) address(m *discordMessage, a attachment) string {
	return d.s.base + "/discord/cdn/attachments/" + m.Channel + "/" + a.ID.String() + "/" + a.Filename
}

// getFile serves an attachment, as Discord's CDN does.
func (d *Discord) getFile(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	content, there := d.cdn[r.URL.Path]
	d.mu.Unlock()
	if !there {
		http.Error(w, "This content is no longer available.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(content)
}

// resolve puts the addresses of a message's files in place of attachment://NAME,
// as they stand in what clients get, and notes its pictures. The caller holds
// the lock.
func (d *Discord) resolve(m *discordMessage, raw json.RawMessage) json.RawMessage {
	var body any
	if json.Unmarshal(raw, &body) != nil {
		return raw
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			if media, ok := v["media"].(map[string]any); ok {
				d.picture(m, v, media)
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	m.Pictures = nil
	walk(body)
	text, err := json.Marshal(body)
	if err != nil {
		return raw
	}
	return text
}

func (d *Discord) picture(m *discordMessage, item, media map[string]any) {
	address, _ := media["url"].(string)
	name, attached := strings.CutPrefix(address, "attachment://")
	if !attached {
		return
	}
	for _, a := range m.files {
		if a.Filename == name {
			alt, _ := item["description"].(string)
			p := Picture{d.address(m, a), alt, a.upload.width, a.upload.height}
			media["url"], media["proxy_url"], media["width"], media["height"], media["content_type"] = p.URL, p.URL, p.Width, p.Height, "image/png"
			m.Pictures = append(m.Pictures, p)
		}
	}
}

// wireFiles are the attachments of a message as Discord sends them.
func (d *Discord) wireFiles(m *discordMessage) []any {
	all := make([]any, len(m.files))
	for i, a := range m.files {
		all[i] = map[string]any{
			"id": a.ID.String(), "filename": a.Filename, "description": a.Description, "size": len(a.upload.content), "content_type": "image/png",
			"url": d.address(m, a), "proxy_url": d.address(m, a), "width": a.upload.width, "height": a.upload.height,
		}
	}
	return all
}

// gallery checks a media gallery: one to ten items, each an address or a file of
// the message.
func (c *componentCheck) gallery(path string, v map[string]any) error {
	items, _ := v["items"].([]any)
	if len(items) < 1 || len(items) > 10 {
		return fmt.Errorf("%s.items: Must be between 1 and 10 in length.", path)
	}
	for i, one := range items {
		item, _ := one.(map[string]any)
		for name := range item {
			if name != "media" && name != "description" && name != "spoiler" {
				return fmt.Errorf("%s.items[%d].%s: unknown", path, i, name)
			}
		}
		media, _ := item["media"].(map[string]any)
		address, _ := media["url"].(string)
		description, described := item["description"].(string)
		if described && (units(description) < 1 || units(description) > 1024) {
			return fmt.Errorf("%s.items[%d].description: Must be between 1 and 1024 in length.", path, i)
		}
		if name, attached := strings.CutPrefix(address, "attachment://"); attached {
			if !slices.Contains(c.files, name) {
				return fmt.Errorf("%s.items[%d].media.url: no file of the message is called %q", path, i, name)
			}
		} else if !webAddress(address) || len(address) > 2048 {
			return fmt.Errorf("%s.items[%d].media.url: not a well formed URL", path, i)
		}
	}
	return nil
}
