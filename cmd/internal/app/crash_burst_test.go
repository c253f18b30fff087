package app

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"sparkbot/store/storetest"
)

// TestCrashInABurst stores seven sparks at once, which every place hears of in one
// message, kills the bot while those messages are on their way, and starts it
// again: no place may miss a spark or have one twice, whatever a message that was
// under way told of.
func TestCrashInABurst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		rounds, places := storetest.Soak(2, 5), storetest.Soak(40, 300)
		seed := uint64(time.Now().UnixNano())
		if text := os.Getenv("SPARKBOT_TEST_SEED"); text != "" {
			var err error
			if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		chance := rand.New(rand.NewPCG(seed, 1))
		t.Logf("seed %d: %d rounds, %d places", seed, rounds, places)
		world := crashWorld(t, true)
		channels := subscribeMany(t, url, world, places)
		lease := "SPARKBOT_TEST_LEASE=" + leaseOfCrashes.String()
		var titles []string
		for round := range rounds {
			bot := startProcess(t, url, world, lease)
			what := fmt.Sprintf("burst-%02d-of-%d", round, seed)
			elsewhere(t, url, strings.ReplaceAll(insert(what, 7), " = 1, CURRENT_TIMESTAMP", " > -1, CURRENT_TIMESTAMP"))
			for i := range 7 {
				titles = append(titles, fmt.Sprintf("%s %d.", what, i+1))
			}
			part := chance.IntN(places + 1)
			eventually(t, "some places have it", crashPatience, func() bool { return reached(world, channels, what+" 7.") >= part })
			if err := bot.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = bot.Wait()
			t.Logf("round %d: killed when %d places had it", round, reached(world, channels, what+" 7."))
		}
		startProcess(t, url, world, lease)
		eventually(t, "nothing is owed any more", crashPatience, func() bool { return owed(t, url) == 0 })
		lost, doubled := tally(world, channels, titles)
		posts := 0
		for channel, platform := range channels {
			posts += len(messages(world, platform, channel))
		}
		t.Logf("lost %d, doubled %d in %d messages of %d sparks", lost, doubled, posts, len(titles)*places)
		if lost > 0 || doubled > 0 || posts > 2*rounds*places {
			t.Errorf("lost %d, doubled %d in %d messages to %d places (SPARKBOT_TEST_SEED=%d)", lost, doubled, posts, places, seed)
		}
	})
}
