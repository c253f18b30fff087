package app

import (
	"testing"
	"time"

	"sparkbot/store/storetest"
)

// TestTheClockJumps mutes a channel for a day and sets the clock 25 hours
// forward: what was held comes at once, because the loops are told of the jump.
func TestTheClockJumps(t *testing.T) {
	s := stage(t, storetest.SQLite(t), false)
	muted, open := s.world.Slack().AddChannel("muted"), s.world.Slack().AddChannel("open")
	s.slackSays(muted, "/spark subscribe session")
	s.slackSays(open, "/spark subscribe session")
	s.slackSays(muted, "/spark mute 1d")
	storeSpark(t, s.url, "session", "jumped")
	eventually(t, "the channel that is not muted hears the spark", 10*time.Second, func() bool {
		return mentions(s.world.Slack().Messages(open), "jumped") == 1
	})
	if n := mentions(s.world.Slack().Messages(muted), "jumped"); n != 0 {
		t.Fatalf("the muted channel heard it %d times", n)
	}
	before := time.Now()
	s.clock.Move(25 * time.Hour)
	s.app.LookAgain()
	eventually(t, "the muted channel hears of the spark after the jump", 10*time.Second, func() bool {
		return mentions(s.world.Slack().Messages(muted), "jumped") == 1
	})
	heard := s.world.Slack().Messages(muted)
	if at := heard[len(heard)-1].At; at.Sub(before) < 25*time.Hour {
		t.Errorf("the message is dated %s, before the jump", at)
	}
}
