package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// TestADeliveryCanBeFollowedInTheLog has one delivery fail once and arrive, and
// reads its way by its id alone.
func TestADeliveryCanBeFollowedInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &fakeQueue{}
		id := q.owe(place(store.Discord, 1), 7)
		q.owe(place(store.Discord, 2), 7)
		failed := false
		s := &fakeSender{answer: func(_ context.Context, e notify.Envelope) (notify.Receipt, error) {
			if e.Channel == q.get(id).Place.Channel && !failed {
				failed = true
				return notify.Receipt{}, errors.New("away")
			}
			return notify.Receipt{MessageID: "m1"}, nil
		}}
		var log bytes.Buffer
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		<-time.After(time.Minute)
		stop()
		var way []string
		for line := range strings.Lines(log.String()) {
			var entry struct {
				Msg            string
				Delivery, Move int64
				Message        string
			}
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatal(err)
			}
			if entry.Delivery == id {
				way = append(way, entry.Msg)
				if entry.Move != 7 {
					t.Errorf("%q does not name the move: %s", entry.Msg, line)
				}
			}
		}
		want := []string{
			"a delivery is claimed", "the platform answered", "a message is tried again later",
			"a delivery is claimed", "the platform answered", "a claim ended",
		}
		if !slices.Equal(way, want) {
			t.Errorf("its way is %q, want %q\n%s", way, want, log.String())
		}
	})
}

// TestAnEditCanBeFollowedInTheLog finds, by an edit's own id, each of its steps, the
// delivery whose message it edits and the message.
func TestAnEditCanBeFollowedInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, s := &fakeQueue{}, &fakeSender{}
		id := q.amend(place(store.Discord, 1), 7)
		var log bytes.Buffer
		stop := begin(t, q, map[store.Platform]Sender{store.Discord: s}, Options{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		<-time.After(time.Minute)
		stop()
		type entry struct {
			Msg, Kind, Message    string
			Delivery, Move, Edits int64
		}
		var way []entry
		for line := range strings.Lines(log.String()) {
			var e entry
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			if e.Delivery == id {
				way = append(way, e)
			}
		}
		edits := q.get(id).TargetID
		want := []entry{
			{"a delivery is claimed", "edit", "", id, 7, edits},
			{"the platform answered", "edit", "m0", id, 7, edits},
			{"a claim ended", "edit", "m0", id, 7, edits},
		}
		if !slices.Equal(way, want) {
			t.Errorf("its way is %+v, want %+v\n%s", way, want, log.String())
		}
	})
}
