package app

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sparkbot/store/storetest"
)

// TestCrashDuringDigests has the digests of many places fall due at once and kills
// the bot with SIGKILL at a random moment while they are closed and sent, week
// after week. In the end every place has every digest once.
func TestCrashDuringDigests(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		weeks, places := storetest.Soak(3, 8), storetest.Soak(60, 500)
		world := crashWorld(t, true)
		channels := subscribeMany(t, url, world, places)
		const title = "Weekly digest"
		for week := range weeks {
			makeDue(t, url, time.Now().Add(-time.Duration(weeks-week)*time.Minute))
			bot := startProcess(t, url, world, "SPARKBOT_TEST_LEASE="+leaseOfCrashes.String())
			// What the last week left is sent first, so messages do not tell that this one
			// is closed; before that it must not be made due anew.
			eventually(t, "the week is closed", crashPatience, func() bool { return dueDigests(t, url) == 0 })
			before, part := 0, rand.IntN(places)
			for channel, platform := range channels {
				before += times(world, platform, channel, title)
			}
			eventually(t, "some places have the next digest", crashPatience, func() bool {
				n := 0
				for channel, platform := range channels {
					n += times(world, platform, channel, title)
				}
				return n-before >= part
			})
			if err := bot.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = bot.Wait()
			t.Logf("week %d: killed when %d of %d places had it", week, part, places)
		}
		startProcess(t, url, world, "SPARKBOT_TEST_LEASE="+leaseOfCrashes.String())
		eventually(t, "every place has every digest", crashPatience, func() bool {
			for channel, platform := range channels {
				if times(world, platform, channel, title) < weeks {
					return false
				}
			}
			return owed(t, url) == 0
		})
		for channel, platform := range channels {
			if n := times(world, platform, channel, title); n != weeks {
				t.Errorf("%s on %s has %d digests of %d weeks", channel, platform, n, weeks)
			}
		}
	})
}

// dueDigests counts the places whose week is over and not closed.
func dueDigests(t *testing.T, url string) (n int) {
	t.Helper()
	db, err := openOutside(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var now any = time.Now().UTC()
	if strings.HasPrefix(url, "sqlite:") {
		now = time.Now().UnixMilli()
	}
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM digests WHERE next_at <= $1", now).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// makeDue has every place's digest be due at a time.
func makeDue(t *testing.T, url string, at time.Time) {
	t.Helper()
	db, err := openOutside(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var stamp any = at.UTC()
	if strings.HasPrefix(url, "sqlite:") {
		stamp = at.UnixMilli()
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE digests SET next_at = $1", stamp); err != nil {
		t.Fatal(err)
	}
}
