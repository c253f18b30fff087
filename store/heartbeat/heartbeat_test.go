package heartbeat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sparkbot/store"
	"sparkbot/store/heartbeat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errAway = errors.New("connection refused")

// table answers what it is told to.
type table struct {
	mu      sync.Mutex
	answers map[string]store.Tenure
	err     error
	hang    chan struct{} // when not nil, an answer comes only once it is closed
	alone   chan struct{}
	hanging int
	most    int        // how many hung at once
	asked   [][]string // what was asked for at each beat
	beats   []time.Time
}

func (d *table) Renew(_ context.Context, all []store.Holding) ([]store.Tenure, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	answers := make([]store.Tenure, len(all))
	for i, h := range all {
		names, answers[i] = append(names, h.Lease), d.answers[h.Lease]
	}
	d.asked, d.beats = append(d.asked, names), append(d.beats, time.Now())
	if hang := d.hang; hang != nil { // a dead network knows nothing of contexts
		d.hanging++
		d.most = max(d.most, d.hanging)
		d.mu.Unlock()
		<-hang
		d.mu.Lock()
		d.hanging--
		return nil, errAway
	}
	return answers, d.err
}

func (d *table) Alone() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.alone
}

// set changes how it answers.
func (d *table) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// take gives the questions since it was asked last.
func (d *table) take() [][]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	asked := d.asked
	d.asked = nil
	return asked
}

// lease is a part that notes what it is told.
type lease struct {
	name string
	mu   sync.Mutex
	busy bool
	told []string
}

func (l *lease) Ask() (store.Holding, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return store.Holding{Lease: l.name}, !l.busy
}

func (l *lease) Told(t store.Tenure, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, fmt.Sprint(t, " ", err))
}

func (l *lease) set(busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = busy
}

func (l *lease) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	told := l.told
	l.told = nil
	return told
}

// beat lets one beat pass.
func beat() {
	time.Sleep(heartbeat.Every)
	synctest.Wait()
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestAllIsAskedForAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &table{answers: map[string]store.Tenure{"b": store.Renewed, "c": store.Anothers}}
		h := heartbeat.New(d)
		a, b, c := &lease{name: "a"}, &lease{name: "b"}, &lease{name: "c"}
		removeA := h.Add(a)
		time.Sleep(heartbeat.Every / 3) // those who come at other moments are asked for together
		removeB := h.Add(b)
		removeC := h.Add(c)
		beat()
		if got := fmt.Sprint(d.take()); got != "[[a b c]]" {
			t.Errorf("asked for %s", got)
		}
		same(t, "a is told", a.heard(), "0 <nil>")
		same(t, "b is told", b.heard(), "1 <nil>")
		same(t, "c is told", c.heard(), "2 <nil>")

		a.set(true)
		removeB()
		beat()
		if got := fmt.Sprint(d.take()); got != "[[c]]" {
			t.Errorf("with one that has nothing to renew and one that is gone, asked for %s", got)
		}
		same(t, "a is told", a.heard())
		same(t, "b is told", b.heard())
		removeC()
		beat()
		if got := d.take(); got != nil {
			t.Errorf("with nothing to renew, asked for %q", got)
		}
		removeA()
		removeA() // does nothing
		again := h.Add(b)
		beat()
		if got := fmt.Sprint(d.take()); got != "[[b]]" {
			t.Errorf("one that came after the last had gone is asked for as %s", got)
		}
		again()
		for i, at := range d.beats {
			if rest := at.Sub(d.beats[0]) % heartbeat.Every; rest != 0 {
				t.Errorf("beat %d came %s after the second", i, rest)
			}
		}
	})
}

func TestAnErrorIsToldToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &table{err: errAway}
		h := heartbeat.New(d)
		a, b := &lease{name: "a"}, &lease{name: "b"}
		defer h.Add(a)()
		defer h.Add(b)()
		beat()
		same(t, "a is told", a.heard(), "0 connection refused")
		same(t, "b is told", b.heard(), "0 connection refused")
	})
}

// TestADeadNetwork has no question answered for a while. Each is given up before the next
// beat, only so many wait, and once the network is back all goes on.
func TestADeadNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		d := &table{answers: map[string]store.Tenure{"a": store.Renewed}, hang: hang}
		h := heartbeat.New(d)
		a, gone := &lease{name: "a"}, &lease{name: "gone"}
		remove := h.Add(a)
		removeGone := h.Add(gone)
		beat()
		same(t, "before it is given up, a is told", a.heard())
		removeGone()
		for range 9 {
			beat()
		}
		late, full := "0 the database did not answer in time", "0 the database has not answered the last questions"
		same(t, "in ten beats a is told", a.heard(), late, late, late, late, full, full, full, full, full, full)
		same(t, "one that is gone is told", gone.heard())
		if len(d.take()) != 4 || d.most != 4 {
			t.Errorf("%d questions hung at once", d.most)
		}
		d.set(func() { d.hang = nil })
		close(hang)
		beat()
		beat()
		same(t, "once the network is back, a is told", a.heard(), "1 <nil>", "1 <nil>")
		remove()
	})
}

// TestNobodyIsToldOnceAllAreGone removes the last part while its question is under way.
func TestNobodyIsToldOnceAllAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		d := &table{hang: hang}
		h := heartbeat.New(d)
		a, b := &lease{name: "a"}, &lease{name: "b"}
		remove := h.Add(a)
		beat()
		remove()
		defer h.Add(b)()
		close(hang)
		d.set(func() { d.hang = nil })
		beat()
		same(t, "a is told", a.heard())
		same(t, "b is told", b.heard(), "0 <nil>")
	})
}

// TestWhoIsAloneBeatsSeldom has another come and go, and the database refuse.
func TestWhoIsAloneBeatsSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &table{answers: map[string]store.Tenure{"a": store.Renewed}}
		h, a := heartbeat.New(d), &lease{name: "a"}
		defer h.Add(a)()
		beats := func(what string, want int) {
			t.Helper()
			d.take()
			time.Sleep(time.Minute)
			synctest.Wait()
			if n := len(d.take()); n != want {
				t.Errorf("%s: %d beats in a minute, want %d", what, n, want)
			}
		}
		time.Sleep(heartbeat.Every / 2) // between two beats
		beats("perhaps beside others", 30)
		company := make(chan struct{})
		d.set(func() { d.alone = company })
		time.Sleep(heartbeat.AtRest)
		beats("alone", 15)
		d.set(func() { d.err = errAway })
		time.Sleep(heartbeat.AtRest)
		beats("alone, and refused", 30)
		d.set(func() { d.err = nil })
		time.Sleep(heartbeat.AtRest)
		beats("alone again", 15)
		d.set(func() { d.answers["a"] = store.Unsure })
		time.Sleep(heartbeat.AtRest)
		beats("alone, and not sure of what it holds", 30)
		d.set(func() { d.answers["a"] = store.Renewed })
		time.Sleep(heartbeat.AtRest)
		d.take()
		d.set(func() { d.alone = nil })
		close(company)
		synctest.Wait()
		if n := len(d.take()); n != 1 {
			t.Errorf("when another comes there are %d beats", n)
		}
		beats("beside another", 30)
	})
}
