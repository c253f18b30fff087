package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// oneHolds lets ten ask for a lease at once, and then takes its time from it.
func oneHolds(t *testing.T, w *World) {
	const ttl = time.Hour
	hold := func(holder string) bool {
		t.Helper()
		held, err := w.DB.Hold(t.Context(), "gateway", holder, ttl)
		if err != nil {
			t.Fatal(err)
		}
		return held
	}
	var holders atomic.Int64
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			if held, err := w.DB.Hold(t.Context(), "gateway", string(rune('a'+i)), ttl); err != nil {
				t.Error(err)
			} else if held {
				holders.Add(1)
			}
		})
	}
	group.Wait()
	if n := holders.Load(); n != 1 {
		t.Fatalf("%d of ten hold the lease", n)
	}
	var holder string
	if err := w.Outside.QueryRowContext(t.Context(), "SELECT holder FROM leases WHERE name = 'gateway'").Scan(&holder); err != nil {
		t.Fatal(err)
	}
	if !hold(holder) || hold("another") {
		t.Error("the holder cannot renew, or another can take what is held")
	}
	if err := w.DB.Release(t.Context(), "gateway", "another"); err != nil || hold("another") {
		t.Errorf("another released what is not its own (%v)", err)
	}
	if err := w.DB.Release(t.Context(), "gateway", holder); err != nil || !hold("another") {
		t.Errorf("what was released cannot be taken (%v)", err)
	}
	if held, err := w.DB.Hold(t.Context(), "socket", holder, ttl); err != nil || !held {
		t.Errorf("a lease of another name is not free (%v)", err)
	}
	if held, err := w.DB.Hold(t.Context(), "gateway", "another", -time.Second); err != nil || !held {
		t.Fatal(held, err)
	}
	if !hold("heir") || hold("another") {
		t.Error("a lease that lapsed does not pass on")
	}
}
