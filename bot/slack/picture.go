package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"sparkbot/bot"
	"sparkbot/notify"
)

// placeholder stands in an encoded message where a picture's file goes, which is
// another in every workspace; its number in the body follows.
const placeholder = "picture:"

// imageBlock is the block of a body's nth picture.
func imageBlock(p notify.Picture, n int) api.Block {
	alt := cut(p.Alt, maxAlt)
	if strings.TrimSpace(alt) == "" {
		alt = "picture"
	}
	return api.NewImageBlockSlackFile(&api.SlackFileObject{ID: placeholder + strconv.Itoa(n)}, alt, "", nil)
}

// illustrated gives the content of a body for a workspace: with the files of its
// pictures where Slack has them ready within wait, and without the pictures it
// has not, so that no picture stops the words.
func (c *Client) illustrated(ctx context.Context, team string, b notify.Body, wait time.Duration) (content []byte, shown bool) {
	if len(b.Pictures) == 0 {
		return b.Content, false
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	files := make([]string, len(b.Pictures))
	all := true
	for n, p := range b.Pictures {
		id, err := c.file(ctx, team, p)
		if err != nil {
			c.log.Warn("a message goes without its picture", "workspace", team, "picture", p.Name, "reason", err)
		}
		files[n], shown, all = id, shown || id != "", all && id != ""
	}
	if all {
		if content, found := putFiles(b.Content, files); found {
			return content, true
		}
	}
	content, err := replaceFiles(b.Content, func(n int) string {
		if n >= len(files) {
			return ""
		}
		return files[n]
	})
	if err != nil {
		c.log.Error("a picture's place was not found", "error", err)
		return b.Content, false
	}
	return content, shown
}

// putFiles puts a file in the place of every picture without reading the rest, and
// reports whether all the places were found. What it looks for stands nowhere else:
// in a text every quotation mark has a backslash before it.
func putFiles(content []byte, files []string) ([]byte, bool) {
	for n, id := range files {
		before, after, found := bytes.Cut(content, slot(placeholder+strconv.Itoa(n)))
		if !found {
			return nil, false
		}
		content = slices.Concat(before, slot(id), after)
	}
	return content, true
}

// slot is how a block names a file.
func slot(id string) []byte {
	return append(strconv.AppendQuote([]byte(`"slack_file":{"id":`), id), '}')
}

// words is the content of a body without its pictures.
func words(b notify.Body) []byte {
	content, err := replaceFiles(b.Content, func(int) string { return "" })
	if err != nil {
		return b.Content
	}
	return content
}

// replaceFiles puts files in the places of pictures; an empty id takes the block
// out.
func replaceFiles(content []byte, file func(n int) string) ([]byte, error) {
	var b struct {
		Text   json.RawMessage   `json:"text"`
		Blocks []json.RawMessage `json:"blocks,omitempty"`
	}
	if err := json.Unmarshal(content, &b); err != nil {
		return nil, fmt.Errorf("read the encoded message: %w", err)
	}
	kept := b.Blocks[:0]
	for _, block := range b.Blocks {
		var at struct {
			Type string `json:"type"`
			File struct {
				ID string `json:"id"`
			} `json:"slack_file"`
		}
		if err := json.Unmarshal(block, &at); err != nil {
			return nil, fmt.Errorf("read a block: %w", err)
		}
		number, isPicture := strings.CutPrefix(at.File.ID, placeholder)
		n, err := strconv.Atoi(number)
		if at.Type != string(api.MBTImage) || !isPicture || err != nil {
			kept = append(kept, block)
			continue
		}
		if id := file(n); id != "" {
			// The placeholder is quoted nowhere but in its own place: in a text every
			// quotation mark has a backslash before it.
			kept = append(kept, bytes.Replace(block, strconv.AppendQuote(nil, at.File.ID), strconv.AppendQuote(nil, id), 1))
		}
	}
	b.Blocks = kept
	made, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("write the message with its pictures: %w", err)
	}
	return made, nil
}

// refusedForBlocks are the errors by which Slack may mean a picture, as when its
// file was deleted meanwhile.
var refusedForBlocks = map[string]bool{"invalid_blocks": true, "invalid_blocks_format": true, "invalid_arguments": true, "file_not_found": true}

// provide has a reply's pictures uploaded before it is shown.
func (c *Client) provide(ctx context.Context, team string, reply bot.Reply) {
	ctx, cancel := context.WithTimeout(ctx, c.pictureWait)
	defer cancel()
	for _, b := range reply.Message.Blocks {
		if p, ok := b.(notify.Picture); ok {
			if _, err := c.file(ctx, team, p); err != nil {
				c.log.Warn("a reply goes without its picture", "workspace", team, "picture", p.Name, "reason", err)
			}
		}
	}
}
