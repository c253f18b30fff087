package compose_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sparkbot/bot"
	"sparkbot/bot/bottest"
	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/notify/digest"
	"sparkbot/notify/velocity"
)

// TestDigestButtonsAreCommands holds them to the grammar, and what they ask for to
// the digest they stand under.
func TestDigestButtonsAreCommands(t *testing.T) {
	for name, m := range bottest.Digests() {
		for _, b := range buttons(m) {
			if b.URL != "" {
				continue
			}
			c, err := bot.Parse(b.Command)
			if err != nil || len(b.Command) > 90 || c.String() != b.Command {
				t.Errorf("%s: [%s] asks for %q, which reads %q (%v)", name, b.Label, b.Command, c.String(), err)
			}
			if c.Verb == bot.Digest && c.Digest.Action == bot.DigestList && c.Digest.Edition != 7 {
				t.Errorf("%s: [%s] asks for digest %d", name, b.Label, c.Digest.Edition)
			}
		}
	}
}

// TestWhatADigestLeavesOut looks for headings without a text, changes without an
// earlier figure, and more movers than ten.
func TestWhatADigestLeavesOut(t *testing.T) {
	for name, w := range bottest.Weeks() {
		m := bottest.DigestOf(w)
		up, down, began := w.Leading()
		if n := len(up) + len(down) + len(began); n > digest.Shown {
			t.Errorf("%s shows %d movers", name, n)
		}
		for i, b := range m.Blocks {
			if text, ok := b.(notify.Text); ok && text.Style == notify.Heading {
				if next, ok := m.Blocks[i+1].(notify.Text); !ok || next.Style == notify.Heading {
					t.Errorf("%s: nothing stands under %q", name, text.Spans[0].Text)
				}
			}
		}
		for _, mover := range began {
			if strings.Contains(compose.Plain(m, 200), velocity.FormatChange(mover.Reading.Change)) && len(up)+len(down) == 0 {
				t.Errorf("%s shows a change of %s, which has no earlier figure", name, mover.Project.Name)
			}
		}
	}
}

func TestDigestGoldens(t *testing.T) {
	all := bottest.Digests()
	all["digest-real"] = bottest.RealDigest(t)
	for name, m := range all {
		t.Run(name, func(t *testing.T) {
			got := "fallback: " + m.Fallback + "\n\n" + compose.Plain(m, 78) + "\n" + compose.Structure(m)
			path := filepath.Join("testdata", name+".golden")
			if flag.Lookup("update").Value.String() == "true" {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s reads differently (-want +got); look at it, then run with -update:\n%s", name, diff)
			}
			compose.ReadBack(t, name, m)
		})
	}
}
