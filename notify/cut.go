package notify

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// Ellipsis ends a text that was cut.
const Ellipsis = "…"

// Cut shortens s to at most limit user-perceived characters (grapheme
// clusters), the ellipsis among them. It cuts after a word where one ends in
// the last third of the space, else between two characters, and never inside
// one. A text that fits is returned as it is; a limit below 1 gives "".
func Cut(s string, limit int) string {
	if limit < 1 {
		return ""
	}
	if len(s) <= limit {
		return s
	}
	var end, word, n int // bytes kept, bytes up to the last word's end, clusters seen
	wordAt := 0          // clusters up to the last word's end
	rest, state, space := s, -1, true
	for len(rest) > 0 {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		n++
		if n > limit {
			break
		}
		isSpace := strings.TrimFunc(cluster, unicode.IsSpace) == ""
		if isSpace && !space {
			word, wordAt = end, n-1
		}
		space = isSpace
		if n < limit {
			end += len(cluster)
		}
	}
	if n <= limit {
		return s
	}
	if word > 0 && word <= end && wordAt >= (limit-1)*2/3 {
		end = word
	}
	return strings.TrimRightFunc(s[:end], unicode.IsSpace) + Ellipsis
}
