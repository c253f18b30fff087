//go:build !race

package digest

const sparse = false
