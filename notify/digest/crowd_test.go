package digest_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/discord"
	"sparkbot/bot/slack"
	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/notify/digest"
	"sparkbot/store"
	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const (
	crowdPlaces   = 10_000
	crowdProjects = 200
	crowdMoves    = 40 // of a project
	crowdSets     = 400
)

// crowd is a database in which ten thousand places are due in the same minute.
type crowd struct {
	tb   testing.TB
	db   *sqlstore.Store
	now  time.Time
	exec func(query string)
	url  string
}

// newCrowd stores everything from outside, some hundred rows in a statement.
func newCrowd(tb testing.TB, url string) *crowd {
	tb.Helper()
	db, err := sqlstore.Open(tb.Context(), url, sqlstore.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	outside, err := storetest.OpenOutside(url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = outside.Close() })
	k := &crowd{tb: tb, url: url, db: db, now: time.Now().UTC().Truncate(time.Minute), exec: func(query string) {
		tb.Helper()
		if _, err := outside.ExecContext(tb.Context(), query); err != nil {
			tb.Fatalf("%.200s: %v", query, err)
		}
	}}
	k.rows("projects (id, slug, name, category, prediction)", crowdProjects, func(i int) string {
		return fmt.Sprintf("(%d, 'p-%d', 'Project %d', '%s', 'It goes on.')", i, i, i, category(i))
	})
	k.rows("project_tags (project_id, tag)", crowdProjects, func(i int) string { return fmt.Sprintf("(%d, 'tag-%d')", i, i%7) })
	k.rows("moves (project_id, title, source_url, spark, occurred_at)", crowdProjects*crowdMoves, func(i int) string {
		project, n := i%crowdProjects+1, i/crowdProjects
		at := k.now.Add(-time.Duration(n*(20+project)) * time.Hour).Format(time.RFC3339)
		return fmt.Sprintf("(%d, 'Move %d of project %d', 'https://example.org/%d/%d', %t, '%s')", project, n, project, project, n, n%5 == 0, at)
	})
	k.rows("places (id, platform, workspace, channel)", crowdPlaces, func(i int) string {
		return fmt.Sprintf("(%d, '%s', 'W', 'C%d')", i, []string{"discord", "slack"}[i%2], i)
	})
	for n := range 2 {
		k.rows("subscriptions (place_id, kind, value, events)", crowdPlaces, func(i int) string {
			t := subscribed(i)[n]
			return fmt.Sprintf("(%d, '%s', '%s', %d)", i, t.Kind, t.Value, store.DefaultEvents)
		})
	}
	k.notice()
	// What the planner knows is of a time at which nothing was due, as it mostly is.
	k.exec("ANALYZE")
	k.due()
	return k
}

func category(i int) string { return []string{"COMMS", "INFRA", "DATA", "AI"}[i%4] }

// subscribed are the two subscriptions of a place; four hundred different pairs
// in all, told apart by the second.
func subscribed(place int) [2]store.Target {
	set := place % crowdSets
	second := store.Target{Kind: store.TargetProject, Value: fmt.Sprintf("p-%d", set/2+1)}
	if set%2 == 0 {
		return [2]store.Target{{Kind: store.TargetCategory, Value: category(set / 2)}, second}
	}
	return [2]store.Target{{Kind: store.TargetTag, Value: fmt.Sprintf("tag-%d", set%7)}, second}
}

// rows inserts n rows, numbered from 1, five hundred in a statement.
func (k *crowd) rows(into string, n int, row func(i int) string) {
	k.tb.Helper()
	for first := 1; first <= n; first += 500 {
		var values []string
		for i := first; i < first+500 && i <= n; i++ {
			values = append(values, row(i))
		}
		k.exec("INSERT INTO " + into + " VALUES " + strings.Join(values, ", "))
	}
}

// notice empties the outbox, as fan-out does.
func (k *crowd) notice() {
	k.tb.Helper()
	for {
		changes, err := k.db.Changes(k.tb.Context(), 1000)
		if err != nil {
			k.tb.Fatal(err)
		}
		if len(changes) == 0 {
			return
		}
		ids := make([]int64, len(changes))
		for i, c := range changes {
			ids[i] = c.ID
		}
		if err := k.db.FinishChanges(k.tb.Context(), ids); err != nil {
			k.tb.Fatal(err)
		}
	}
}

// due makes every digest due this minute, as if none had come before.
func (k *crowd) due() {
	k.tb.Helper()
	stamp := fmt.Sprintf("'%s'", k.now.Format(time.RFC3339))
	if k.db.Dialect() == "sqlite" {
		stamp = fmt.Sprint(k.now.UnixMilli())
	}
	k.exec("DELETE FROM deliveries")
	k.exec("UPDATE digests SET since = NULL, seen = 0, next_at = " + stamp)
}

func (k *crowd) calendar() *digest.Calendar {
	return digest.New(k.db, digest.Options{Now: func() time.Time { return k.now }})
}

// owed gives every place's editions.
func (k *crowd) owed() map[string][]int64 {
	k.tb.Helper()
	editions := map[string][]int64{}
	for {
		claimed, err := k.db.Claim(k.tb.Context(), store.ClaimRequest{
			Platforms: []store.Platform{store.Discord, store.Slack}, Now: k.now, Lease: time.Hour, Limit: 4000,
		})
		if err != nil {
			k.tb.Fatal(err)
		}
		if len(claimed) == 0 {
			return editions
		}
		for _, c := range claimed {
			editions[c.Place.Channel] = append(editions[c.Place.Channel], c.EditionID)
		}
	}
}

// TestTenThousandPlacesInAMinute closes ten thousand weeks at once and reads what
// each place gets: its own, and nothing else.
func TestTenThousandPlacesInAMinute(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		k := newCrowd(t, url)
		for range 2 { // the second finds nothing left to do
			if _, err := k.calendar().Pass(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		owed := k.owed()
		desk := digest.NewDesk(k.db, k.db)
		projects, err := k.db.Projects(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		said := map[int64]string{} // by edition
		for i := 1; i <= crowdPlaces; i++ {
			editions := owed[fmt.Sprintf("C%d", i)]
			if len(editions) != 1 {
				t.Fatalf("place %d is owed %d digests", i, len(editions))
			}
			text, known := said[editions[0]]
			if !known {
				w, err := desk.Digest(t.Context(), editions[0], k.now)
				if err != nil {
					t.Fatal(err)
				}
				text = about(w)
				said[editions[0]] = text
			}
			if want := wanted(projects, subscribed(i)); text != want {
				t.Fatalf("place %d hears of %s, want %s", i, text, want)
			}
		}
		if len(said) != crowdSets {
			t.Errorf("they share %d editions, want %d", len(said), crowdSets)
		}
	})
}

// about names the projects of a week.
func about(w digest.Week) string {
	var slugs []string
	for _, m := range w.Ranked {
		slugs = append(slugs, m.Project.Slug)
	}
	slices.Sort(slugs)
	return strings.Join(slugs, " ")
}

// wanted names the projects that any target covers, one by one.
func wanted(projects []store.Project, targets [2]store.Target) string {
	var slugs []string
	for _, p := range projects {
		for _, t := range targets {
			if t.Kind == store.TargetProject && p.Slug == t.Value || t.Kind == store.TargetCategory && p.Category == t.Value ||
				t.Kind == store.TargetTag && slices.Contains(p.Tags, t.Value) {
				slugs = append(slugs, p.Slug)
				break
			}
		}
	}
	slices.Sort(slugs)
	return strings.Join(slugs, " ")
}

// BenchmarkDigest10k closes ten thousand weeks that are due in the same minute,
// in four hundred different sets of subscriptions over two hundred projects, and
// composes and encodes what they say for both platforms. Beside it stands the
// least a database can do for that: to take as many rows in one statement.
func BenchmarkDigest10k(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			k := newCrowd(b, url(b))
			encoders := []interface {
				Encode(m notify.Message) (notify.Body, error)
			}{onDiscord(b), onSlack(b)}
			var closed, composed, yardstick time.Duration
			for b.Loop() {
				b.StopTimer()
				k.due()
				b.StartTimer()
				start := time.Now()
				if _, err := k.calendar().Pass(b.Context()); err != nil {
					b.Fatal(err)
				}
				closed += time.Since(start)
				b.StopTimer()
				ids := slices.Sorted(maps.Keys(editionsOf(k)))
				b.StartTimer()
				start = time.Now()
				desk := digest.NewDesk(k.db, k.db)
				for _, id := range ids {
					w, err := desk.Digest(b.Context(), id, k.now)
					if err != nil {
						b.Fatal(err)
					}
					m := compose.DigestMessage(w, nil)
					for _, e := range encoders {
						if _, err := e.Encode(m); err != nil {
							b.Fatal(err)
						}
					}
				}
				composed += time.Since(start)
				b.StopTimer()
				yardstick += bareInsert(k)
				b.StartTimer()
			}
			n := float64(b.N)
			b.ReportMetric(closed.Seconds()*1000/n, "close-ms")
			b.ReportMetric(composed.Seconds()*1000/n, "compose-ms")
			b.ReportMetric(yardstick.Seconds()*1000/n, "yardstick-ms")
			b.ReportMetric(float64(closed+composed)/float64(yardstick), "ratio")
		})
	}
}

func onDiscord(tb testing.TB) *discord.Client {
	c, err := discord.New(discord.Options{Token: "t"})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func onSlack(tb testing.TB) *slack.Client {
	c, err := slack.New(slack.Options{BotToken: "x"})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func editionsOf(k *crowd) map[int64]bool {
	all := map[int64]bool{}
	for _, editions := range k.owed() {
		for _, id := range editions {
			all[id] = true
		}
	}
	return all
}

// bareInsert has the database take ten thousand deliveries it is told one by one.
func bareInsert(k *crowd) time.Duration {
	k.tb.Helper()
	k.exec("DELETE FROM deliveries")
	var values []string
	stamp := fmt.Sprintf("'%s'", k.now.Format(time.RFC3339))
	if k.db.Dialect() == "sqlite" {
		stamp = fmt.Sprint(k.now.UnixMilli())
	}
	for i := 1; i <= crowdPlaces; i++ {
		values = append(values, fmt.Sprintf("(%d, 'slack', 'digest', 'digest:%d', 1, 1, %s, %s)", i, i, stamp, stamp))
	}
	query := "INSERT INTO deliveries (place_id, platform, kind, key, edition_id, rank, wake_at, give_up_at) VALUES " + strings.Join(values, ", ")
	start := time.Now()
	k.exec(query)
	return time.Since(start)
}
