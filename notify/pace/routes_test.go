package pace

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestRoutes(t *testing.T) {
	const post, edit = "POST /channels/messages", "PATCH /channels/messages"
	r := NewRoutes()
	if d := r.Take(post, "1", noon); d != 0 {
		t.Errorf("a route of which nothing is known asks to wait %v", d)
	}
	r.Hear(post, "1", Heard{Bucket: "a", Left: 1, Reset: 5 * time.Second}, noon)
	for _, step := range []struct {
		what, route, place string
		at, want           time.Duration
	}{
		{"the one that is left", post, "1", 0, 0},
		{"none is left", post, "1", time.Second, 4 * time.Second},
		{"another place", post, "2", time.Second, 0},
		{"another route", edit, "1", time.Second, 0},
		{"after the reset", post, "1", 5 * time.Second, 0},
	} {
		if got := r.Take(step.route, step.place, noon.Add(step.at)); got != step.want {
			t.Errorf("%s: waits %v, want %v", step.what, got, step.want)
		}
	}
	later := noon.Add(time.Minute)
	r.Hear(edit, "1", Heard{Bucket: "a", Left: 0, Reset: 3 * time.Second}, later)
	if got := r.Take(post, "1", later); got != 3*time.Second {
		t.Errorf("a route of the same bucket waits %v, want 3s", got)
	}
	r.Hear(post, "1", Heard{Bucket: "a", Left: 4, Reset: 3 * time.Second}, later)
	if got := r.Take(post, "1", later); got != 3*time.Second {
		t.Errorf("an answer that was overtaken opens the route; it waits %v", got)
	}
}

func TestTurnsAreSpread(t *testing.T) {
	turns, rate := NewTurns(), Rate{N: 50, Per: time.Minute}
	var later []time.Time
	for i := range 200 {
		if at := turns.Take("T1 chat.update", fmt.Sprint(i), rate, noon); at.After(noon) {
			later = append(later, at)
		}
	}
	if len(later) != 150 || !later[149].Equal(noon.Add(3*time.Minute)) {
		t.Fatalf("%d of 200 wait, the last until %v", len(later), later[len(later)-1].Sub(noon))
	}
	if at := turns.Take("T1 chat.update", "199", rate, noon.Add(time.Minute)); !at.Equal(noon.Add(3 * time.Minute)) {
		t.Errorf("who comes back early is told %v", at.Sub(noon))
	}
	back := noon.Add(3 * time.Minute)
	if at := turns.Take("T1 chat.update", "199", rate, back); at.After(back) {
		t.Errorf("who comes back in time is told %v", at.Sub(noon))
	}
	if at := turns.Take("T2 chat.update", "199", rate, noon); at.After(noon) {
		t.Errorf("another workspace waits until %v", at.Sub(noon))
	}
}

func TestRefusalsNameTheirScope(t *testing.T) {
	turns, rate := NewTurns(), Rate{Per: time.Minute, Wary: 2}
	in := noon.Add
	if turns.Refuse("T1 post", "C1", in(30*time.Second), noon) {
		t.Error("one channel's refusal is taken for the workspace's")
	}
	if at := turns.Take("T1 post", "C2", rate, noon); at.After(noon) {
		t.Error("one channel's refusal holds up another")
	}
	if !turns.Refuse("T1 post", "C2", in(time.Hour), in(time.Second)) {
		t.Error("two channels' refusals are not taken for the workspace's")
	}
	if at := turns.Take("T1 post", "C3", rate, in(time.Minute)); !at.Equal(in(time.Hour)) {
		t.Errorf("the workspace waits until %v", at.Sub(noon))
	}
	if at := turns.Take("T2 post", "C4", rate, in(time.Minute)); at.After(in(time.Minute)) {
		t.Error("one workspace's refusal holds up another")
	}
	turns.Close("T1 post", in(2*time.Hour), in(2*time.Hour))
	for i, want := range []time.Duration{0, 0, time.Minute, time.Minute} {
		if at := turns.Take("T1 post", fmt.Sprint("D", i), rate, in(2*time.Hour)); !at.Equal(in(2*time.Hour + want)) {
			t.Errorf("after a refusal, post %d may begin after %v", i, at.Sub(in(2*time.Hour)))
		}
	}
	if at := turns.Take("T1 post", "E", rate, in(3*time.Hour)); at.After(in(3 * time.Hour)) {
		t.Error("the care does not end")
	}
}

// TestTurnsFollowAShareThatGrows has a process come up beside the share of one
// that died: forty ask, of whom one may at first. Once the share is whole nobody
// waits for a turn that was given by the small one.
func TestTurnsFollowAShareThatGrows(t *testing.T) {
	turns, small, now := NewTurns(), Rate{N: 1, Per: time.Minute, Soon: 10 * time.Second}, noon
	waiting := 0
	for i := range 40 {
		switch at := turns.Take("s", fmt.Sprint(i), small, now); {
		case at.Equal(now.Add(small.Soon)):
			waiting++
		case at.After(now):
			t.Fatalf("%d waits until %v", i, at.Sub(noon))
		}
	}
	if waiting != 39 {
		t.Fatalf("%d of 40 wait, want all but one", waiting)
	}
	now = now.Add(small.Soon)
	whole, began := Rate{N: 25, Per: time.Minute}, 0
	for i := 1; i < 40; i++ {
		if at := turns.Take("s", fmt.Sprint(i), whole, now); !at.After(now) {
			began++
		} else if at.After(noon.Add(time.Minute + small.Soon)) {
			t.Errorf("%d waits until %v", i, at.Sub(noon))
		}
	}
	if began != 24 {
		t.Errorf("%d begin, want 24: with the one before that is the whole minute's", began)
	}
}

// TestTurnsNeverPassTheRate lets places come, wait and come back at random.
func TestTurnsNeverPassTheRate(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		turns, now := NewTurns(), noon
		rate := Rate{N: rapid.IntRange(1, 5).Draw(r, "n"), Per: time.Minute, Soon: time.Duration(rapid.IntRange(0, 20).Draw(r, "soon")) * time.Second}
		due := map[string]time.Time{}
		var began []time.Time
		for range 200 {
			now = now.Add(time.Duration(rapid.IntRange(0, 30).Draw(r, "seconds")) * time.Second)
			place := fmt.Sprint(rapid.IntRange(0, 9).Draw(r, "place"))
			if due[place].After(now) {
				continue
			}
			if due[place] = turns.Take("s", place, rate, now); !due[place].After(now) {
				began = append(began, now)
			}
		}
		for i := range began {
			if j := i + 2*rate.N; j < len(began) && began[j].Sub(began[i]) < rate.Per {
				t.Fatalf("%d began within %v", 2*rate.N+1, began[j].Sub(began[i]))
			}
		}
	})
}

func TestWhatIsOverIsForgotten(t *testing.T) {
	r, turns := NewRoutes(), NewTurns()
	for i := range 10 * fewest {
		now := noon.Add(time.Duration(i) * 10 * time.Millisecond)
		r.Hear("post", fmt.Sprint(i), Heard{Left: 4, Reset: 5 * time.Second}, now)
		turns.Refuse(fmt.Sprint(i), "C", now.Add(5*time.Second), now)
		if len(r.buckets) > 2*fewest || len(turns.scopes) > 2*fewest {
			t.Fatalf("%d routes and %d scopes are remembered, of which 500 still count", len(r.buckets), len(turns.scopes))
		}
	}
	r.Sweep(noon.Add(time.Hour))
	turns.Sweep(noon.Add(time.Hour))
	if len(r.buckets)+len(turns.scopes) != 0 {
		t.Errorf("%d routes and %d scopes are remembered for ever", len(r.buckets), len(turns.scopes))
	}
}

func TestASecondRequestNeedsNoTurnOfItsOwn(t *testing.T) {
	turns, rate := NewTurns(), Rate{N: 1, Per: time.Minute, Again: 10 * time.Second}
	for _, step := range []struct {
		place    string
		at, want time.Duration
	}{
		{"1", 0, 0},
		{"2", time.Second, time.Minute},
		{"1", 2 * time.Second, 2 * time.Second}, // once more
		{"1", 3 * time.Second, 2 * time.Minute}, // and a third time in its turn
		{"2", time.Minute, time.Minute},
		{"2", time.Minute + 2*time.Second, time.Minute + 2*time.Second},
		{"1", 2 * time.Minute, 2 * time.Minute},
	} {
		if at := turns.Take("s", step.place, rate, noon.Add(step.at)); !at.Equal(noon.Add(step.want)) {
			t.Errorf("%s at %v may begin at %v, want %v", step.place, step.at, at.Sub(noon), step.want)
		}
	}
}
