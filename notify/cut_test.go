package notify

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

func TestCut(t *testing.T) {
	family := "👨‍👩‍👧‍👦"
	for _, tc := range []struct {
		name, in string
		limit    int
		want     string
	}{
		{"a text that fits stays as it is", "Session is back", 15, "Session is back"},
		{"it is cut after a word", "Session gets its funding back", 20, "Session gets its…"},
		{"a word end exactly at the limit counts", "Session gets funding", 13, "Session gets…"},
		{"a long word is cut inside", "Donaudampfschifffahrt", 8, "Donauda…"},
		{"a family is one character", family + family + family, 2, family + "…"},
		{"a combining accent stays on its letter", "cafe\u0301s cafe\u0301s", 5, "cafe\u0301…"},
		{"no space, no text", "Session", 0, ""},
		{"room for the ellipsis alone", "Session", 1, "…"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Cut(tc.in, tc.limit); got != tc.want {
				t.Errorf("Cut(%q, %d) = %q, want %q", tc.in, tc.limit, got, tc.want)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add("Session gets its funding back", 12)
	f.Add(strings.Repeat("a"+strings.Repeat("\u0301", 90), 3), 4)
	f.Add("👨‍👩‍👧‍👦 e\u0301 שלום עולם", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		got := Cut(s, limit)
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("Cut(%q, %d) = %q is not valid UTF-8", s, limit, got)
		}
		if n := uniseg.GraphemeClusterCount(got); n > max(limit, 0) {
			t.Errorf("Cut(%q, %d) = %q has %d characters", s, limit, got, n)
		}
		kept, cut := strings.CutSuffix(got, Ellipsis)
		if got != s && got != "" && (!cut || !strings.HasPrefix(s, kept)) {
			t.Errorf("Cut(%q, %d) = %q is not a beginning of it", s, limit, got)
		}
	})
}
