package feed

import (
	"errors"
	"testing"
	"time"

	"sparkbot/store"
)

func TestAfter(t *testing.T) {
	const hour = time.Hour
	fine := store.FeedState{ETag: "old", ReadAt: today.Add(-hour)}
	failing := func(n int) store.FeedState { return store.FeedState{Failures: n, ReadAt: today.Add(-hour)} }
	for _, tc := range []struct {
		name   string
		state  store.FeedState
		answer Answer
		err    error
		chance float64
		wait   time.Duration
		check  func(store.FeedState) bool
	}{
		{"an answer", failing(5), Answer{ETag: "new"}, nil, 0.5, hour, func(s store.FeedState) bool { return s.Failures == 0 && s.ETag == "new" && s.ReadAt.Equal(today) }},
		{"nothing new", fine, Answer{Unchanged: true}, nil, 0.5, hour, func(s store.FeedState) bool { return s.ETag == "old" }},
		{"early", fine, Answer{}, nil, 0, 54 * time.Minute, nil},
		{"late", fine, Answer{}, nil, 1, 66 * time.Minute, nil},
		{"moved", fine, Answer{MovedTo: "https://new.org"}, nil, 0.5, hour, func(s store.FeedState) bool { return s.MovedTo == "https://new.org" }},
		{"the first failure", fine, Answer{}, errors.New("x\ny"), 0.5, time.Minute, func(s store.FeedState) bool {
			return s.Failures == 1 && s.Problem == "x y" && s.ReadAt.Equal(fine.ReadAt)
		}},
		{"the fifth", failing(4), Answer{}, errors.New("x"), 0.5, 16 * time.Minute, nil},
		{"the hundredth", failing(99), Answer{}, errors.New("x"), 0.5, 24 * hour, nil},
		{"asked to wait", fine, Answer{}, &Refusal{Status: 429, After: 3 * hour}, 0, 3 * hour, nil},
		{"asked to wait less than we would", failing(11), Answer{}, &Refusal{Status: 503, After: time.Second}, 0, 24 * hour, nil},
		{"gone", fine, Answer{}, &Refusal{Status: 410}, 0.5, 24 * hour, nil},
		{"gone where it had moved", store.FeedState{MovedTo: "https://new.org", ETag: "e"}, Answer{}, &Refusal{Status: 404}, 0.5, time.Minute, func(s store.FeedState) bool {
			return s.MovedTo == "" && s.ETag == ""
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := After(tc.state, tc.answer, tc.err, hour, today, tc.chance)
			if wait := got.NextAt.Sub(today); wait != tc.wait {
				t.Errorf("due in %s, want %s", wait, tc.wait)
			}
			if tc.check != nil && !tc.check(got) {
				t.Errorf("remembered is %+v", got)
			}
		})
	}
}
