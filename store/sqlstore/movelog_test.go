package sqlstore_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"sparkbot/store/storetest"
)

// TestTheLogIsMovedOnceNobodyWrites has another program store a move, which stands in
// the log beside the file, and looks for it in the file itself.
func TestTheLogIsMovedOnceNobodyWrites(t *testing.T) {
	w := storetest.NewWorld(t, storetest.SQLite(t))
	if _, err := w.DB.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Project("session", "COMMS")
	w.Move("session", "told of in the log at first")
	for until := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		file, err := os.ReadFile(strings.TrimPrefix(w.URL, "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(file, []byte("told of in the log at first")) {
			return
		}
		if time.Now().After(until) {
			t.Fatal("what was committed stands in the log alone, five seconds after it")
		}
	}
}
