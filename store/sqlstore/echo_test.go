package sqlstore_test

import (
	"testing"
	"time"

	"github.com/lib/pq"

	"sparkbot/store/storetest"
)

// TestAProcessThatWatchesIsHeard has two watch one database: another process's
// connection hears both.
func TestAProcessThatWatchesIsHeard(t *testing.T) {
	url := storetest.Postgres(t)
	w := storetest.NewWorld(t, url)
	listener := pq.NewListener(url, time.Second, time.Second, nil)
	defer func() { _ = listener.Close() }()
	if err := listener.Listen("sparkbot_echo"); err != nil {
		t.Fatal(err)
	}
	for _, watcher := range []*storetest.World{w, w.Replica()} {
		if _, err := watcher.DB.Watch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	heard := map[string]bool{}
	for len(heard) < 2 {
		select {
		case n := <-listener.Notify:
			if n != nil {
				heard[n.Extra] = true
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("only %d are heard", len(heard))
		}
	}
}
