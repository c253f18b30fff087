package storetest

import (
	"testing"
	"time"

	"sparkbot/store"
)

// doubtsAreKept follows a delivery whose answer is lost, whose process then dies,
// and which is found in the end.
func doubtsAreKept(t *testing.T, w *World) {
	owing(w)
	first := w.Claim(w.Now, 1)[0]
	if !first.BegunAt.Equal(w.Now) || !first.UnsureAt.IsZero() {
		t.Fatalf("the first claim began at %s and is in doubt since %s", first.BegunAt, first.UnsureAt)
	}
	later := w.Now.Add(time.Minute)
	w.Settle(first, store.OutcomeRetry, func(s *store.Settlement) { s.DueAt, s.UnsureAt = later, first.BegunAt })
	second := w.Claim(later, 1)[0]
	if !second.UnsureAt.Equal(w.Now) || !second.BegunAt.Equal(later) || second.Again {
		t.Fatalf("after a lost answer the claim is %+v", second)
	}
	dead := w.Claim(later.Add(20*time.Second), 1)[0]
	if !dead.UnsureAt.Equal(w.Now) || !dead.Again {
		t.Errorf("after the process died as well the claim is %+v", dead)
	}
	w.Settle(dead, store.OutcomeSent, func(s *store.Settlement) { s.MessageID = "m1" })
	killed := w.Claim(later, 1)[0]
	heir := w.Claim(later.Add(20*time.Second), 1)[0]
	if heir.ID != killed.ID || !heir.UnsureAt.Equal(later) || !heir.Again {
		t.Errorf("a process killed between post and record leaves %+v", heir)
	}
}
