package momentum

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"sparkbot/notify/velocity"
	"sparkbot/store"
)

var noon = time.Date(2026, 8, 10, 12, 0, 0, 0, time.UTC)

// seen is a project of which the last move came some days ago.
func seen(change float64, silent int) Seen {
	s := Seen{At: noon, Change: change, Moved: true, Trend: velocity.Steady}
	switch {
	case change >= 1.0:
		s.Trend = velocity.Surging
	case change >= 0.3:
		s.Trend = velocity.Rising
	case change <= -0.3:
		s.Trend = velocity.Cooling
	case silent >= 28:
		s.Trend = velocity.Quiet
	}
	s.Silence = velocity.Silence{Days: silent, Before: 41, Last: store.Move{ID: 7, OccurredAt: noon.AddDate(0, 0, -silent).Add(-time.Hour)}}
	return s
}

func TestDecide(t *testing.T) {
	known := store.Momentum{ProjectID: 1, Version: 3}
	quiet, surging := known, known
	quiet.Quiet, surging.Surging = true, true
	told := func(m store.Momentum, ago time.Duration) store.Momentum {
		m.SurgedAt, m.WokeAt, m.QuietAt = noon.Add(-ago), noon.Add(-ago), noon.Add(-ago)
		return m
	}
	young := seen(1.4, 0)
	young.Trend = velocity.New
	bare := Seen{At: noon, Trend: velocity.Quiet}
	for _, tc := range []struct {
		name  string
		was   store.Momentum
		seen  Seen
		turn  store.Turn
		state string // what it is then
	}{
		{"steady stays silent", known, seen(0.2, 3), "", ""},
		{"a surge is told", known, seen(1.0, 1), store.TurnSurging, "surging"},
		{"one just below is none", known, seen(0.999, 1), "", ""},
		{"a surge that goes on is told once", surging, seen(1.8, 0), "", "surging"},
		{"a surge that weakens is one still", surging, seen(0.75, 2), "", "surging"},
		{"and ends below that", surging, seen(0.69, 2), "", ""},
		{"a project under two weeks old is new, not surging", known, young, "", ""},
		{"a surge within seven days of the last is not told", told(known, 6*24*time.Hour), seen(1.2, 0), "", "surging"},
		{"one after seven days is", told(known, 7*24*time.Hour), seen(1.2, 0), store.TurnSurging, "surging"},
		{"a surge by moves of long ago is history", known, seen(1.2, 4), "", "surging"},
		{"silence is told after 28 days", known, seen(-0.1, 28), store.TurnQuiet, "quiet"},
		{"not before", known, seen(-0.1, 27), "", ""},
		{"silence is told though the score still falls", known, seen(-0.5, 28), store.TurnQuiet, "quiet"},
		{"once", quiet, seen(-0.1, 29), "", "quiet"},
		{"not when it began long ago", known, seen(0, 60), "", "quiet"},
		{"not within seven days of the last", told(known, 3*24*time.Hour), seen(0, 28), "", "quiet"},
		{"the first move after a silence wakes", quiet, seen(0.6, 0), store.TurnAwake, ""},
		{"waking with a surge is waking", quiet, seen(2.5, 0), store.TurnAwake, "surging"},
		{"a move of long ago wakes in silence", quiet, seen(0.6, 10), "", ""},
		{"waking is not told twice in seven days", told(quiet, time.Hour), seen(0.6, 0), "", ""},
		{"a project that is seen first alerts nobody, surging", store.Momentum{ProjectID: 1}, seen(3, 0), "", "surging"},
		{"nor quiet", store.Momentum{ProjectID: 1}, seen(0, 30), "", "quiet"},
		{"without any move there is no turn", quiet, bare, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, turning := Decide(tc.was, tc.seen, 72*time.Hour)
			state := ""
			if m.Surging {
				state = "surging"
			}
			if m.Quiet {
				state = "quiet"
			}
			if turning.Turn != tc.turn || state != tc.state {
				t.Errorf("it is %q and tells of %q, want %q and %q", state, turning.Turn, tc.state, tc.turn)
			}
			if turning.Turn == "" {
				return
			}
			if turning.ProjectID != 1 || turning.MoveID != 7 || !turning.At.Equal(noon) || m.Version != tc.was.Version {
				t.Errorf("the turning is %+v of %+v", turning, m)
			}
			if turning.Turn == store.TurnAwake && turning.Silent != 41 || turning.Turn == store.TurnQuiet && turning.Silent != tc.seen.Silence.Days {
				t.Errorf("it tells of %d days", turning.Silent)
			}
		})
	}
}

// life is a project's moves, looked at every few hours for a year.
func life(t *rapid.T) (moves []store.Move, looks []time.Time) {
	begin := noon.AddDate(0, 0, -400)
	at := begin
	for i := range rapid.IntRange(1, 60).Draw(t, "moves") {
		at = at.Add(time.Duration(rapid.IntRange(0, 45*24).Draw(t, "hours between")) * time.Hour)
		moves = append(moves, store.Move{
			ID: int64(i + 1), SourceURL: "https://example.org/" + string(rune('a'+i%26)) + string(rune('a'+i/26)),
			OccurredAt: at, Spark: rapid.Bool().Draw(t, "spark"),
		})
	}
	for at := begin; at.Before(noon); at = at.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "hours to the next look")) * time.Hour) {
		looks = append(looks, at)
	}
	return moves, looks
}

// Whatever a project does and whenever it is looked at, no turn is told twice in
// seven days, a turn is told only of what is true, and between two of a kind
// stands what ended the first.
func TestTurnsDoNotChatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moves, looks := life(t)
		m := store.Momentum{ProjectID: 1}
		last := map[store.Turn]time.Time{}
		calm, spoke := false, false // since the last surge, since the last quiet
		for i, at := range looks {
			s := Look(store.Project{}, moves, at)
			after, turning := Decide(m, s, 72*time.Hour)
			if i == 0 && turning.Turn != "" {
				t.Fatalf("the first look tells of %q", turning.Turn)
			}
			calm = calm || s.Change < calms
			spoke = spoke || s.Silence.Days < quietAfter
			if turn := turning.Turn; turn != "" {
				if was, told := last[turn]; told && at.Sub(was) < restOf {
					t.Fatalf("%s is told at %s and at %s", turn, was, at)
				}
				_, toldBefore := last[turn]
				switch turn {
				case store.TurnSurging:
					if s.Change < surges || toldBefore && !calm {
						t.Fatalf("a surge of %.2f is told, calm since the last: %v", s.Change, calm)
					}
					calm = false
				case store.TurnQuiet:
					if s.Silence.Days < quietAfter || toldBefore && !spoke {
						t.Fatalf("a silence of %d days is told, moved since the last: %v", s.Silence.Days, spoke)
					}
					spoke = false
				case store.TurnAwake:
					if !m.Quiet || at.Sub(s.Silence.Last.OccurredAt) > 72*time.Hour {
						t.Fatalf("waking is told %s after the move, quiet before: %v", at.Sub(s.Silence.Last.OccurredAt), m.Quiet)
					}
				}
				last[turn] = at
			}
			after.Version = 1
			m = after
		}
	})
}

// A score that moves about on the edge turns once.
func TestAScoreOnTheEdgeTurnsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := store.Momentum{ProjectID: 1, Version: 1}
		told := 0
		for i := range rapid.IntRange(2, 200).Draw(t, "looks") {
			s := seen(rapid.Float64Range(calms, 1.3).Draw(t, "change"), 0)
			s.At = noon.Add(time.Duration(i) * 8 * time.Hour)
			s.Silence.Last.OccurredAt = s.At.Add(-time.Hour)
			var turning store.Turning
			if m, turning = Decide(m, s, 72*time.Hour); turning.Turn != "" {
				told++
			}
		}
		if told > 1 {
			t.Fatalf("it turned %d times", told)
		}
	})
}

func TestDue(t *testing.T) {
	moves := []store.Move{{ID: 1, SourceURL: "https://a.org", OccurredAt: noon.AddDate(0, 0, -3), Spark: true}}
	day := func(ago int) time.Time { return time.Date(2026, 8, 10-ago, 0, 0, 0, 0, time.UTC) }
	for _, tc := range []struct {
		name  string
		last  time.Time
		first time.Time
		n     int
	}{
		{"the first time, yesterday's alone", time.Time{}, day(1), 1},
		{"nothing while the day lasts", day(1), time.Time{}, 0},
		{"the day that is over", day(2), day(1), 1},
		{"and those that were missed", day(5), day(4), 4},
		{"of half a year at most", day(900), day(183), 183},
	} {
		t.Run(tc.name, func(t *testing.T) {
			due := Due(1, moves, tc.last, noon)
			if len(due) != tc.n || tc.n > 0 && (!due[0].Day.Equal(tc.first) || !due[tc.n-1].Day.Equal(day(1)) || due[tc.n-1].Filled) {
				t.Fatalf("due are %+v", due)
			}
			for i, s := range due {
				want := velocity.Score(moves, s.Day.Add(24*time.Hour-time.Second))
				if diff := s.Score - want; s.ProjectID != 1 || diff > 1e-9 || diff < -1e-9 || s.Filled != (i < tc.n-1) {
					t.Errorf("%s has %.3f (worked out: %v), want %.3f", s.Day.Format(time.DateOnly), s.Score, s.Filled, want)
				}
			}
		})
	}
}
