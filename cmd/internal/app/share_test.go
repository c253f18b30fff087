package app

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// TestReplicasShareOneRate has three processes work off one spark for channels
// of a Discord that allows 50 requests a second in all and 5 in 5 s and channel.
// One is killed on the way and another joins.
func TestReplicasShareOneRate(t *testing.T) {
	url, world := storetest.Postgres(t), startWorld(t)
	places := storetest.Soak(400, 1000)
	channels := subscribeMany(t, url, world, places)
	var all []*replica
	var desks []*desk
	join := func(name string) {
		d := newDesk(t, world)
		desks = append(desks, d)
		all = append(all, startReplica(t, name, url, world, true, d.settings()...))
	}
	for i := range 3 {
		join(fmt.Sprint("replica ", i))
	}
	eventually(t, "three replicas are ready", time.Minute, func() bool { return allReady(all) })

	began := time.Now()
	storeSpark(t, url, "session", "shared")
	eventually(t, "a third has it", 3*time.Minute, func() bool { return reached(world, channels, "shared") > places*2/3 })
	all[0].kill(t)
	join("replica 3")
	eventually(t, "every place has it", 3*time.Minute, func() bool { return reached(world, channels, "shared") == places })
	took := time.Since(began)
	if lost, doubled := tally(world, channels, []string{"shared"}); lost+doubled > 0 {
		t.Errorf("%d lost, %d doubled", lost, doubled)
	}

	refused, posts := map[int]int{}, []time.Time{}
	for i, d := range desks {
		sent, said := d.seen()
		t.Logf("%s sent %d messages; refused were %v", all[i].name, len(sent), said)
		if i < 3 && len(sent) == 0 {
			t.Errorf("%s had no part in the work", all[i].name)
		}
		posts = append(posts, sent...)
		for status, n := range said {
			refused[status] += n
		}
	}
	t.Logf("%d places took %s; the most in a second of Discord's were %d", places, took.Round(time.Millisecond), mostDiscord(world, channels))
	if refused[429] > 0 {
		t.Errorf("%d of %d requests were refused for their rate", refused[429], len(posts))
	}
}

// mostDiscord is the greatest number of messages on Discord within a second.
func mostDiscord(world *sandbox.Sandbox, channels map[string]store.Platform) int {
	var at []time.Time
	for channel, platform := range channels {
		if platform == store.Discord {
			for _, m := range world.Discord().Messages(channel) {
				at = append(at, m.At)
			}
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	most, first := 0, 0
	for i := range at {
		for at[i].Sub(at[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// TestReplicasCutOffFromTheDatabase cuts the replica that holds the gateway off
// from the database while it sends. It must be silent before another may take
// over what it held, and let go of the gateway before another takes that.
func TestReplicasCutOffFromTheDatabase(t *testing.T) {
	for _, way := range []struct {
		name string
		cut  func(w *wire, cut bool)
		long bool
	}{
		{"half-open", (*wire).die, false},
		{"refused", (*wire).close, true},
	} {
		t.Run(way.name, func(t *testing.T) {
			if way.long && !storetest.Soak(false, true) {
				t.Log("told in make soak")
				return
			}
			cutOff(t, way.cut)
		})
	}
}

func cutOff(t *testing.T, cut func(*wire, bool)) {
	url, world := storetest.Postgres(t), startWorld(t)
	places := storetest.Soak(140, 160)
	channels := subscribeMany(t, url, world, places)
	line, through := newWire(t, url)
	cutDesk, desk := newDesk(t, world), newDesk(t, world)
	first := startReplica(t, "the one cut off", through, world, false, cutDesk.settings()...)
	eventually(t, "the first holds both connections", time.Minute, func() bool { return first.holds(store.Discord) && first.holds(store.Slack) })
	second := startReplica(t, "the other", url, world, false, desk.settings()...)
	eventually(t, "the second stands by", time.Minute, func() bool { return allReady([]*replica{first, second}) })

	two := watchSessions(t, world)
	storeSpark(t, url, "session", "partition")
	eventually(t, "it sends", time.Minute, func() bool {
		sent, _ := cutDesk.seen()
		return len(sent) > 5
	})
	cut(line, true)
	at := time.Now()
	eventually(t, "the second holds the gateway", 15*time.Second, func() bool { return second.holds(store.Discord) })
	t.Logf("the gateway passed on after %s", time.Since(at).Round(time.Millisecond))
	eventually(t, "every place has it", 3*time.Minute, func() bool { return reached(world, channels, "partition") == places })
	t.Logf("every place has it, and %d are in doubt", owed(t, url))
	// Whether those arrived is asked once their lease has ended; of Slack it is asked
	// for 25 a minute.
	eventually(t, "nothing is in doubt any more", 3*time.Minute, func() bool { return owed(t, url) == 0 })
	t.Logf("all was settled %s after the cut", time.Since(at).Round(time.Millisecond))
	posts, _ := cutDesk.seen()
	silent := posts[len(posts)-1].Sub(at)
	t.Logf("it sent its last message %s after it was cut off", silent.Round(time.Millisecond))
	// A claim lasts 20 s, and a share of the rate 6 s.
	if silent > 6*time.Second {
		t.Errorf("it sent %s after it was cut off", silent)
	}
	if status, _ := first.ready(); status == 200 {
		t.Error("a replica without its database says it is ready")
	}
	cut(line, false)
	eventually(t, "it is ready again, standing by", 2*time.Minute, func() bool { return allReady([]*replica{first}) && !first.holds(store.Discord) })
	if lost, doubled := tally(world, channels, []string{"partition"}); lost+doubled > 0 {
		t.Errorf("%d lost, %d doubled", lost, doubled)
	}
	if n := two.Load(); n > 1 {
		t.Errorf("%d connections to the gateway stood at the same time", n)
	}
}

// watchSessions keeps the greatest number of gateway connections seen.
func watchSessions(t *testing.T, world *sandbox.Sandbox) *atomic.Int64 {
	var most atomic.Int64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		look := time.NewTicker(5 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-done:
				return
			case <-look.C:
				most.Store(max(most.Load(), int64(world.Discord().Sessions())))
			}
		}
	}()
	t.Cleanup(func() {
		close(done)
		<-ended
	})
	return &most
}
