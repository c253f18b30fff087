package fanout

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"sparkbot/store"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func TestDecide(t *testing.T) {
	const none = store.NoEvents
	fresh := noon.Add(-time.Hour)
	for _, tc := range []struct {
		name   string
		change store.Change
		want   store.Events
	}{
		{
			"a spark reaches those who follow sparks or moves",
			store.Change{Kind: store.ChangeStored, Move: store.Move{Spark: true, OccurredAt: fresh}},
			store.Sparks | store.Moves,
		},
		{
			"a plain move reaches those who follow moves",
			store.Change{Kind: store.ChangeStored, Move: store.Move{OccurredAt: fresh}},
			store.Moves,
		},
		{
			"a spark turned on later reaches those who follow sparks",
			store.Change{Kind: store.ChangeSparked, Move: store.Move{Spark: true, OccurredAt: fresh}},
			store.Sparks,
		},
		{
			"a spark turned on and off again is nothing",
			store.Change{Kind: store.ChangeSparked, Move: store.Move{OccurredAt: fresh}},
			none,
		},
		{
			"an edit concerns messages already posted",
			store.Change{Kind: store.ChangeEdited, Move: store.Move{Spark: true, OccurredAt: fresh}},
			none,
		},
		{
			"a retraction too",
			store.Change{Kind: store.ChangeRetracted, Move: store.Move{OccurredAt: fresh, RetractedAt: noon}},
			none,
		},
		{
			"a move retracted before it was told is not told",
			store.Change{Kind: store.ChangeStored, Move: store.Move{Spark: true, OccurredAt: fresh, RetractedAt: noon}},
			none,
		},
		{
			"a move of exactly the greatest age is news",
			store.Change{Kind: store.ChangeStored, Move: store.Move{OccurredAt: noon.Add(-DefaultMaxAge)}},
			store.Moves,
		},
		{
			"one older is history",
			store.Change{Kind: store.ChangeStored, Move: store.Move{OccurredAt: noon.Add(-DefaultMaxAge - time.Second)}},
			none,
		},
		{
			"an old move that becomes a spark is history still",
			store.Change{Kind: store.ChangeSparked, Move: store.Move{Spark: true, OccurredAt: noon.AddDate(0, -1, 0)}},
			none,
		},
		{
			"what was begun is finished, whatever its age",
			store.Change{Kind: store.ChangeStored, Cursor: 7, Move: store.Move{OccurredAt: noon.AddDate(0, -1, 0)}},
			store.Moves,
		},
		{
			"a move dated in the future is news",
			store.Change{Kind: store.ChangeStored, Move: store.Move{OccurredAt: noon.AddDate(0, 1, 0)}},
			store.Moves,
		},
		{
			"a kind from a later version is not guessed at",
			store.Change{Kind: "merged", Move: store.Move{Spark: true, OccurredAt: fresh}},
			none,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, tell := Decide(tc.change, noon, DefaultMaxAge)
			if got != tc.want || tell != (tc.want != none) {
				t.Errorf("Decide = %q, %v; want %q", got, tell, tc.want)
			}
		})
	}
}

func TestPauseDoublesUpToFiveSeconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		failures := rapid.IntRange(1, 1_000_000).Draw(t, "failures")
		chance := rapid.Float64Range(0, 0.999_999).Draw(t, "chance")
		got := Pause(failures, chance)
		if got < firstPause/2 || got > lastPause {
			t.Fatalf("Pause(%d, %v) = %v", failures, chance, got)
		}
		if failures > 5 && got < lastPause/2 {
			t.Fatalf("Pause(%d, %v) = %v is shorter than half of the longest", failures, chance, got)
		}
	})
	if got := Pause(1, 0.999_999); got > firstPause {
		t.Errorf("the first pause may be %v", got)
	}
}
