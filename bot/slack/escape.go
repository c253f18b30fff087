package slack

import (
	"net/url"
	"strings"
)

// Slack's markup has no character that takes the meaning from the next, so an
// invisible one is put behind each mark: a mark beside it neither begins nor
// ends anything. https://docs.slack.dev/messaging/formatting-message-text
const gap = "\u200b"

var marks = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	"*", gap+"*"+gap, "_", gap+"_"+gap, "~", gap+"~"+gap, "`", gap+"`"+gap, ":", ":"+gap, "@", "@"+gap,
)

// A Replacer is made once: making one costs more than most of its texts.
var (
	entities   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	noEntities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	addresses  = strings.NewReplacer("|", "%7C", ">", "%3E", "<", "%3C", " ", "%20", "\n", "", "\r", "")
	inLink     = strings.NewReplacer("|", "¦", "\n", " ")
	inCode     = strings.NewReplacer("`", "ˋ", "\n", " ")
)

// escape makes a text show literally in mrkdwn: no emphasis, link, mention,
// emoji or quote can come of it.
func escape(s string) string {
	s = marks.Replace(s)
	// A > at the beginning of a line would quote it.
	return strings.ReplaceAll("\n"+s, "\n&gt;", "\n"+gap+"&gt;")[1:]
}

// plainText is a text where only entities have a meaning, such as the fallback
// of a message.
func plainText(s string) string {
	return entities.Replace(s)
}

// web gives an address as Slack links to it, and false when it is none.
func web(address string) (string, bool) {
	if address == "" {
		return "", false
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", false
	}
	return addresses.Replace(u.String()), true
}
