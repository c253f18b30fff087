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
		edit   bool
	}{
		{
			"a spark reaches those who follow sparks or moves",
			store.Change{Kind: store.ChangeStored, Move: store.Move{Spark: true, OccurredAt: fresh}},
			store.Sparks | store.Moves, false,
		},
		{
			"a plain move reaches those who follow moves",
			store.Change{Kind: store.ChangeStored, Move: store.Move{OccurredAt: fresh}},
			store.Moves, false,
		},
		{
			"a spark turned on later reaches those who follow sparks",
			store.Change{Kind: store.ChangeSparked, Move: store.Move{Spark: true, OccurredAt: fresh}},
			store.Sparks, true,
		},
		{
			"a spark turned on and off again is no news",
			store.Change{Kind: store.ChangeSparked, Move: store.Move{OccurredAt: fresh}},
			none, true,
		},
		{
			"an edit concerns messages already posted",
			store.Change{Kind: store.ChangeEdited, Move: store.Move{Spark: true, OccurredAt: fresh}},
			none, true,
		},
		{
			"a retraction too",
			store.Change{Kind: store.ChangeRetracted, Move: store.Move{OccurredAt: fresh, RetractedAt: noon}},
			none, true,
		},
		{
			"a move retracted before it was told is not told",
			store.Change{Kind: store.ChangeStored, Move: store.Move{Spark: true, OccurredAt: fresh, RetractedAt: noon}},
			none, true,
		},
		{
			"a move of exactly the greatest age is news",
			store.Change{Kind: store.ChangeStored, Move: store.Move{OccurredAt: noon.Add(-DefaultMaxAge)}},
			store.Moves, false,
		},
		{
			"one older is history",
			store.Change{Kind: store.ChangeStored, Move: store.Move{OccurredAt: noon.Add(-DefaultMaxAge - time.Second)}},
			none, false,
		},
		{
			"an old move that becomes a spark is history still, but for the messages that tell of it",
			store.Change{Kind: store.ChangeSparked, Move: store.Move{Spark: true, OccurredAt: noon.AddDate(0, -1, 0)}},
			none, true,
		},
		{
			"what was begun is finished, whatever its age",
			store.Change{Kind: store.ChangeStored, Cursor: 7, Move: store.Move{OccurredAt: noon.AddDate(0, -1, 0)}},
			store.Moves, false,
		},
		{
			"a move dated in the future is news",
			store.Change{Kind: store.ChangeStored, Move: store.Move{OccurredAt: noon.AddDate(0, 1, 0)}},
			store.Moves, false,
		},
		{
			"a move that stands again after a retraction is news, and is no longer struck",
			store.Change{Kind: store.ChangeStored, Move: store.Move{OccurredAt: fresh, Revision: 3}},
			store.Moves, true,
		},
		{
			"a kind from a later version is not guessed at",
			store.Change{Kind: "merged", Move: store.Move{Spark: true, OccurredAt: fresh}},
			none, false,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, edit := Decide(tc.change, noon, DefaultMaxAge)
			if got != tc.want || edit != tc.edit {
				t.Errorf("Decide = %q, %v; want %q, %v", got, edit, tc.want, tc.edit)
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
