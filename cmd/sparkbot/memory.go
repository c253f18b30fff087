package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A fan-out makes some kilobytes of garbage a delivery beside a heap of a few
// megabytes. Collecting only once the heap has doubled, which is Go's default, costs
// a fan-out a tenth of its processor time; letting a small heap grow to five times
// its size costs it little and the machine nothing to speak of.
const (
	// heapGrowth is by how many percent the heap may grow between two collections, as
	// long as the memory limit is not reached.
	heapGrowth = 400
	// smallMemory is the limit of a bot of ordinary size, so that a fan-out to 100,000
	// places stays below 64 MB. The program's own text, 24 MB, comes on top of it, and
	// with SQLite in the process what that keeps, about 10 MB.
	smallMemory         = 36 << 20
	smallMemoryOnSQLite = 24 << 20
	// busyMemory is the limit while members ask, many of them: a collection takes the
	// processors for some milliseconds, and in a small heap their answers make one due
	// ten times a second.
	busyMemory = 40 << 20
	// many is how many questions a second those are.
	many = 20
	// besideHeap is what the runtime holds beside the heap: stacks, what the collector
	// needs, and rooms that are not full. A limit that leaves it out has the collector
	// run all the time.
	besideHeap = 12 << 20
	// limitStep is that in which the limit moves, since each move stops the world for a
	// moment.
	limitStep = 2 << 20
	// counting is for how long questions are counted after a collection.
	counting = 250 * time.Millisecond
)

// ownCollector reports whether the garbage collector is left to us: whoever runs the
// program may have set it.
func ownCollector(getenv func(string) string) bool {
	return getenv("GOGC") == "" && getenv("GOMEMLIMIT") == ""
}

// memoryLimit is how much memory the runtime may hold before it collects more often,
// while so many bytes are in use and members ask so much in a second; least
// is the limit of a small bot. The heap may always grow by half, so that the collector
// never runs all the time.
func memoryLimit(least int64, live, asked uint64) int64 {
	need := int64(live+live/2) + besideHeap
	if asked >= many {
		least = busyMemory
	}
	return max(least, (need+limitStep-1)/limitStep*limitStep)
}

// tuneCollector sets the garbage collector for as long as ctx lasts, unless it was
// set from outside. asked counts the questions of members.
func tuneCollector(ctx context.Context, postgres bool, asked func() uint64) {
	if !ownCollector(os.Getenv) {
		return
	}
	debug.SetGCPercent(heapGrowth)
	least := int64(smallMemoryOnSQLite)
	if postgres {
		least = smallMemory
	}
	go followHeap(ctx, least, collections(ctx), liveHeap, asked, func(limit int64) { debug.SetMemoryLimit(limit) })
}

// followHeap sets the limit now, and another one that fits after a collection, until
// ctx ends. Between two collections a limit bounds nothing, so a bot with nothing to
// do is not woken for it.
func followHeap(ctx context.Context, least int64, collected <-chan struct{}, live, asked func() uint64, set func(limit int64)) {
	at := memoryLimit(least, live(), 0)
	set(at)
	for {
		select {
		case <-ctx.Done():
			return
		case <-collected:
		}
		before := asked()
		count := time.NewTimer(counting)
		select {
		case <-ctx.Done():
			count.Stop()
			return
		case <-count.C:
		}
		if limit := memoryLimit(least, live(), (asked()-before)*uint64(time.Second/counting)); limit != at {
			at = limit
			set(limit)
		}
	}
}

// collections tells of the garbage collections until ctx ends, once of several in a
// row: each collects an object that nobody holds, and leaves another one behind.
func collections(ctx context.Context) <-chan struct{} {
	told := make(chan struct{}, 1)
	var leave func()
	leave = func() {
		runtime.AddCleanup(&struct{ self func() }{leave}, func(leave func()) {
			select {
			case told <- struct{}{}:
			default:
			}
			if ctx.Err() == nil {
				leave()
			}
		}, leave)
	}
	leave()
	return told
}

// liveHeap is how many bytes the last collection found in use.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
