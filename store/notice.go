package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// GoneKey is the key of a notice that a place is gone since a time.
func GoneKey(place int64, at time.Time) string {
	return fmt.Sprintf("gone:%d:%d", place, at.UnixMilli())
}

// GonePlace reads the place and the time out of such a key.
func GonePlace(key string) (place int64, at time.Time, ok bool) {
	parts := strings.Split(key, ":")
	if len(parts) != 3 || parts[0] != "gone" {
		return 0, time.Time{}, false
	}
	place, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return 0, time.Time{}, false
	}
	ms, err := strconv.ParseInt(parts[2], 10, 64)
	return place, time.UnixMilli(ms).UTC(), err == nil
}
