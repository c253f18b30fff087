package compose_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sparkbot/bot/bottest"
	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/store"
)

// real is a week of the twenty real projects, Monday to Monday.
func real(t *testing.T) notify.Message {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("..", "..", "cmd", "internal", "app", "testdata", "projects.json"))
	if err != nil {
		t.Fatal(err)
	}
	shelf, err := bottest.RealShelf(document)
	if err != nil {
		t.Fatal(err)
	}
	monday := time.Date(2026, time.August, 10, 9, 0, 0, 0, time.UTC)
	return bottest.DigestOf(shelf.Week(store.Edition{
		ID: 1, Variant: store.Weekly, Schedule: store.DefaultSchedule, Follows: `[{"kind":"everything"}]`, Begin: monday.AddDate(0, 0, -7), End: monday, First: true,
	}))
}

func TestDigestGoldens(t *testing.T) {
	all := bottest.Digests()
	all["digest-real"] = real(t)
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
