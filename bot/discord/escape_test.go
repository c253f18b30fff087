package discord

import (
	"strings"
	"testing"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"@everyone <@1> <#2>": `\@everyone \<\@1\> \<\#2\>`,
		"[x](http://evil)":    `\[x\]\(http\://evil\)`,
		"1. one\n- two # no":  "1\\. one\n\\- two \\# no",
		"v2.0 is *out*":       `v2.0 is \*out\*`,
		"plain: text":         "plain: text",
	} {
		if got := escape(in); got != want {
			t.Errorf("escape(%q) = %q, want %q", in, got, want)
		}
	}
}

// unescape does what Discord does with a backslash.
func unescape(s string) string {
	var b strings.Builder
	skip := false
	for _, r := range s {
		if r == '\\' && !skip {
			skip = true
			continue
		}
		skip = false
		b.WriteRune(r)
	}
	return b.String()
}

func FuzzEscape(f *testing.F) {
	f.Add("**x** [a](b) <@1> 1. http://x \\")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "")
		got := escape(s)
		if back := unescape(got); back != s {
			t.Errorf("escape(%q) = %q shows %q", s, got, back)
		}
		bare := false
		for _, r := range got {
			if !bare && strings.ContainsRune("`*_~|>#[]()<@", r) {
				t.Errorf("escape(%q) = %q leaves %q with a meaning", s, got, r)
			}
			bare = r == '\\' && !bare
		}
		if strings.Contains(got, "://") && !strings.Contains(got, "\\://") {
			t.Errorf("escape(%q) = %q leaves an address", s, got)
		}
	})
}
