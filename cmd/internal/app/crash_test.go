package app

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/config"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// TestKilledDuringFanOut kills the bot with SIGKILL while a spark is on its way
// to 200 places, starts it again, and counts: no place may miss it.
func TestKilledDuringFanOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		const places = 200
		world, err := sandbox.Start(sandbox.Options{Log: storetest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = world.Close() })
		channels := subscribeMany(t, url, world, places)

		first := startProcess(t, url, world)
		storeSpark(t, url, "session", "crash")
		eventually(t, "a tenth of the places have it", 30*time.Second, func() bool { return reached(world, channels) >= places/10 })
		if err := first.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = first.Wait()
		before := reached(world, channels)
		t.Logf("killed when %d of %d places had it", before, places)
		if before == places {
			t.Fatal("the bot was killed too late to show anything")
		}

		startProcess(t, url, world)
		eventually(t, "every place has it after the restart", 90*time.Second, func() bool { return reached(world, channels) == places })
	})
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

// reached counts the channels that have at least one message.
func reached(world *sandbox.Sandbox, channels map[string]store.Platform) int {
	n := 0
	for channel, platform := range channels {
		if len(messages(world, platform, channel)) > 0 {
			n++
		}
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
func startProcess(t *testing.T, url string, world *sandbox.Sandbox) *exec.Cmd {
	t.Helper()
	return startProcessIn(t, environment(url, world, false))
}

// startProcessIn runs the bot as a process of its own in an environment.
func startProcessIn(t *testing.T, environ []string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	var out bytes.Buffer
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
