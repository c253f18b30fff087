package app

import (
	"sync/atomic"
	"time"
)

// clock is the real clock, moved: it runs as fast as that, and can be set
// forward or back at any time. It is safe for concurrent use; its zero value
// tells the real time. Who moves it has the loops look again.
type clock struct{ offset atomic.Int64 } // nanoseconds

// Now is the moved time.
func (c *clock) Now() time.Time { return time.Now().Add(c.Offset()) }

// Offset is how far the clock is ahead of the real one.
func (c *clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Move sets the clock forward by d, or back where d is negative.
func (c *clock) Move(d time.Duration) { c.offset.Add(int64(d)) }
