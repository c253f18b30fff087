package pulse

import (
	"testing"
	"time"
)

func TestLoopsLookTogether(t *testing.T) {
	noon := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		now         time.Time
		every, want time.Duration
	}{
		{noon, 6 * time.Second, 6 * time.Second},
		{noon.Add(time.Second), 6 * time.Second, 5 * time.Second},
		{noon.Add(time.Second), 2 * time.Second, time.Second},
		{noon.Add(5400 * time.Millisecond), 6 * time.Second, 600 * time.Millisecond},
		{noon.Add(5999 * time.Millisecond), 6 * time.Second, 6001 * time.Millisecond},
		{noon.Add(5999 * time.Millisecond), 2 * time.Second, 2001 * time.Millisecond},
		{noon.Add(time.Second).In(time.FixedZone("", -4321)), 6 * time.Second, 5 * time.Second},
	} {
		if got := Next(c.now, c.every); got != c.want {
			t.Errorf("at %s a loop that looks every %s looks again in %s, want %s", c.now, c.every, got, c.want)
		}
	}
}

func TestTheNextLookIsNeverFarNorNow(t *testing.T) {
	for now, i := time.Unix(1_795_900_000, 7), 0; i < 10_000; i++ {
		now = now.Add(time.Duration(i) * 1_234_567)
		for _, every := range []time.Duration{time.Nanosecond, 7 * time.Millisecond, 2 * time.Second, time.Hour} {
			if got := Next(now, every); got <= 0 || got < every/10 || got > every+every/10 {
				t.Fatalf("at %s a loop that looks every %s looks again in %s", now, every, got)
			}
		}
	}
}
