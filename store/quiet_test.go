package store_test

import (
	"testing"
	"time"

	"sparkbot/store"
)

func TestQuiet(t *testing.T) {
	night := store.Quiet{From: 20 * 60, To: 8 * 60, Zone: "Europe/Berlin", CatchUp: true}
	noon := store.Quiet{From: 12 * 60, To: 13*60 + 30, Zone: "America/New_York"}
	for _, c := range []struct {
		name  string
		quiet store.Quiet
		now   string
		until string // empty: not quiet
	}{
		{"evening of a winter day", night, "2026-01-10T19:00:00Z", "2026-01-11T07:00:00Z"},
		{"one second before", night, "2026-01-10T18:59:59Z", ""},
		{"after midnight", night, "2026-01-11T03:00:00Z", "2026-01-11T07:00:00Z"},
		{"the end is over", night, "2026-01-11T07:00:00Z", ""},
		{"a night in which clocks go forward is an hour shorter", night, "2026-03-28T20:00:00Z", "2026-03-29T06:00:00Z"},
		{"a night in which clocks go back is an hour longer", night, "2026-10-24T18:00:00Z", "2026-10-25T07:00:00Z"},
		{"a lunch", noon, "2026-07-01T16:15:00Z", "2026-07-01T17:30:00Z"},
		{"after lunch", noon, "2026-07-01T17:30:00Z", ""},
		{"an end that does not exist is the instant the clock jumps to", store.Quiet{From: 60, To: 150, Zone: "Europe/Berlin"}, "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"},
		{"a whole day but a minute", store.Quiet{From: 1, To: 0, Zone: "UTC"}, "2026-05-05T12:00:00Z", "2026-05-06T00:00:00Z"},
		{"never", store.Quiet{From: 60, To: 60, Zone: "UTC"}, "2026-05-05T01:00:00Z", ""},
		{"nothing set", store.Quiet{}, "2026-05-05T00:00:00Z", ""},
		{"a zone nobody knows", store.Quiet{From: 0, To: 1439, Zone: "Mars/Olympus"}, "2026-05-05T01:00:00Z", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if until := c.quiet.Until(now); !until.IsZero() {
				got = until.UTC().Format(time.RFC3339)
			}
			if got != c.until {
				t.Errorf("quiet %s at %s until %q, want %q", c.quiet, c.now, got, c.until)
			}
		})
	}
}
