package store

import "time"

// FeedState is what is remembered of a feed between two reads.
type FeedState struct {
	Key          string // names the source
	ETag         string
	LastModified string
	MovedTo      string    // where the feed is since a permanent redirect, or empty
	NextAt       time.Time // when it is due
	ReadAt       time.Time // when it was last read well; zero: never
	Failures     int       // in a row
	Problem      string    // the last failure, in words; empty when all is well
}

// FeedEntry is an entry of a feed and the move it becomes.
type FeedEntry struct {
	// Names are those under which the entry is recognized; one is enough.
	Names []string
	Move  Move
}

// FeedRead is a feed that was read well.
type FeedRead struct {
	State     FeedState
	ProjectID int64
	Entries   []FeedEntry
	// History says that the moves are stored, and alert nobody.
	History bool
}
