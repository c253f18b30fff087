package deliver

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sparkbot/notify"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

func TestMain(m *testing.M) {
	code := storetest.Main(m)
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// unthrottled lets a test post to Slack as fast as it can.
var unthrottled = map[store.Platform]Limit{store.Slack: {}}

// working runs n workers over w that share a sender, and gives the claims that
// ended and a function that ends the workers.
func working(w *storetest.World, n int, s *fakeSender) (events <-chan Event, stop func()) {
	ctx, cancel := context.WithCancel(w.T.Context())
	all := make(chan Event, 10_000)
	var workers sync.WaitGroup
	for range n {
		workers.Go(func() {
			o := Options{
				Now: time.Now, Log: storetest.Log(w.T), Limits: unthrottled, Poll: 20 * time.Millisecond,
				Sent: func(e Event) { all <- e },
			}
			if err := New(w.DB, w.DB, map[store.Platform]Sender{store.Slack: s}, o).Run(ctx, nil); err != nil {
				w.T.Error(err)
			}
		})
	}
	return all, func() { cancel(); workers.Wait() }
}

// until gives the next claim that ended with the outcome.
func until(w *storetest.World, events <-chan Event, o store.Outcome) Event {
	w.T.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case e := <-events:
			if e.Settlement.Outcome == o {
				return e
			}
		case <-late:
			w.T.Fatalf("no claim ended as %s", o)
		}
	}
}

func TestTwoWorkersOnOneDatabaseSendEachMessageOnceAndInOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		const places, moves = 25, 6
		w := storetest.NewWorld(t, url)
		w.Project("session", "COMMS")
		for i := range places {
			w.Place(fmt.Sprintf("C%d", i), store.Moves, storetest.Everything)
		}
		for i := range moves {
			w.Move("session", fmt.Sprint("move ", i))
		}
		if n := w.Tell(store.Moves); n != places*moves {
			t.Fatalf("%d deliveries are owed", n)
		}
		s := &fakeSender{latency: time.Millisecond}
		events, stop := working(w, 2, s)
		for range places * moves {
			until(w, events, store.OutcomeSent)
		}
		stop()
		nonces := map[string]bool{}
		for i := range places {
			var said []string
			for _, p := range s.sent(fmt.Sprintf("C%d", i)) {
				said = append(said, p.text)
				nonces[p.nonce] = true
			}
			if len(said) != moves || !slices.IsSorted(said) {
				t.Errorf("C%d heard %q", i, said)
			}
		}
		if len(nonces) != places*moves {
			t.Errorf("%d messages have %d nonces", places*moves, len(nonces))
		}
	})
}

func TestAMuteEndedByHandLetsGoWhatItHeld(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		w.Project("session", "COMMS")
		p := w.Place("C1", store.Moves, storetest.Everything)
		if err := w.DB.SetMute(t.Context(), store.Mute{PlaceID: p.ID, Until: w.Now.Add(time.Hour), CatchUp: true}); err != nil {
			t.Fatal(err)
		}
		w.Move("session", "funding is back")
		w.Tell(store.Moves)
		s := &fakeSender{}
		events, stop := working(w, 1, s)
		until(w, events, store.OutcomeHeld)
		if _, err := w.DB.ClearMutes(t.Context(), p.ID, time.Now()); err != nil {
			t.Fatal(err)
		}
		until(w, events, store.OutcomeSent)
		stop()
		if n := len(s.sent("C1")); n != 1 {
			t.Errorf("%d posts", n)
		}
	})
}

func TestFailuresAreKeptWithTheirReason(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		w.Project("session", "COMMS")
		answers := map[string]error{
			"gone":    &notify.Failure{Kind: notify.Gone, Reason: "the channel was deleted"},
			"refused": &notify.Failure{Kind: notify.Permanent, Reason: "the message was \x00 refused \xff"},
			"flaky":   &notify.Failure{Reason: "502 Bad Gateway"},
		}
		places := map[string]store.Place{}
		for channel := range answers {
			places[channel] = w.Place(channel, store.Moves, storetest.Everything)
		}
		w.Move("session", "one")
		w.Move("session", "two")
		w.Tell(store.Moves)
		var mu sync.Mutex
		tried := map[string]int{}
		s := &fakeSender{answer: func(_ context.Context, e notify.Envelope) (notify.Receipt, error) {
			mu.Lock()
			defer mu.Unlock()
			if tried[e.Channel]++; e.Channel == "flaky" && tried["flaky"] > 1 {
				return notify.Receipt{MessageID: "m"}, nil
			}
			return notify.Receipt{}, answers[e.Channel]
		}}
		events, stop := working(w, 1, s)
		until(w, events, store.OutcomeSent)
		until(w, events, store.OutcomeSent)
		stop()
		for channel, want := range map[string][]string{
			"gone":    {"held 1: the place is gone: the channel was deleted", "held 0: the place is gone: the channel was deleted"},
			"refused": {"failed 1: the message was  refused \uFFFD", "failed 1: the message was  refused \uFFFD"},
			"flaky":   {"sent 2: ", "sent 1: "},
		} {
			deliveries, err := w.DB.Deliveries(t.Context(), places[channel].ID, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range slices.Backward(deliveries) {
				got = append(got, fmt.Sprintf("%s %d: %s", d.State, d.Attempt, d.Reason))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", channel, got, want)
			}
		}
		p, err := w.DB.PlaceAt(t.Context(), store.Slack, "T1", "gone")
		if err != nil || !p.Disabled() || p.DisabledReason != "the channel was deleted" {
			t.Errorf("the place that is gone is %+v (%v)", p, err)
		}
	})
}

// TestAMoveIsEditedWhereItWasPosted has another program change a move, and take it
// back, after it was posted.
func TestAMoveIsEditedWhereItWasPosted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		w.Project("session", "COMMS")
		w.Place("C1", store.Moves, storetest.Everything)
		w.Move("session", "move 1")
		w.Tell(store.Moves)
		s := &fakeSender{encode: whole}
		events, stop := working(w, 2, s)
		defer stop()
		until(w, events, store.OutcomeSent)
		w.MustExec("UPDATE moves SET title = 'a better title'")
		w.MustExec("UPDATE moves SET title = 'the best title'")
		w.Retell(store.NoEvents)
		until(w, events, store.OutcomeSent)
		w.MustExec("UPDATE moves SET retracted_at = $1", w.Now.Format(time.RFC3339))
		w.Retell(store.NoEvents)
		until(w, events, store.OutcomeSent)
		var said []string
		for _, e := range s.edited() {
			said = append(said, e.message+" "+e.text)
		}
		want := []string{"m1 Session: the best title", "m1 Retracted: Session: the best title"}
		if !slices.Equal(said, want) || len(s.sent("")) != 1 {
			t.Errorf("the edits are %q, want %q", said, want)
		}
	})
}
