package store

import "time"

// Member is one replica in a pool that shares a limit.
type Member struct {
	Holder   string // the replica, by a name no other has
	Share    int    // how much of the limit it uses at most
	JoinedAt time.Time
}
