package sqlstore

import (
	"testing"
	"time"
)

func TestWhenTheFileIsAskedAgain(t *testing.T) {
	const calm = time.Minute
	for _, c := range []struct {
		name                                       string
		sinceFirst, sinceWrite, expect, calm, want time.Duration
	}{
		{"nobody has written", 48 * time.Hour, 24 * time.Hour, 0, calm, calm},
		{"somebody has just written", 10 * time.Microsecond, 10 * time.Microsecond, forever, calm, quickestPoll},
		{"the disk takes some milliseconds to commit", 6 * time.Millisecond, 6 * time.Millisecond, forever, calm, 3 * time.Millisecond},
		{"somebody goes on writing, and no commit was seen yet", time.Second, time.Millisecond, forever, calm, hurriedPoll},
		{"the disk takes long to commit", time.Second, 400 * time.Millisecond, forever, calm, 40 * time.Millisecond},
		{"the disk takes very long to commit", 20 * time.Second, 10 * time.Second, forever, calm, time.Second},
		{"what was written was never committed", 48 * time.Hour, 24 * time.Hour, forever, calm, calm},
		{"what was told of may belong to a commit that was seen", doubtful, doubtful - 1, doubtful, calm, (doubtful - 1) / patience},
		{"nothing came of what was told of late", doubtful, doubtful, doubtful, calm, calm},
		{"a commit was seen, and another may stand behind it", writing, writing - 1, 0, calm, hurriedPoll},
		{"the commit was seen, and nothing followed", writing, writing, 0, calm, calm},
		{"a caller that asks more often keeps its pace", time.Second, time.Millisecond, forever, time.Millisecond, time.Millisecond},
	} {
		if got := untilAsked(c.sinceFirst, c.sinceWrite, c.expect, c.calm); got != c.want {
			t.Errorf("%s: asked again in %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAFileIsAskedSeldomOnceTheSystemTellsOfCommits(t *testing.T) {
	for _, c := range []struct {
		name    string
		commits string // T told of, u not, l told of late
		want    time.Duration
	}{
		{"nothing was seen yet", "", calmPoll},
		{"it tells", "TTT", quietPoll},
		{"it does not", "uu", calmPoll},
		{"it tells of this process's commits alone", "TTuTT", calmPoll},
		{"it told just after the commit was seen", "ul", quietPoll},
		{"the same, later", "TTulT", quietPoll},
	} {
		var system trust
		for _, commit := range c.commits {
			if commit == 'l' {
				system.toldLate()
			} else {
				system.commit(commit == 'T')
			}
		}
		if got := system.poll(); got != c.want {
			t.Errorf("%s: asked every %s", c.name, got)
		}
	}
}
