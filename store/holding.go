package store

import "time"

// Holding is what a process holds until some moment and wishes to hold for longer: a
// lease, or a member's share of a pool's limit. Nothing of it changes by that but the
// moment.
type Holding struct {
	Lease  string // its name; empty for a share
	Pool   string // where the share is
	Holder string // the process
	Share  int
	// Others are the pool's other members, as they were last seen: whoever has a share
	// beside others that have changed must decide anew.
	Others []Member
	TTL    time.Duration // from now, in whole milliseconds
}

// Tenure is what came of the wish to hold something for longer.
type Tenure int

// The zero value says the least.
const (
	// Unsure says that it has lapsed, is not as it was said to be, or was locked at that
	// moment. Nothing was changed, and it must be asked for on its own.
	Unsure Tenure = iota
	// Renewed says that it is held for the time that was asked for.
	Renewed
	// Anothers says that another has the lease.
	Anothers
)
