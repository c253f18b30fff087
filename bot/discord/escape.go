package discord

import (
	"net/url"
	"strings"
	"unicode/utf16"
)

// special are the characters with a meaning in Discord's markdown. A backslash
// before any character that is neither a letter, a digit nor a space shows that
// character itself:
// https://support.discord.com/hc/en-us/articles/210298617
const special = "\\`*_~|>#-+[]()<@"

// escape makes a text show literally: no emphasis, link, mention, timestamp,
// heading, list or quote can come of it, and a bare address in it is no link.
func escape(s string) string {
	var b strings.Builder
	onlyDigits, digits := true, 0 // since the line's beginning
	for i, r := range s {
		switch {
		case strings.ContainsRune(special, r),
			r == ':' && strings.HasPrefix(s[i:], "://"),
			r == '.' && onlyDigits && digits > 0: // 1. begins a list
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		switch {
		case r == '\n':
			onlyDigits, digits = true, 0
		case r >= '0' && r <= '9':
			digits++
		case r != ' ':
			onlyDigits = false
		}
	}
	return b.String()
}

// code puts a text between backticks, where nothing else has a meaning.
func code(s string) string {
	return "`" + strings.NewReplacer("`", "ˋ", "\n", " ").Replace(s) + "`"
}

// link gives an address as it may stand in a link's parentheses, and false when
// it is none that Discord links to.
func link(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", false
	}
	return strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", " ", "%20", "\\", "%5C", "\"", "%22", "*", "%2A", "`", "%60", "|", "%7C", "\n", "", "\r", "").
		Replace(u.String()), true
}

// length counts a text as Discord's clients do, in UTF-16 units, which is never
// less than it counts in code points.
func length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
