package velocity

import (
	"testing"
	"time"

	"sparkbot/store"
)

func TestThePastIsReadAsItWasTold(t *testing.T) {
	now := time.Date(2026, 8, 10, 12, 0, 0, 0, time.UTC)
	day := func(ago int) time.Time { return time.Date(2026, 8, 10-ago, 0, 0, 0, 0, time.UTC) }
	moves := []store.Move{
		{ID: 1, SourceURL: "https://a.org/1", OccurredAt: now.AddDate(0, 0, -40), Spark: true},
		{ID: 2, SourceURL: "https://a.org/2", OccurredAt: now.AddDate(0, 0, -10)}, // stored only today
	}
	told := ToldOf([]store.Snapshot{{Day: day(7), Score: 1.5}, {Day: day(9), Score: 1.7}})
	plain := Read(store.Project{}, moves, now)
	r := ReadTold(store.Project{}, moves, told, now)
	if r.Value != plain.Value || r.Change != plain.Value-1.5 || !r.Known || r.Trend != Surging || plain.Trend != Cooling {
		t.Errorf("as told it reads %+v, by the moves %+v", r, plain)
	}
	if got := ReadTold(store.Project{}, moves, nil, now); got != plain {
		t.Errorf("with nothing told it reads %+v, want %+v", got, plain)
	}
	series := Series(moves, day(12), now, 1)
	line := AsTold(series, told, now)
	for i, p := range line {
		want := series[i].Value
		if v, ok := map[time.Time]float64{day(7): 1.5, day(9): 1.7}[p.Day]; ok {
			want = v
		}
		if p.Value != want {
			t.Errorf("%s shows %.2f, want %.2f", p.Day.Format(time.DateOnly), p.Value, want)
		}
	}
	if today := AsTold(series, Told{dayOf(now): 9}, now); today[len(today)-1].Value == 9 {
		t.Error("a day that is not over is shown as told")
	}
	if c, known := Change(moves, told, now, 7); c != r.Change || !known {
		t.Errorf("the change of seven days is %.2f", c)
	}
	if c, known := Change(moves, told, now, 28); c != plain.Value-Score(moves, now.AddDate(0, 0, -28)) || !known {
		t.Errorf("the change of 28 days is %.2f", c)
	}
	if _, known := Change(moves[1:], nil, now, 28); known {
		t.Error("a project that had not moved 28 days ago has a change")
	}
}

func TestSilence(t *testing.T) {
	now := time.Date(2026, 8, 10, 1, 0, 0, 0, time.UTC)
	move := func(id int64, ago time.Duration) store.Move {
		return store.Move{ID: id, SourceURL: "https://a.org/" + string(rune('a'+id)), OccurredAt: now.Add(-ago)}
	}
	taken := move(3, time.Hour)
	taken.RetractedAt = now
	s, any := SilenceOf([]store.Move{move(1, 40*24*time.Hour), move(2, 2*time.Hour), taken, move(4, -time.Hour)}, now)
	if !any || s.Days != 1 || s.Last.ID != 2 || s.Before != 39 {
		t.Errorf("the silence is %+v", s)
	}
	if s, any = SilenceOf([]store.Move{move(1, time.Hour)}, now); !any || s.Before != 0 || s.Days != 0 {
		t.Errorf("after one move it is %+v", s)
	}
	if _, any = SilenceOf([]store.Move{taken}, now); any {
		t.Error("a retracted move breaks the silence")
	}
}
