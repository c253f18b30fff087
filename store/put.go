package store

// Put is what writing a record came to.
type Put int

// A record written again with the same content is unchanged.
const (
	Unchanged Put = iota
	Created
	Updated
)
