//go:build race

package digest

// sparse has the oracle try fewer times of day, still in every zone.
const sparse = true
