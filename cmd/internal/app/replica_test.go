package app

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// replica is one `serve` process among several.
type replica struct {
	name string
	cmd  *exec.Cmd
	http string // where it listens
}

// startReplica runs one more process on a database; extra settings win.
func startReplica(t *testing.T, name, url string, world *sandbox.Sandbox, signed bool, extra ...string) *replica {
	t.Helper()
	r := &replica{name: name, http: freeAddress(t)}
	r.cmd = startProcessIn(t, append(append(environment(url, world, signed), "SPARKBOT_HTTP_LISTEN="+r.http), extra...))
	return r
}

// freeAddress finds an address nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// ready asks /readyz.
func (r *replica) ready() (status int, parts map[string]string) {
	response, err := http.Get("http://" + r.http + "/readyz")
	if err != nil {
		return 0, nil
	}
	defer func() { _ = response.Body.Close() }()
	var body readiness
	if json.NewDecoder(response.Body).Decode(&body) != nil {
		return 0, nil
	}
	return response.StatusCode, body.Parts
}

// holds reports whether the replica is ready and has the connection itself.
func (r *replica) holds(p store.Platform) bool {
	status, parts := r.ready()
	return status == http.StatusOK && parts[string(p)] == "ok"
}

// kill ends it as a power cut would.
func (r *replica) kill(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = r.cmd.Wait()
}

// holders gives those that have the connection.
func holders(all []*replica, p store.Platform) (names []string) {
	for _, r := range all {
		if r.holds(p) {
			names = append(names, r.name)
		}
	}
	return names
}

func allReady(all []*replica) bool {
	for _, r := range all {
		if status, _ := r.ready(); status != http.StatusOK {
			return false
		}
	}
	return true
}

func startWorld(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	world, err := sandbox.Start(sandbox.Options{Log: storetest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	return world
}

// TestReplicasHoldOneConnection starts three processes and kills whichever holds
// the gateway, over and over.
func TestReplicasHoldOneConnection(t *testing.T) {
	url, world := storetest.Postgres(t), startWorld(t)
	channels := subscribeMany(t, url, world, 2)
	var all []*replica
	for i := range 3 {
		all = append(all, startReplica(t, fmt.Sprint("replica ", i), url, world, false))
	}
	one := func() bool {
		return allReady(all) && len(holders(all, store.Discord)) == 1 && len(holders(all, store.Slack)) == 1 &&
			world.Discord().Sessions() == 1 && world.Slack().Sockets() == 1
	}
	eventually(t, "three are ready, and one of them is connected", 30*time.Second, one)
	for round := range storetest.Soak(1, 2) {
		for i, r := range all {
			if !r.holds(store.Discord) {
				continue
			}
			r.kill(t)
			killed := time.Now()
			all[i] = startReplica(t, fmt.Sprint("heir ", round), url, world, false)
			eventually(t, "another took the gateway over", 15*time.Second, func() bool { return world.Discord().Sessions() == 1 })
			t.Logf("%s was followed after %s", r.name, time.Since(killed).Round(time.Millisecond))
			break
		}
		eventually(t, "one is connected again", 30*time.Second, one)
	}
	askEverywhere(t, world, channels)
}

// askEverywhere asks for a card in every channel, once Discord knows the commands:
// a replica that is ready may still wait for its share of the requests.
func askEverywhere(t *testing.T, world *sandbox.Sandbox, channels map[string]store.Platform) {
	t.Helper()
	eventually(t, "the commands are registered", 30*time.Second, func() bool { return world.Discord().Registrations() > 0 })
	for channel, platform := range channels {
		run, text := world.Slack().RunText, "/spark session"
		if platform == store.Discord {
			run, text = world.Discord().RunText, "/spark project:session"
		}
		if answer, err := run(t.Context(), "ada", channel, text); err != nil || !strings.Contains(answer.Message.Text, "Session") {
			t.Errorf("%s answers %q (%v)", platform, answer.Message.Text, err)
		}
	}
}

// TestReplicasAllAnswerOverHTTP sends each replica a signed command.
func TestReplicasAllAnswerOverHTTP(t *testing.T) {
	url, world := storetest.Postgres(t), startWorld(t)
	channels := subscribeMany(t, url, world, 2)
	for i := range 3 {
		r := startReplica(t, fmt.Sprint("replica ", i), url, world, true)
		eventually(t, r.name+" is ready", 30*time.Second, func() bool { return allReady([]*replica{r}) })
		world.Discord().SendInteractionsTo("http://" + r.http + "/discord/interactions")
		world.Slack().SendCommandsTo("http://"+r.http+"/slack/commands", "http://"+r.http+"/slack/interactivity")
		askEverywhere(t, world, channels)
	}
}
