//go:build unix

package app

import "golang.org/x/sys/unix"

// freeBytes is how much an ordinary user may still write to a folder's disk.
func freeBytes(dir string) (free uint64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true //nolint:unconvert // other systems have other types
}
