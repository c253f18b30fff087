package app

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/config"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// TestCrashRounds stores a spark, kills the bot with SIGKILL at a random moment
// while that is on its way, starts it again, and does so round after round. In the
// end it counts: no place may miss a spark, and where the bot may read what stands
// in a channel none may have one twice. SPARKBOT_TEST_SEED plays a game again.
func TestCrashRounds(t *testing.T) {
	for _, way := range []struct {
		name     string
		readable bool
	}{{"the channels can be read", true}, {"the channels cannot be read", false}} {
		t.Run(way.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, url string) {
				if os.Getenv("SPARKBOT_TEST_SOAK") != "" {
					t.Parallel()
				}
				crashRounds(t, url, way.readable)
			})
		})
	}
}

// leaseOfCrashes is the lease of the bots that are killed. What a killed one held
// is free after it.
var leaseOfCrashes = time.Duration(storetest.Soak(2, 4)) * time.Second

// crashPatience is how long a crowded machine may take to do its part of a round.
const crashPatience = 3 * time.Minute

func crashRounds(t *testing.T, url string, readable bool) {
	rounds, places := storetest.Soak(3, 20), storetest.Soak(60, 500)
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SPARKBOT_TEST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	chance := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d: %d rounds, %d places", seed, rounds, places)

	world := crashWorld(t, readable)
	channels := subscribeMany(t, url, world, places)
	var sparks []string
	for round := range rounds {
		bot := startProcess(t, url, world, "SPARKBOT_TEST_LEASE="+leaseOfCrashes.String())
		spark := fmt.Sprintf("crash-%02d-of-%d", round, seed)
		storeSpark(t, url, "session", spark)
		sparks = append(sparks, spark)
		part := chance.IntN(places + 1)
		eventually(t, "some places have it", crashPatience, func() bool { return reached(world, channels, spark) >= part })
		if err := bot.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = bot.Wait()
		t.Logf("round %d: killed when %d places had it", round, reached(world, channels, spark))
	}
	startProcess(t, url, world, "SPARKBOT_TEST_LEASE="+leaseOfCrashes.String())
	for _, spark := range sparks {
		eventually(t, "every place has "+spark, crashPatience, func() bool { return reached(world, channels, spark) == places })
	}
	eventually(t, "nothing is owed any more", crashPatience, func() bool { return owed(t, url) == 0 })
	lost, doubled := tally(world, channels, sparks)
	asked := world.Discord().Requests("GET /channels/*/messages") + world.Slack().Requests("conversations.history")
	t.Logf("lost %d, doubled %d; the bot asked %d times whether a message had arrived", lost, doubled, asked)
	if lost > 0 || readable && doubled > 0 {
		t.Errorf("lost %d, doubled %d of %d messages (SPARKBOT_TEST_SEED=%d)", lost, doubled, places*rounds, seed)
	}
}

// crashWorld is a sandbox that takes whatever comes, and forgets nonces sooner
// than a lease ends, so that they hide no message that is sent twice.
func crashWorld(t *testing.T, readable bool) *sandbox.Sandbox {
	t.Helper()
	world, err := sandbox.Start(sandbox.Options{Log: storetest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	world.Discord().SetGlobalLimit(1 << 20)
	world.Discord().SetRouteLimit(1<<20, time.Second)
	world.Discord().SetNonceWindow(leaseOfCrashes / 4)
	world.Slack().SetChannelLimit(false)
	world.Discord().ForbidHistory(!readable)
	world.Slack().ForbidHistory(!readable)
	return world
}

// subscribeMany stores Session and subscribes n channels, half on each platform.
func subscribeMany(t *testing.T, url string, world *sandbox.Sandbox, n int) map[string]store.Platform {
	t.Helper()
	c, err := config.Load(config.Source{File: os.DevNull, Environ: environment(url, world, false)})
	if err != nil {
		t.Fatal(err)
	}
	db, err := OpenStore(t.Context(), c, storetest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := importSample(t.Context(), db, time.Now()); err != nil {
		t.Fatal(err)
	}
	channels := map[string]store.Platform{}
	for i := range n {
		place := store.Place{Platform: store.Discord, Workspace: world.Discord().Guild()}
		if i%2 == 0 {
			place.Channel = world.Discord().AddChannel(fmt.Sprintf("news-%d", i))
		} else {
			place.Platform, place.Workspace = store.Slack, world.Slack().Team()
			place.Channel = world.Slack().AddChannel(fmt.Sprintf("news-%d", i))
		}
		place, err := db.EnsurePlace(t.Context(), place)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Subscribe(t.Context(), store.Subscription{
			PlaceID: place.ID, Target: store.Target{Kind: store.TargetProject, Value: "session"}, Events: store.DefaultEvents, CreatedBy: "ada",
		}); err != nil {
			t.Fatal(err)
		}
		channels[place.Channel] = place.Platform
	}
	return channels
}

// reached counts the channels in which a text stands.
func reached(world *sandbox.Sandbox, channels map[string]store.Platform, text string) (n int) {
	for channel, platform := range channels {
		if times(world, platform, channel, text) > 0 {
			n++
		}
	}
	return n
}

// tally counts the texts that a channel misses, and those that stand in it more
// than once.
func tally(world *sandbox.Sandbox, channels map[string]store.Platform, texts []string) (lost, doubled int) {
	for channel, platform := range channels {
		for _, text := range texts {
			switch n := times(world, platform, channel, text); {
			case n == 0:
				lost++
			case n > 1:
				doubled += n - 1
			}
		}
	}
	return lost, doubled
}

// times counts how often a text stands in a channel.
func times(world *sandbox.Sandbox, p store.Platform, channel, text string) (n int) {
	for _, m := range messages(world, p, channel) {
		n += strings.Count(m.Text, text)
	}
	return n
}

// owed counts what is still to be delivered.
func owed(t *testing.T, url string) (n int) {
	t.Helper()
	db, err := openOutside(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'held', 'sending')").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func messages(world *sandbox.Sandbox, p store.Platform, channel string) []sandbox.Message {
	if p == store.Discord {
		return world.Discord().Messages(channel)
	}
	return world.Slack().Messages(channel)
}

// startProcess runs the bot as a process of its own.
func startProcess(t *testing.T, url string, world *sandbox.Sandbox, more ...string) *exec.Cmd {
	t.Helper()
	return startProcessIn(t, append(environment(url, world, false), more...))
}

// startProcessIn runs the bot as a process of its own in an environment.
func startProcessIn(t *testing.T, environ []string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	var out journal
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Dir = t.TempDir()
	cmd.Env = append(environ, roleEnv+"=serve", "PATH="+os.Getenv("PATH"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the process said:\n%s", out.String())
		}
	})
	return cmd
}
