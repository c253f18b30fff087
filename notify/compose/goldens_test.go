package compose

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sparkbot/notify"
)

// readBack checks that the golden says all there is of a message, so that whoever
// draws the goldens draws what the bot sends.
func readBack(t *testing.T, name string, m notify.Message) {
	t.Helper()
	goldens, err := Goldens()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(goldens, func(g Golden) bool { return g.Name == name })
	if at < 0 {
		t.Skipf("%s was written just now; run the tests again", name) // the goldens are part of the program
	}
	want := m
	want.Blocks = slices.Clone(m.Blocks)
	for i, b := range want.Blocks {
		switch b := b.(type) {
		case notify.Picture:
			b.PNG = nil
			want.Blocks[i] = b
		case notify.Text:
			if b.Icon == "" {
				b.IconAlt = "" // which says nothing without an icon
			}
			want.Blocks[i] = b
		}
	}
	if diff := cmp.Diff(want, goldens[at].Message); diff != "" {
		t.Errorf("%s is read back differently (-sent +read):\n%s", name, diff)
	}
}

func TestEveryGoldenCanBeRead(t *testing.T) {
	goldens, err := Goldens()
	if err != nil || len(goldens) < 20 {
		t.Fatalf("%d goldens, %v", len(goldens), err)
	}
	for _, g := range goldens {
		if g.Message.Fallback == "" || len(g.Message.Blocks) == 0 {
			t.Errorf("%s reads %+v", g.Name, g.Message)
		}
	}
}
