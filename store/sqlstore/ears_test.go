package sqlstore

import (
	"testing"
	"time"
)

func TestWhoHearsItselfAndIsAloneLooksSeldom(t *testing.T) {
	noon := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	type step struct {
		after time.Duration
		what  string // call, me, another, reconnected
		quiet bool
		due   bool
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"alone", []step{
			{0, "call", false, true},
			{time.Second, "me", false, false}, // others may yet answer
			{8 * time.Second, "", false, false},
			{time.Second, "", true, false},
			{17 * time.Second, "", true, true},
			{0, "call", false, true},
			{time.Millisecond, "me", true, false},
			{26 * time.Second, "", true, false},
			{time.Second, "", true, true},
		}},
		{"nothing is ever heard, as behind a pooler", []step{
			{0, "call", false, true}, {time.Hour, "", false, true}, {0, "call", false, true}, {time.Hour, "", false, true},
		}},
		{"it hears no longer", []step{
			{0, "call", false, true},
			{0, "me", false, false},
			{time.Minute, "", true, true},
			{0, "call", false, true},
			{6 * time.Second, "", false, true},
		}},
		{"one is there that answers", []step{
			{0, "call", false, true},
			{0, "me", false, false},
			{9 * time.Second, "another", false, false},
			{time.Second, "", false, false},
		}},
		{"another comes and is killed", []step{
			{0, "call", false, true},
			{0, "me", false, false},
			{time.Minute, "call", false, true},
			{0, "me", true, false},
			{time.Second, "another", false, false},
			{30 * time.Second, "another", false, true},
			{59 * time.Second, "me", false, true},
			{time.Second, "", true, true},
		}},
		{"the connection is another", []step{
			{0, "call", false, true},
			{0, "me", false, false},
			{time.Minute, "", true, true},
			{0, "reconnected", false, true},
			{0, "call", false, true},
			{0, "me", true, false},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := noon
			e := newEars("me", now)
			for i, s := range c.steps {
				now = now.Add(s.after)
				switch s.what {
				case "call":
					e.call(now)
				case "reconnected":
					e.deafen()
				case "":
				default:
					e.hear(s.what, now)
				}
				if e.quiet(now) != s.quiet || e.due(now) != s.due {
					t.Errorf("after step %d (%s): quiet %v, due %v", i, s.what, e.quiet(now), e.due(now))
				}
			}
		})
	}
}

func TestWhoHasBeenAloneForAWhileRests(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	e, s := newEars("me", now), &Store{}
	e.call(now)
	var company <-chan struct{}
	for i, step := range []struct {
		after time.Duration
		hears string // empty when it only looks
		rests bool
	}{
		{0, "me", false},
		{answerFor, "", false},
		{settled - time.Second, "", false},
		{time.Second, "", true},
		{time.Hour, "me", true},
		{time.Second, "another", false},
		{nearFor, "", false},
		{settled, "", true},
	} {
		now = now.Add(step.after)
		if step.hears != "" {
			e.hear(step.hears, now)
		}
		s.setAlone(e.rests(now))
		if got := s.Alone() != nil; got != step.rests {
			t.Errorf("after step %d it is alone: %v", i, got)
		}
		closed := false
		select {
		case <-company:
			closed = true
		default:
		}
		if company != nil && closed == step.rests {
			t.Errorf("after step %d, whoever waits for company has waited enough: %v", i, closed)
		}
		company = s.Alone()
	}
	e.call(now)
	if s.setAlone(e.rests(now)); s.Alone() != nil {
		t.Error("one that does not hear itself takes itself to be alone")
	}
}

func TestANewcomerIsAnswered(t *testing.T) {
	noon := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	e := newEars("me", noon)
	for i, s := range []struct {
		after    time.Duration
		name     string
		newcomer bool
	}{
		{0, "me", false},
		{time.Second, "b", true},
		{time.Second, "b", false},
		{time.Second, "c", true},
		{30 * time.Second, "b", false},
		{31 * time.Second, "c", true}, // it was not heard for so long that it may have forgotten
		{time.Second, "b", false},
		{time.Hour, "d", true},
	} {
		noon = noon.Add(s.after)
		if got := e.hear(s.name, noon); got != s.newcomer {
			t.Errorf("call %d of %s is a newcomer's: %v", i, s.name, got)
		}
	}
	if len(e.others) != 1 {
		t.Errorf("those who are long gone are remembered: %v", e.others)
	}
}
