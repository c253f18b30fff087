package feed

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
)

func TestTextIsWhatAPersonReads(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"paragraphs", "<p>One&nbsp;two</p>\n\n<p>Three &amp; four</p>", "One two\nThree & four"},
		{"a list", "<h2>Changes</h2><ul><li>Fix <b>calls</b></li><li><a href='x'>Link</a></li></ul>", "Changes\n• Fix calls\n• Link"},
		{"scripts", "<p>Hi<script>alert('<p>x')</script><style>p{}</style></p><svg><text>no</text></svg>!", "Hi\n!"},
		{"nested silence", "a<select><select>b</select>c</select>d", "ad"},
		{"escaped twice", "Tom &amp;amp; Jerry", "Tom & Jerry"},
		{"broken tags", "<p>a <b>b<p>c </i> d <img src=x", "a b\nc d"},
		{"plain text", "2 < 3 and\n4", "2 < 3 and 4"},
		{"line breaks", "a<br>b<br/>c", "a\nb\nc"},
		{"marks", "a\u202Eb\u200Bc\x00d\x07", "abcd"},
		{"a tag that a mark keeps apart", "a<\x00b>c<\u200bscript>d</script>e<\xffi>f", "acef"},
		{"a table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
		{"nothing", "<div> <br> </div>", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Text(tc.in); got != tc.want {
				t.Errorf("%q becomes %q, want %q", tc.in, got, tc.want)
			}
		})
	}
	if got := cut("one two three four five", 20); got != "one two three four…" {
		t.Errorf("cut gives %q", got)
	}
	if got := cut(strings.Repeat("é", 30), 10); got != strings.Repeat("é", 9)+"…" {
		t.Errorf("cut gives %q", got)
	}
}

var anyTag = regexp.MustCompile(`(?i)<(script|p|div|img|a|b)[ >]`)

func FuzzText(f *testing.F) {
	f.Add("<p>Hello <b>you</b></p>")
	f.Add("<scr<script>ipt>x</script>&lt;b&gt;")
	f.Add("<ul><li>\u202e<li></ul>")
	f.Add("<\x00A>")
	f.Fuzz(func(t *testing.T, in string) {
		out := Text(in)
		if strings.ContainsFunc(out, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
			t.Errorf("%q keeps a control character: %q", in, out)
		}
		if !strings.Contains(in, "&") && anyTag.MatchString(out) && strings.Count(in, "<") == 1 {
			t.Errorf("%q keeps a tag: %q", in, out)
		}
		if strings.TrimSpace(out) != out || strings.Contains(out, "\n\n") || strings.Contains(out, "  ") {
			t.Errorf("%q keeps spaces: %q", in, out)
		}
	})
}
