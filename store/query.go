package store

// ProjectQuery asks for a page of projects, in the order of their slugs.
type ProjectQuery struct {
	After    string // the slug to begin after; empty: from the first
	Limit    int
	Category string // without regard to case; empty: any
	Tag      string // without regard to case; empty: any
	// Slugs and Categories, when there are any, leave only the projects that have
	// one of the slugs or one of the categories.
	Slugs, Categories []string
}
