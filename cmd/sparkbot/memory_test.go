package main

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheMemoryLimitFitsWhatIsInUse(t *testing.T) {
	const mb = 1 << 20
	for _, tc := range []struct {
		live, asked uint64
		want        int64
	}{
		{0, 0, 24 * mb},
		{8 * mb, many - 1, 24 * mb},
		{9 * mb, 0, 26 * mb},
		{9 * mb, many, 40 * mb},
		{100 * mb, 0, 162 * mb},
		{100 * mb, many, 162 * mb},
		{1000 * mb, 0, 1512 * mb},
	} {
		if got := memoryLimit(smallMemoryOnSQLite, tc.live, tc.asked); got != tc.want {
			t.Errorf("with %d MB in use the limit is %d MB, want %d", tc.live/mb, got/mb, tc.want/mb)
		}
	}
}

func TestTheCollectorIsLeftToWhoeverSetIt(t *testing.T) {
	for _, tc := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, true},
		{map[string]string{"GOGC": "100"}, false},
		{map[string]string{"GOGC": "off"}, false},
		{map[string]string{"GOMEMLIMIT": "1GiB"}, false},
	} {
		if got := ownCollector(func(name string) string { return tc.env[name] }); got != tc.want {
			t.Errorf("%v: ours %v, want %v", tc.env, got, tc.want)
		}
	}
}

func TestTheLimitFollowsTheHeap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var live, asked atomic.Uint64
		var limits []int64
		ctx, cancel := context.WithCancel(t.Context())
		collected := make(chan struct{}, 1)
		go followHeap(ctx, smallMemoryOnSQLite, collected, live.Load, asked.Load, func(limit int64) { limits = append(limits, limit>>20) })
		synctest.Wait()
		for _, mb := range []uint64{5, 6, 40, 43, 7} {
			live.Store(mb << 20)
			collected <- struct{}{}
			time.Sleep(time.Second)
			synctest.Wait()
		}
		asked.Add(500) // nobody collects
		time.Sleep(time.Hour)
		for _, n := range []uint64{500, 5, 4, 0} { // questions in a quarter of a second each
			collected <- struct{}{}
			synctest.Wait()
			asked.Add(n)
			time.Sleep(counting)
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		if want := []int64{24, 72, 78, 24, 40, 24}; !slices.Equal(limits, want) {
			t.Errorf("the limits are %v MB, want %v", limits, want)
		}
	})
}

func TestCollectionsAreToldOf(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := collections(ctx)
	for range 3 {
		runtime.GC()
		<-told
	}
}

func TestTheLiveHeapIsKnown(t *testing.T) {
	runtime.GC()
	if n := liveHeap(); n < 100_000 {
		t.Errorf("%d bytes are in use", n)
	}
}
