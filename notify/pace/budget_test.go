package pace

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// starts notes when requests began.
type starts struct {
	mu  sync.Mutex
	all []time.Time
}

func (s *starts) add() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, time.Now())
}

func (s *starts) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}

// most is the greatest number of starts within any second.
func (s *starts) most() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	most, first := 0, 0
	for i := range s.all {
		for s.all[i].Sub(s.all[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func TestBudgetIsUsedUpAndNeverPassed(t *testing.T) {
	for _, limit := range []int{1, 2, 7, 49} {
		synctest.Test(t, func(t *testing.T) {
			b, s := NewBudget(limit, time.Now), &starts{}
			<-time.After(time.Hour)
			began := time.Now()
			var group sync.WaitGroup
			for range 20 * limit {
				group.Go(func() {
					if err := b.Take(t.Context()); err != nil {
						t.Error(err)
					}
					s.add()
				})
			}
			group.Wait()
			if most := s.most(); most > limit {
				t.Errorf("limit %d: %d began within a second", limit, most)
			}
			ideal := 20 * time.Second
			if took := time.Since(began); took > ideal*105/100 {
				t.Errorf("limit %d: %v, where the platform's own limit takes %v", limit, took, ideal)
			}
		})
	}
}

func TestWhoAsksGoesBeforeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(10, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() { _ = b.Take(ctx) })
		}
		<-time.After(2 * time.Second)
		began := time.Now()
		if err := b.TakeFirst(ctx); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > Window/10 {
			t.Errorf("somebody waited %v behind messages", took)
		}
		cancel()
		group.Wait()
		if err := b.Take(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended takes a turn (%v)", err)
		}
		began = time.Now()
		if err := b.Take(t.Context()); err != nil || time.Since(began) > Window {
			t.Errorf("turns nobody waits for hold others up for %v (%v)", time.Since(began), err)
		}
	})
}

func TestBudgetObeysSharesAndPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, limit := range []int{0, 10} {
			b := NewBudget(limit, time.Now)
			b.SetShare(0, time.Unix(0, 0))
			waited := func() time.Duration {
				began := time.Now()
				if err := b.Take(t.Context()); err != nil {
					t.Fatal(err)
				}
				return time.Since(began)
			}
			time.AfterFunc(3*time.Second, func() { b.SetShare(5, time.Now().Add(time.Second)) })
			if got := waited(); got != 3*time.Second {
				t.Errorf("limit %d: without a share a request waits %v", limit, got)
			}
			<-time.After(2 * time.Second)
			time.AfterFunc(3*time.Second, func() { b.SetShare(5, time.Time{}) })
			if got := waited(); got != 3*time.Second {
				t.Errorf("limit %d: with a share that lapsed a request waits %v", limit, got)
			}
			b.Close(time.Now().Add(time.Minute))
			b.Close(time.Now().Add(time.Second))
			if got := waited(); got != time.Minute {
				t.Errorf("limit %d: a request waits %v of a pause of a minute", limit, got)
			}
		}
	})
}

func TestShareOfOtherLimits(t *testing.T) {
	b := NewBudget(49, time.Now)
	if n, bounded := b.Ahead(10 * time.Second); b.PartOf(50) != 50 || b.Shared() || n != 489 || !bounded {
		t.Errorf("alone: %d of 50, shared %v, %d ahead", b.PartOf(50), b.Shared(), n)
	}
	b.SetShare(16, time.Time{})
	if b.PartOf(50) != 16 || !b.Shared() || b.PartOf(1) != 1 {
		t.Errorf("a third: %d of 50, shared %v, %d of 1", b.PartOf(50), b.Shared(), b.PartOf(1))
	}
	b.SetShare(16, time.Unix(0, 0))
	if n, bounded := b.Ahead(time.Minute); n != 0 || !bounded {
		t.Errorf("with a share that lapsed, %d may begin", n)
	}
	free := NewBudget(0, time.Now)
	if n, bounded := free.Ahead(time.Minute); bounded || free.Shared() {
		t.Errorf("without a bound, %d may begin, shared %v", n, free.Shared())
	}
	free.SetShare(500, time.Time{})
	if free.PartOf(50) != 25 || !free.Shared() {
		t.Errorf("half without a bound: %d of 50", free.PartOf(50))
	}
}

func TestRefusalsAreForgottenAfterTenMinutes(t *testing.T) {
	var r Refusals
	noon := time.Date(2026, 6, 1, 12, 0, 30, 0, time.UTC)
	for i := range 100 {
		r.Note(noon.Add(time.Duration(i) * 3 * time.Second)) // 20 a minute
	}
	now := noon.Add(5 * time.Minute)
	if n, until := r.Over(101, now); n != 100 || !until.IsZero() {
		t.Errorf("%d refusals, over until %v", n, until)
	}
	n, until := r.Over(60, now)
	if n != 100 || until.Before(now) || until.After(noon.Add(14*time.Minute)) {
		t.Errorf("%d refusals, over until %v", n, until)
	}
	if n, again := r.Over(60, until); n >= 60 || !again.IsZero() {
		t.Errorf("%d refusals are left when it was to open, until %v", n, again)
	}
	if n, _ := r.Over(1, noon.Add(time.Hour)); n != 0 {
		t.Errorf("%d refusals are remembered after an hour", n)
	}
}
