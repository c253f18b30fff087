package store

import "time"

// Backlog is what is open in the queue, of one platform and state.
type Backlog struct {
	Platform Platform
	State    State
	Count    int
	Oldest   time.Time // when the oldest was owed
	// Due is when the first that may be claimed was due, or will be; zero when
	// all of them wait for others of their place.
	Due time.Time
}

// Outbox is what fan-out has not told yet.
type Outbox struct {
	Count  int
	Oldest time.Time // zero when there is nothing
}
