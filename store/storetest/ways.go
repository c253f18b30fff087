package storetest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sparkbot/store"
)

// everyWayIsHeard has places follow a project in any mix of ways, in any spelling,
// and tells them in chunks of every size: each that hears of it once, no other.
func everyWayIsHeard(t *testing.T, w *World) {
	chance := rand.New(rand.NewPCG(1, 2))
	p := w.Project("session", "COMMS", "privacy", "Chat", "chat")
	hits := []store.Target{
		Everything, Slug("session"),
		{Kind: store.TargetCategory, Value: "COMMS"},
		{Kind: store.TargetCategory, Value: "comms"},
		{Kind: store.TargetTag, Value: "Privacy"},
		{Kind: store.TargetTag, Value: "privacy"},
		{Kind: store.TargetTag, Value: "chat"},
	}
	misses := []store.Target{Slug("matrix"), {Kind: store.TargetCategory, Value: "DATA"}, {Kind: store.TargetTag, Value: "chats"}}
	heard := map[int64]bool{}
	for i := range 40 {
		place, err := w.DB.EnsurePlace(t.Context(), store.Place{Platform: store.Slack, Workspace: "T1", Channel: fmt.Sprintf("C%d", i)})
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range append(hits, misses...) {
			if chance.IntN(4) > 0 {
				continue
			}
			events, except := store.Sparks, []string(nil)
			if chance.IntN(5) == 0 {
				events = store.Trends
			}
			if chance.IntN(5) == 0 {
				except = []string{"session"}
			}
			w.Subscribe(store.Subscription{PlaceID: place.ID, Target: target, Events: events, Except: except})
			hit := target.Value != "matrix" && target.Value != "DATA" && target.Value != "chats"
			heard[place.ID] = heard[place.ID] || hit && events == store.Sparks && except == nil
		}
	}
	for chunk := 1; chunk <= 41; chunk += 4 {
		w.Forget()
		w.Move("session", fmt.Sprint("in chunks of ", chunk))
		c := w.Changes()[0]
		told := map[int64]int{}
		for done := false; !done; {
			x, err := w.DB.Expand(t.Context(), store.Expansion{
				Change: c, Project: p, Events: store.Sparks, Now: w.Now, GiveUpAt: w.Now.Add(time.Hour), Chunk: chunk, Take: []store.Platform{store.Slack}, Lease: time.Minute,
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, claimed := range x.Claimed {
				told[claimed.PlaceID]++
				w.Settle(claimed, store.OutcomeSent, nil)
			}
			done = x.Done
		}
		for id, hears := range heard {
			if want := map[bool]int{true: 1}[hears]; told[id] != want {
				t.Errorf("in chunks of %d place %d is told %d times, want %d", chunk, id, told[id], want)
			}
		}
	}
}
