package slack

import (
	"regexp"
	"strings"
	"testing"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"<!channel> <@U1> & more": "&lt;!channel&gt; &lt;@" + gap + "U1&gt; &amp; more",
		"> quote":                 gap + "&gt; quote",
		"*bold*":                  gap + "*" + gap + "bold" + gap + "*" + gap,
		"plain text, v2.0":        "plain text, v2.0",
	} {
		if got := escape(in); got != want {
			t.Errorf("escape(%q) = %q, want %q", in, got, want)
		}
	}
}

var entity = regexp.MustCompile(`&(amp|lt|gt);`)

func FuzzEscape(f *testing.F) {
	f.Add("<!here> *x* <http://a|b> &amp; > q :tada:")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ReplaceAll(s, gap, "")
		got := escape(s)
		if strings.ContainsAny(got, "<>") || strings.Contains(entity.ReplaceAllString(got, ""), "&") {
			t.Errorf("escape(%q) = %q leaves markup", s, got)
		}
		back := strings.NewReplacer(gap, "", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(got)
		if back != s {
			t.Errorf("escape(%q) = %q shows %q", s, got, back)
		}
		for l := range strings.SplitSeq(got, "\n") {
			if strings.HasPrefix(l, "&gt;") {
				t.Errorf("escape(%q) = %q begins a quote", s, got)
			}
		}
	})
}
