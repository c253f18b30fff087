package app

import (
	"fmt"
	"os"
	"path/filepath"
)

// least is how much room an SQLite file needs beside it: for its write-ahead log,
// and for what a busy day stores.
const least = 100 << 20

// room reports whether the disk of a file has room for it to grow.
func (d *doctor) room(path string) error {
	free, known := d.free(filepath.Dir(path))
	if !known {
		return nil
	}
	size := int64(0)
	if info, err := os.Stat(path); err == nil {
		size = info.Size()
	}
	return enough(free, size, filepath.Dir(path))
}

func enough(free uint64, size int64, dir string) error {
	if need := uint64(max(least, size/10)); free < need {
		return fmt.Errorf("%s has %d MiB left, and the database should have %d; make room, or move it by database.url", dir, free>>20, need>>20)
	}
	return nil
}
