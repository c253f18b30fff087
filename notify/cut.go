package notify

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Ellipsis ends a text that was cut.
const Ellipsis = "…"

// Cut shortens s to at most limit user-perceived characters (grapheme
// clusters of at most 40 bytes), the ellipsis among them. It cuts after a word where one ends in
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
		if piece := clip(cluster); piece < len(cluster) {
			cluster, rest, state = cluster[:piece], cluster[piece:]+rest, -1
		}
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

// longestCluster is how many bytes one character may take before it counts as
// several. Emoji families take 25, flags of regions 28; a letter under a heap of
// accents would otherwise be a character of any length.
const longestCluster = 40

// clip gives how many bytes of a cluster count as one character, all of its last
// code point among them.
func clip(cluster string) int {
	if len(cluster) <= longestCluster {
		return len(cluster)
	}
	end := 0
	for end < len(cluster) {
		_, size := utf8.DecodeRuneInString(cluster[end:])
		if end > 0 && end+size > longestCluster {
			break
		}
		end += size
	}
	return end
}
