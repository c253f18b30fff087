package digest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sparkbot/notify/velocity"
	"sparkbot/store"
)

var monday = time.Date(2026, time.August, 10, 9, 0, 0, 0, time.UTC)

// TestRankedBySizeThenVelocityThenName holds the order to what a reader sees, for
// any projects and any subscriptions.
func TestRankedBySizeThenVelocityThenName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := window{begin: monday.AddDate(0, 0, -7), end: monday, first: true}
		var projects []store.Project
		pulse, news := map[int64][]store.Move{}, map[int64][]store.Move{}
		for i := range rapid.IntRange(0, 40).Draw(t, "projects") {
			id := int64(i + 1)
			projects = append(projects, store.Project{
				ID: id, Slug: fmt.Sprint("p-", i), Name: rapid.SampledFrom([]string{"A", "b", "C"}).Draw(t, "name"), Category: rapid.SampledFrom([]string{"X", "Y"}).Draw(t, "category"),
				Prediction: rapid.SampledFrom([]string{"", "It goes on."}).Draw(t, "prediction"),
			})
			for n := range rapid.IntRange(0, 6).Draw(t, "moves") {
				m := store.Move{
					ID: id*100 + int64(n), ProjectID: id, Title: "A move", SourceURL: fmt.Sprint("https://x.org/", id, n), Spark: rapid.Bool().Draw(t, "spark"),
					OccurredAt: monday.Add(-time.Duration(rapid.IntRange(0, 3000).Draw(t, "hours")) * time.Hour),
				}
				pulse[id] = append(pulse[id], m)
				if !m.OccurredAt.Before(w.begin) {
					news[id] = append(news[id], m)
				}
			}
		}
		f := newFacts(projects, pulse, news, nil, w)
		except := fmt.Sprint("p-", rapid.IntRange(0, 40).Draw(t, "except"))
		week := f.rank(store.Edition{Begin: w.begin, End: w.end}, []store.Follow{{Kind: store.TargetCategory, Value: "x", Except: []string{except}}})
		for i, m := range week.Ranked {
			if m.Project.Category != "X" || m.Project.Slug == except {
				t.Fatalf("%s is told and not followed", m.Project.Slug)
			}
			if i == 0 {
				continue
			}
			before := week.Ranked[i-1]
			a, b := size(before.Reading), size(m.Reading)
			va, vb := tenths(before.Reading.Value), tenths(m.Reading.Value)
			if a < b || a == b && va < vb || a == b && va == vb && strings.ToLower(before.Project.Name) > strings.ToLower(m.Project.Name) {
				t.Fatalf("%+v stands before %+v", before.Reading, m.Reading)
			}
		}
		moves := 0
		for _, p := range projects {
			if p.Category == "X" && p.Slug != except {
				moves += len(news[p.ID])
			}
		}
		if week.Moves != moves || week.Empty() != (moves == 0) || week.Watch != nil && week.Watch.Prediction == "" {
			t.Fatalf("%d moves are told of %d, watched is %+v", week.Moves, moves, week.Watch)
		}
		up, down, began := week.Leading()
		if n := len(up) + len(down) + len(began); n > Shown || len(began) > fresh {
			t.Fatalf("%d lead, %d of them new", n, len(began))
		}
		for _, m := range append(up, down...) {
			if !m.Reading.Known || velocity.FormatChange(m.Reading.Change) == "±0.0" {
				t.Fatalf("%+v leads", m.Reading)
			}
		}
		for _, q := range week.Quiet {
			if len(news[q.ID]) > 0 {
				t.Fatalf("%s moved and is called quiet", q.Slug)
			}
		}
	})
}

func TestTheMoveThatGaveMostIsOfThisWeek(t *testing.T) {
	w := window{begin: monday.AddDate(0, 0, -7), end: monday}
	old := store.Move{ID: 1, SourceURL: "https://x.org/1", Spark: true, OccurredAt: monday.AddDate(0, 0, -9)}
	small := store.Move{ID: 2, Title: "small", SourceURL: "https://x.org/2", OccurredAt: monday.AddDate(0, 0, -2)}
	ahead := store.Move{ID: 3, Title: "ahead", SourceURL: "https://x.org/3", Spark: true, OccurredAt: monday.AddDate(0, 0, 3)}
	e := newEntry(store.Project{}, []store.Move{old, small, ahead}, []store.Move{ahead, small}, nil, w)
	if e.mover.Top.Move.ID != 2 || e.mover.Top.Points <= 0 || e.moves != 2 || len(e.sparks) != 1 || e.sparks[0].Points != 0 {
		t.Errorf("the entry is %+v", e)
	}
	if quiet := newEntry(store.Project{}, []store.Move{old}, nil, nil, w); quiet.mover.Top.Move.ID != 1 {
		t.Errorf("in a week without a move the strongest is %+v", quiet.mover.Top)
	}
}

func TestUsualIsOfTwelveWeeks(t *testing.T) {
	w := window{begin: monday.AddDate(0, 0, -7), end: monday}
	var moves []store.Move
	for week := range 20 {
		for n := range 3 {
			moves = append(moves, store.Move{SourceURL: fmt.Sprint("https://x.org/", week, n), OccurredAt: monday.AddDate(0, 0, -7*week-1)})
		}
	}
	for what, tc := range map[string]struct {
		moves []store.Move
		begin time.Time
		want  float64
	}{
		"three a week":               {moves, w.begin, 3},
		"in two weeks six":           {moves, monday.AddDate(0, 0, -14), 6},
		"known for too short a time": {moves[:30], w.begin, -1},
		"no move at all":             {nil, w.begin, -1},
	} {
		v := w
		v.begin = tc.begin
		f := newFacts([]store.Project{{ID: 1, Slug: "p"}}, map[int64][]store.Move{1: tc.moves}, nil, nil, v)
		got := f.rank(store.Edition{Begin: v.begin, End: v.end}, []store.Follow{{Kind: store.TargetProject, Value: "p"}}).Usual
		if math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s: usual are %v, want %v", what, got, tc.want)
		}
	}
}
