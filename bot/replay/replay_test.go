package replay

import (
	"fmt"
	"testing"
	"time"
)

func TestReplaysAreRememberedForAWhileAndNotWithoutEnd(t *testing.T) {
	const keep = 10 * time.Minute
	now := time.Unix(1_800_000_000, 0)
	m := New(keep)
	if m.Before("a", now) || !m.Before("a", now.Add(keep-1)) {
		t.Error("a request is not remembered while it is good")
	}
	if m.Before("a", now.Add(keep)) {
		t.Error("a request is remembered when no clock takes it any more")
	}
	if m.Drop("a"); m.Before("a", now.Add(keep)) {
		t.Error("a request that came to nothing is remembered")
	}
	later := now.Add(time.Hour)
	for i := range Most + 10 {
		m.Before(fmt.Sprint(i), later)
	}
	if len(m.known) != Most || len(m.order) != Most {
		t.Errorf("%d requests are remembered in %d places, at most %d", len(m.known), len(m.order), Most)
	}
	if !m.Before(fmt.Sprint(Most), later) {
		t.Error("a flood pushed out a young request")
	}
}
