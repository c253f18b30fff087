package velocity

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the zone of a test must be there on every machine

	"pgregory.net/rapid"

	"sparkbot/store"
)

var today = time.Date(2026, 8, 10, 15, 0, 0, 0, time.UTC)

func move(daysAgo int, spark bool) store.Move {
	at := today.AddDate(0, 0, -daysAgo)
	return store.Move{SourceURL: fmt.Sprintf("https://x.org/%d/%v", daysAgo, spark), Spark: spark, OccurredAt: at}
}

// reference is the example of the contract.
func reference() []store.Move {
	return []store.Move{move(19, true), move(183, true), move(91, false), move(152, false), move(184, false), move(213, false)}
}

func TestReference(t *testing.T) {
	if got := Format(Score(reference(), today)); got != "3.8" {
		t.Errorf("the reference scores %s, want 3.8", got)
	}
}

func TestReadTellsChangeAndTrend(t *testing.T) {
	curated := 7.5
	for _, tc := range []struct {
		name    string
		project store.Project
		moves   []store.Move
		trend   Trend
		change  string
		known   bool
	}{
		{"no move at all", store.Project{}, nil, Quiet, "±0.0", false},
		{"the first move a fortnight old is not new any more", store.Project{}, []store.Move{move(14, false)}, Steady, "▼0.2", true},
		{"the first move 13 days old is new", store.Project{}, []store.Move{move(13, true)}, New, "▼0.4", true},
		{"a first move today has nothing to compare with", store.Project{}, []store.Move{move(0, true)}, New, "▲4.6", false},
		{"a spark after a long silence surges", store.Project{}, append(reference(), move(0, true)), Surging, "▲1.8", true},
		{"a plain move makes it rise", store.Project{}, append(reference(), move(0, false)), Rising, "▲0.5", true},
		{"the reference cools", store.Project{}, reference(), Cooling, "▼0.4", true},
		{"old moves are quiet", store.Project{}, []store.Move{move(300, false)}, Quiet, "±0.0", true},
		{"a move 28 days ago is quiet if the change is small", store.Project{}, []store.Move{move(28, false), move(400, false)}, Quiet, "▼0.2", true},
		{"one 27 days ago is steady", store.Project{}, []store.Move{move(27, false), move(400, false)}, Steady, "▼0.2", true},
		{"a curated value does not enter the change", store.Project{Curated: &curated}, reference(), Cooling, "▼0.4", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := Read(tc.project, tc.moves, today)
			if r.Trend != tc.trend || FormatChange(r.Change) != tc.change || r.Known != tc.known {
				t.Errorf("trend %s, change %s, known %v; want %s, %s, %v", r.Trend, FormatChange(r.Change), r.Known, tc.trend, tc.change, tc.known)
			}
			if tc.project.Curated != nil && (r.Value != curated || !r.Curated) {
				t.Errorf("the curated value shows as %v (%v)", r.Value, r.Curated)
			}
		})
	}
}

func TestFormatChange(t *testing.T) {
	for in, want := range map[float64]string{0: "±0.0", 0.04: "±0.0", -0.04: "±0.0", 0.06: "▲0.1", -0.3: "▼0.3", 1: "▲1.0"} {
		if got := FormatChange(in); got != want {
			t.Errorf("FormatChange(%v) = %s, want %s", in, got, want)
		}
	}
}

func TestTrendTakesTheFirstThatFits(t *testing.T) {
	for _, tc := range []struct {
		name        string
		first, last int // days ago
		change      float64
		want        Trend
	}{
		{"13 days after its first move a project is new, whatever it does", 13, 0, 5, New},
		{"14 days after it is not", 14, 0, 5, Surging},
		{"1.0 up is surging", 100, 0, 1, Surging},
		{"a hair less is rising, though it reads ▲1.0", 100, 0, 0.9999, Rising},
		{"0.3 up is rising", 100, 0, 0.3, Rising},
		{"a hair less is steady, though it reads ▲0.3", 100, 0, 0.2999, Steady},
		{"0.3 down is cooling", 100, 0, -0.3, Cooling},
		{"a hair less is steady, though it reads ▼0.3", 100, 0, -0.2999, Steady},
		{"28 days of silence are quiet", 100, 28, -0.2, Quiet},
		{"27 are not", 100, 27, -0.2, Steady},
		{"who cools is not called quiet yet", 100, 28, -0.3, Cooling},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := trend(map[int]float64{1000 - tc.first: 1, 1000 - tc.last: 1}, 1000, tc.change); got != tc.want {
				t.Errorf("trend %s, want %s", got, tc.want)
			}
		})
	}
}

func TestWhatDoesNotCount(t *testing.T) {
	kept := move(5, true)
	retracted, future, again, atOnce := kept, kept, kept, kept
	retracted.SourceURL, retracted.RetractedAt = "https://x.org/retracted", today
	future.SourceURL, future.OccurredAt = "https://x.org/future", today.Add(time.Second)
	again.ID, again.OccurredAt = 2, today
	atOnce.ID, atOnce.Spark = 3, false
	want := Score([]store.Move{kept}, today)
	for name, other := range map[string]store.Move{
		"a retracted move": retracted, "a move of the future": future,
		"the same source told again later": again, "the same source told at once as no spark": atOnce,
	} {
		t.Run(name, func(t *testing.T) {
			for _, moves := range [][]store.Move{{kept, other}, {other, kept}} {
				if got := Score(moves, today); got != want {
					t.Errorf("with it the score is %v, without it %v", got, want)
				}
			}
		})
	}
	early := again
	early.OccurredAt, early.Spark = today.AddDate(0, 0, -40), false
	if got, want := Score([]store.Move{kept, early}, today), Score([]store.Move{early}, today); got != want {
		t.Errorf("a spark told 35 days after the same source scores %v, want the first telling's %v", got, want)
	}
}

// TestChangeKnowsNoClockChange reads a week in which Berlin's clocks went back:
// seven days ago there is not seven days ago in UTC.
func TestChangeKnowsNoClockChange(t *testing.T) {
	at := time.Date(2026, 10, 26, 0, 30, 0, 0, time.UTC)
	moves := []store.Move{{SourceURL: "https://x.org", Spark: true, OccurredAt: at.AddDate(0, 0, -7).Add(-20 * time.Minute)}}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if utc, local := Read(store.Project{}, moves, at), Read(store.Project{}, moves, at.In(berlin)); utc != local {
		t.Errorf("the reading is %+v in UTC and %+v in Berlin", utc, local)
	}
}

// someMoves draws moves around today, some of one source, some retracted.
func someMoves(t *rapid.T) []store.Move {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) store.Move {
		m := store.Move{
			ID:         rapid.Int64Range(1, 1000).Draw(t, "id"),
			SourceURL:  fmt.Sprint("https://x.org/", rapid.IntRange(0, 60).Draw(t, "source")),
			Spark:      rapid.Bool().Draw(t, "spark"),
			OccurredAt: today.Add(-time.Duration(rapid.IntRange(-2000, 12000).Draw(t, "hours")) * time.Hour),
		}
		if rapid.IntRange(0, 9).Draw(t, "retracted") == 0 {
			m.RetractedAt = today
		}
		return m
	}), 0, 40).Draw(t, "moves")
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moves := someMoves(t)
		v := Score(moves, today)
		if !(v >= 0 && v < Max) {
			t.Fatalf("velocity %v", v)
		}
		if shuffled := Score(rapid.Permutation(moves).Draw(t, "order"), today); shuffled != v {
			t.Fatalf("in another order %v becomes %v", v, shuffled)
		}
		var past []store.Move
		for _, m := range moves {
			if !m.OccurredAt.After(today) {
				past = append(past, m)
			}
		}
		later := today.AddDate(0, 0, rapid.IntRange(0, 400).Draw(t, "days"))
		if Score(past, today) != v || Score(past, later) > v {
			t.Fatalf("without a move %v becomes %v", v, Score(past, later))
		}
		more := move(rapid.IntRange(0, 400).Draw(t, "daysAgo"), rapid.Bool().Draw(t, "spark"))
		if with := Score(append(slices.Clone(moves), more), today); with < v || with >= Max {
			t.Fatalf("one more move makes %v of %v", with, v)
		}
		if twice := Score(append(slices.Clone(moves), moves...), today); twice != v {
			t.Fatalf("every source told twice makes %v of %v", twice, v)
		}
	})
}

func TestABurstIsDamped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 50).Draw(t, "moves")
		spread, burst := make([]store.Move, n), make([]store.Move, n)
		for i := range n {
			spread[i], burst[i] = move(i, false), move(0, false)
			burst[i].SourceURL = fmt.Sprint("https://x.org/", i)
		}
		// All of today's moves together weigh the root of their number.
		want := Max * math.Sqrt(float64(n)) / (math.Sqrt(float64(n)) + middle)
		if got := Score(burst, today); math.Abs(got-want) > 1e-9 {
			t.Fatalf("%d moves in a day score %v, want %v", n, got, want)
		}
		if n <= 30 && Score(burst, today) >= Score(spread, today) {
			t.Fatalf("%d moves in a day score %v, a day apart %v", n, Score(burst, today), Score(spread, today))
		}
	})
}

func TestSeriesIsEachDayAsItStood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moves := someMoves(t)
		every := rapid.IntRange(1, 8).Draw(t, "every")
		points := Series(moves, today.AddDate(0, 0, -180), today, every)
		if last := points[len(points)-1].Day; dayOf(last) != dayOf(today) || len(points) != 180/every+1 {
			t.Fatalf("%d points, the last on %s", len(points), last)
		}
		for _, p := range points {
			if want := Score(moves, endOf(dayOf(p.Day))); math.Abs(p.Value-want) > 1e-9 {
				t.Fatalf("on %s the series says %v, the score %v", p.Day, p.Value, want)
			}
		}
	})
	if points := Series(reference(), today, today.AddDate(0, 0, -1), 1); points != nil {
		t.Errorf("a series that ends before it begins has %d points", len(points))
	}
}

func TestWhy(t *testing.T) {
	why := Why(reference(), today, 3)
	if len(why.Top) != 3 || !why.Top[0].Move.Spark || !why.Top[0].Move.OccurredAt.Equal(today.AddDate(0, 0, -19)) {
		t.Fatalf("the move that gives most is %+v", why.Top)
	}
	if want := Score(reference(), today.AddDate(0, 0, 7)); math.Abs(why.NextWeek-want) > 1e-9 {
		t.Errorf("next week is %v, want %v", why.NextWeek, want)
	}
	if top := Why(reference(), today, -1).Top; len(top) != 0 {
		t.Errorf("asked for none, it names %d", len(top))
	}
	rapid.Check(t, func(t *rapid.T) {
		moves := someMoves(t)
		for _, c := range Why(moves, today, 100).Top {
			rest := slices.DeleteFunc(slices.Clone(moves), func(m store.Move) bool { return m.SourceURL == c.Move.SourceURL })
			if want := Score(moves, today) - Score(rest, today); math.Abs(c.Points-want) > 1e-9 {
				t.Fatalf("%s gives %v, without it %v is lost", c.Move.SourceURL, c.Points, want)
			}
		}
	})
}

// BenchmarkSeries draws half a year of weekly points from as many moves as a busy
// store holds of all its projects.
func BenchmarkSeries(b *testing.B) {
	moves := make([]store.Move, 736)
	for i := range moves {
		moves[i] = move(i/2, i%5 == 0)
		moves[i].SourceURL = fmt.Sprint("https://x.org/", i)
	}
	for b.Loop() {
		Series(moves, today.AddDate(0, 0, -25*7), today, 7)
	}
}
