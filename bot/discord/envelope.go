package discord

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sparkbot/notify"
)

const (
	flagComponentsV2 = 1 << 15
	flagEphemeral    = 1 << 6
	// maxMentions is how many roles an alert mentions at most; the encoder leaves
	// room for as many.
	maxMentions = 10
)

// complete puts the envelope around a container: flags, mentions and, for a
// post, the nonce, by whose mark it is found again. Only the roles given can be
// mentioned.
func complete(b notify.Body, private bool, roles []string, nonce string) (payload, error) {
	box := b.Content
	if len(box) == 0 || box[0] != '{' {
		return payload{}, errors.New("no encoded message")
	}
	var mentions []string
	for _, r := range roles {
		if snowflake(r) && !slices.Contains(mentions, r) && len(mentions) < maxMentions {
			mentions = append(mentions, r)
		}
	}
	flags := flagComponentsV2
	if private {
		flags |= flagEphemeral
	}
	out := make([]byte, 0, len(box)+256)
	out = fmt.Appendf(out, `{"flags":%d,"allowed_mentions":{"parse":[]`, flags)
	if len(mentions) > 0 {
		out = append(fmt.Appendf(out, `,"roles":["%s"]`, strings.Join(mentions, `","`)), `},"components":[`...)
		out = fmt.Appendf(out, `{"type":10,"content":"<@&%s>"},`, strings.Join(mentions, "> <@&"))
	} else {
		out = append(out, `},"components":[`...)
	}
	out = append(append(out, marked(box, nonce)...), ']')
	if nonce != "" {
		out = fmt.Appendf(out, `,"nonce":%q,"enforce_nonce":true`, nonce)
	}
	if len(b.Pictures) > 0 {
		out = append(append(out, `,"attachments":`...), attachments(b.Pictures)...)
	}
	return payload{append(out, '}'), b.Pictures}, nil
}

// snowflake reports whether s has the form of one of Discord's ids.
func snowflake(s string) bool {
	if len(s) < 1 || len(s) > 20 {
		return false
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}
