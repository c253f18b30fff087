package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// history has a project move some days ago each, by plain SQL.
func (k *talk) history(slug string, spark bool, daysAgo ...int) {
	k.Helper()
	for _, d := range daysAgo {
		k.w.MustExec("INSERT INTO moves (project_id, title, source_url, spark, occurred_at) SELECT id, $1, $2, $3, $4 FROM projects WHERE slug = $5",
			fmt.Sprintf("%s of %d days ago", slug, d), fmt.Sprintf("https://example.org/%s/%d", slug, d), spark,
			k.w.Now.AddDate(0, 0, -d).Add(-time.Minute).Format(time.RFC3339), slug)
	}
}

// picture gives the only picture of a reply.
func (k *talk) picture(r Reply) notify.Picture {
	k.Helper()
	var all []notify.Picture
	for _, b := range r.Message.Blocks {
		if p, ok := b.(notify.Picture); ok {
			all = append(all, p)
		}
	}
	if len(all) != 1 {
		k.Fatalf("the reply has %d pictures", len(all))
	}
	return all[0]
}

func TestMoversAreSortedByTheSizeOfTheirChange(t *testing.T) {
	k := newTalk(t)
	k.history("river", true, 2, 100, 200)        // much faster
	k.history("simplex-chat", true, 20, 60, 120) // slower
	k.history("simplex-sdk", false, 5, 40)       // a little faster
	reply, text := k.ask("movers")
	if !strings.Contains(text, "Of 4 projects 2 sped up, 1 slowed down, 1 began; River changed most, by ▲") {
		t.Errorf("the verdict is missing:\n%s", text)
	}
	order := []string{"▲3", "River", "river of 2 days ago", "new", "Session", "Funded", "▲1", "Simplex-sdk", "simplex-sdk of 5 days ago", "▼0", "Simplex-chat"}
	_, rest, _ := strings.Cut(text, "[picture")
	_, rest, _ = strings.Cut(rest, "]")
	for _, want := range order {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q does not follow in:\n%s", want, text)
		}
		rest = after
	}
	if p := k.picture(reply); !strings.HasPrefix(p.Alt, "What moved most. Velocity now and its change in 7 days: River ") || len(p.PNG) == 0 {
		t.Errorf("the picture says %q", p.Alt)
	}
	if _, text = k.ask("movers 28d"); !strings.Contains(text, "simplex-chat of 20 days ago") {
		t.Errorf("within 28 days simplex-chat sped up:\n%s", text)
	}
}

func TestCardAndMoversShowHistoryAsItWasTold(t *testing.T) {
	k := newTalk(t)
	river, err := k.w.DB.ProjectBySlug(t.Context(), "river")
	if err != nil {
		t.Fatal(err)
	}
	k.history("river", true, 30, 40)
	var told []store.Snapshot
	today := k.w.Now.UTC().Truncate(24 * time.Hour)
	for d := 1; d <= 30; d++ {
		told = append(told, store.Snapshot{ProjectID: river.ID, Day: today.AddDate(0, 0, -d), Score: 9})
	}
	if _, err := k.w.DB.KeepSnapshots(t.Context(), told); err != nil {
		t.Fatal(err)
	}
	reply, text := k.ask("river")
	if p := k.picture(reply); !strings.Contains(text, "▼") || !strings.Contains(text, "cooling") || !strings.Contains(p.Alt, "highest 9.0 on "+today.AddDate(0, 0, -1).Format("2 January 2006")) {
		t.Errorf("the card shows %q with the picture %q", text, p.Alt)
	}
	for _, command := range []string{"movers", "movers 28d", "all sort:change"} {
		if _, text = k.ask(command); !strings.Contains(text, "▼4.") && !strings.Contains(text, "▼5.") {
			t.Errorf("%s does not show what was told:\n%s", command, text)
		}
	}
}
