package deliver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestThoseWhoBeginTogetherShareADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		begun := time.Now()
		var d deadline
		until := func() context.Context { return d.until(ctx, time.Now().Add(10*time.Second), time.Now()) }
		first := until()
		time.Sleep(100 * time.Millisecond)
		if until() != first {
			t.Error("one that begins a hundredth later has a deadline of its own")
		}
		time.Sleep(time.Millisecond)
		second := until()
		if second == first {
			t.Error("one that begins later would have less time by more than a hundredth")
		}
		if third := d.until(ctx, time.Now().Add(time.Second), time.Now()); third == second {
			t.Error("one that has less time shares the deadline of one that has more")
		}
		<-first.Done()
		if took := time.Since(begun); took != 10*time.Second || !errors.Is(first.Err(), context.DeadlineExceeded) {
			t.Errorf("it ended after %s: %v", took, first.Err())
		}
		last := until()
		cancel()
		if last.Err() == nil || until().Err() == nil {
			t.Error("a deadline outlives its parent")
		}
	})
}
