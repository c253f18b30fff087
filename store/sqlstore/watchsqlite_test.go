package sqlstore

import (
	"testing"
	"time"
)

func TestWhenTheFileIsAskedAgain(t *testing.T) {
	const calm = time.Minute
	for _, c := range []struct {
		name       string
		sinceWrite time.Duration
		seen       bool
		calm, want time.Duration
	}{
		{"nobody has written", 24 * time.Hour, true, calm, calm},
		{"somebody is writing, and no commit was seen yet", time.Millisecond, false, calm, hurriedPoll},
		{"the disk takes long to commit", 400 * time.Millisecond, false, calm, hurriedPoll},
		{"the disk takes very long to commit", 10 * time.Second, false, calm, 200 * time.Millisecond},
		{"what was written was never committed", 24 * time.Hour, false, calm, calm},
		{"a commit was seen, and another may stand behind it", writing - 1, true, calm, hurriedPoll},
		{"the commit was seen, and nothing followed", writing, true, calm, calm},
		{"a caller that asks more often keeps its pace", time.Millisecond, false, time.Millisecond, time.Millisecond},
	} {
		if got := untilAsked(c.sinceWrite, c.seen, c.calm); got != c.want {
			t.Errorf("%s: asked again in %s, want %s", c.name, got, c.want)
		}
	}
}
