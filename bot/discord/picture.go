package discord

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/notify"
)

const (
	typeGallery = 12
	jsonType    = "application/json"
)

// payload is what a request sends: JSON, and the files that JSON refers to by
// attachment:// and their names.
type payload struct {
	json  []byte
	files []notify.Picture
}

// packed gives the payload as it goes over the wire, and of what type that is:
// https://discord.com/developers/docs/reference#uploading-files
func (p payload) packed() (contentType string, body []byte, err error) {
	if len(p.files) == 0 {
		return jsonType, p.json, nil
	}
	files := make([]*dgo.File, len(p.files))
	for i, f := range p.files {
		files[i] = &dgo.File{Name: f.Name, ContentType: "image/png", Reader: bytes.NewReader(f.PNG)}
	}
	if contentType, body, err = dgo.MultipartBodyWithJSON(json.RawMessage(p.json), files); err != nil {
		return "", nil, fmt.Errorf("pack %d pictures: %w", len(files), err)
	}
	return contentType, body, nil
}

// gallery shows a picture over the whole width.
func gallery(p notify.Picture) dgo.MediaGallery {
	item := dgo.MediaGalleryItem{Media: dgo.UnfurledMediaItem{URL: "attachment://" + p.Name}}
	if alt := short(p.Alt, maxMediaText); alt != "" {
		item.Description = &alt
	}
	return dgo.MediaGallery{Items: []dgo.MediaGalleryItem{item}}
}

// pictures are those of a message, each under a name of its own, because Discord
// tells the files of a message apart by name.
func pictures(m notify.Message) (named notify.Message, all []notify.Picture) {
	blocks := make([]notify.Block, len(m.Blocks))
	taken := map[string]bool{}
	for i, b := range m.Blocks {
		if p, ok := b.(notify.Picture); ok {
			for n, name := 2, p.Name; taken[p.Name]; n++ {
				p.Name = fmt.Sprintf("%d-%s", n, name)
			}
			taken[p.Name] = true
			all = append(all, p)
			b = p
		}
		blocks[i] = b
	}
	m.Blocks = blocks
	return m, all
}

// attachments tells Discord of the files that come with a message. An edit says
// so even when there are none, so that those of before go.
func attachments(files []notify.Picture) []byte {
	type attachment struct {
		ID          string `json:"id"` // the n of files[n]
		Filename    string `json:"filename"`
		Description string `json:"description,omitempty"`
	}
	list := make([]attachment, len(files))
	for i, f := range files {
		list[i] = attachment{strconv.Itoa(i), f.Name, short(f.Alt, maxMediaText)}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // numbers and texts always marshal
	}
	return text
}

// wordsOf is a body without its pictures: what is sent where Discord takes the
// words alone, as in a channel in which the bot may not attach files.
func wordsOf(b notify.Body) (notify.Body, error) {
	var box map[string]json.RawMessage
	var parts, kept []json.RawMessage
	if err := json.Unmarshal(b.Content, &box); err != nil {
		return b, fmt.Errorf("take the pictures out: %w", err)
	}
	if err := json.Unmarshal(box["components"], &parts); err != nil {
		return b, fmt.Errorf("take the pictures out: %w", err)
	}
	for _, part := range parts {
		var kind struct {
			Type int `json:"type"`
		}
		if err := json.Unmarshal(part, &kind); err != nil {
			return b, fmt.Errorf("take the pictures out: %w", err)
		}
		if kind.Type != typeGallery {
			kept = append(kept, part)
		}
	}
	if len(kept) == 0 { // a picture and nothing else: its description tells it
		for _, p := range b.Pictures {
			text, err := json.Marshal(dgo.TextDisplay{Content: markdown(notify.Text{Spans: []notify.Span{{Text: p.Alt}}})})
			if err != nil {
				return b, fmt.Errorf("take the pictures out: %w", err)
			}
			kept = append(kept, text)
		}
	}
	var err error
	if box["components"], err = json.Marshal(kept); err != nil {
		return b, fmt.Errorf("take the pictures out: %w", err)
	}
	content, err := json.Marshal(box)
	if err != nil {
		return b, fmt.Errorf("take the pictures out: %w", err)
	}
	return notify.Body{Content: content}, nil
}

// pictureRefused reports whether a body may be taken without its pictures: it was
// refused for good, and nothing of it was posted.
func pictureRefused(b notify.Body, f *notify.Failure) bool {
	return len(b.Pictures) > 0 && (f.Kind == notify.Permanent || f.Kind == notify.Gone)
}
