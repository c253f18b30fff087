package discord

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf16"

	"sparkbot/notify"
)

// special are the characters with a meaning in Discord's markdown. A backslash
// before any character that is neither a letter, a digit nor a space shows that
// character itself:
// https://support.discord.com/hc/en-us/articles/210298617
const special = "\\`*_~|>#-+[]()<@"

// escape makes a text show literally: no emphasis, link, mention, timestamp,
// heading, list or quote can come of it. A bare address in it is shown but is no
// link: only what was stored as a link may lead somewhere. The backslash before
// "://" breaks it and is not seen.
func escape(s string) string {
	var b strings.Builder
	onlyDigits, digits := true, 0 // since the line's beginning
	for i, r := range s {
		switch {
		case strings.ContainsRune(special, r),
			r == ':' && strings.HasPrefix(s[i:], "://"),
			r == '.' && onlyDigits && (digits > 0 || i == 0): // 1. begins a list; the 1 may stand in the text before
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		switch {
		case r == '\n' || r == '\r':
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
	return "`" + inCode.Replace(s) + "`"
}

// A Replacer is made once: making one costs more than most of its texts.
var inCode = strings.NewReplacer("`", "ˋ", "\n", " ")

// link gives an address as it may stand in a link's parentheses, and false when
// it is none that Discord links to.
func link(address string) (string, bool) {
	if address == "" {
		return "", false
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", false
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, hrefs.Replace(u.String())), true
}

// hrefs encodes what would end a link's address or has a meaning in markdown.
var hrefs = strings.NewReplacer(
	"(", "%28", ")", "%29", "<", "%3C", ">", "%3E", " ", "%20", "\\", "%5C", "\"", "%22", "*", "%2A", "`", "%60", "|", "%7C",
	"\u00a0", "%C2%A0", "\u2028", "%E2%80%A8", "\u2029", "%E2%80%A9", "\u3000", "%E3%80%80",
)

// linked puts a link around a text. Discord's clients look for the end of a
// link's text among its brackets whether or not they are escaped, and show no
// link around what looks like an address; after such a text stands an arrow that
// is the link.
func linked(text, address string) string {
	shown := strings.ReplaceAll(escape(text), "\n", " ")
	if strings.Contains(text, "://") || !paired(text) {
		return shown + " [↗](" + address + ")"
	}
	return "[" + shown + "](" + address + ")"
}

// paired reports whether every bracket has its partner and none stands in others.
func paired(s string) bool {
	open := false
	for _, r := range s {
		switch {
		case r == '[' && open, r == ']' && !open:
			return false
		case r == '[', r == ']':
			open = !open
		}
	}
	return !open
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

// short cuts a text to at most so many of Discord's characters. A user-perceived
// character, by which notify.Cut counts, may be several of those.
func short(s string, limit int) string {
	for keep := limit; length(s) > limit; keep -= max(1, keep/8) {
		s = notify.Cut(s, keep)
	}
	return s
}
