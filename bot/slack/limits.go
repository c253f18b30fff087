package slack

import (
	"fmt"
	"strings"
	"unicode/utf16"

	api "github.com/slack-go/slack"

	"sparkbot/notify"
)

// Limits of Block Kit: https://docs.slack.dev/reference/block-kit/blocks
const (
	maxBlocks   = 50
	maxSection  = 3000
	maxContext  = 2000
	maxRich     = 3000   // of one rich text; not documented, as for a section
	maxTotal    = 11_000 // of all blocks; not documented, refused from about 13,100 on
	maxLabel    = 75
	maxValue    = 2000
	maxURL      = 3000
	maxAlt      = 2000
	maxFallback = 3000 // Slack takes 40,000, but it is read aloud
	rowButtons  = 25
)

// fits says which limit a message breaks.
func fits(b body) error {
	if len(b.Blocks) > maxBlocks {
		return fmt.Errorf("%d blocks, at most %d", len(b.Blocks), maxBlocks)
	}
	total := 0
	for _, block := range b.Blocks {
		n, most := 0, maxSection
		switch block := block.(type) {
		case *api.SectionBlock:
			n = length(block.Text.Text)
			if block.Accessory != nil && block.Accessory.ButtonElement != nil {
				total += length(block.Accessory.ButtonElement.Text.Text)
			}
		case *api.ContextBlock:
			most = maxContext
			for _, e := range block.ContextElements.Elements {
				if t, ok := e.(*api.TextBlockObject); ok {
					n += length(t.Text)
				}
			}
		case *api.ImageBlock:
			n, most = length(block.AltText), maxAlt
		case *api.RichTextBlock:
			n, most = richLength(block), maxRich
		case *api.ActionBlock:
			for _, e := range block.Elements.ElementSet {
				if made, ok := e.(*api.ButtonBlockElement); ok {
					n += length(made.Text.Text)
				}
			}
		}
		if n > most {
			return fmt.Errorf("a text of %d characters, at most %d", n, most)
		}
		total += n
	}
	if total > maxTotal {
		return fmt.Errorf("%d characters in all, at most %d", total, maxTotal)
	}
	return nil
}

// richLength counts texts and addresses.
func richLength(block *api.RichTextBlock) (n int) {
	for _, part := range block.Elements {
		var pieces []api.RichTextSectionElement
		switch part := part.(type) {
		case *api.RichTextSection:
			pieces = part.Elements
		case *api.RichTextQuote:
			pieces = part.Elements
		}
		for _, piece := range pieces {
			switch piece := piece.(type) {
			case *api.RichTextSectionTextElement:
				n += length(piece.Text)
			case *api.RichTextSectionLinkElement:
				n += length(piece.Text) + length(piece.URL)
			case *api.RichTextSectionDateElement:
				n += length(piece.Format) + length(*piece.Fallback)
			case *api.RichTextSectionChannelElement:
				n += length(piece.ChannelID)
			}
		}
	}
	return n
}

// cut shortens a text to what Slack counts as at most n characters: one that
// people see may be many that Slack counts.
func cut(s string, n int) string {
	for limit := n; ; limit = limit * 3 / 4 {
		if short := notify.Cut(s, limit); length(short) <= n {
			return short
		}
	}
}

// fallback is a text as it stands where no block is shown.
func fallback(s string) string {
	for limit := maxFallback; ; limit = limit * 3 / 4 {
		if text := plainText(cut(s, limit)); length(text) <= maxFallback {
			return text
		}
	}
}

// length counts a text in UTF-16 units, which is never less than Slack counts.
func length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// channelID reports whether s has the form of a channel's id.
func channelID(s string) bool { return hasForm(s, "CGD") }

// memberID reports whether s has the form of a member's id.
func memberID(s string) bool { return hasForm(s, "UW") }

// hasForm reports whether s is one of the letters and then capitals and digits.
func hasForm(s, letters string) bool {
	if len(s) < 2 || len(s) > 20 || strings.IndexByte(letters, s[0]) < 0 {
		return false
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}
