package storetest

import (
	"slices"
	"testing"
	"time"

	"sparkbot/store"
)

// renew asks for one holding.
func renew(t *testing.T, w *World, h store.Holding) store.Tenure {
	t.Helper()
	answers, err := w.DB.Renew(t.Context(), []store.Holding{h})
	if err != nil || len(answers) != 1 {
		t.Fatalf("renewed %v, %v", answers, err)
	}
	return answers[0]
}

// holdingsAreRenewed asks for leases and shares in one question, some of which are not
// what they were.
func holdingsAreRenewed(t *testing.T, w *World) {
	const ttl = time.Hour
	hold := func(name, holder string, ttl time.Duration) {
		t.Helper()
		if held, err := w.DB.Hold(t.Context(), name, holder, ttl); err != nil || !held {
			t.Fatalf("%s holds %s: %v, %v", holder, name, held, err)
		}
	}
	join := func(pool, holder string, share int) {
		t.Helper()
		if err := w.DB.Join(t.Context(), pool, holder, ttl, func([]store.Member) int { return share }); err != nil {
			t.Fatal(err)
		}
	}
	hold("gateway", "me", time.Minute)
	hold("socket", "another", time.Minute)
	hold("past", "me", -time.Second)
	hold("past of another", "another", -time.Second)
	join("discord", "me", 30)
	join("slack", "me", 3)
	join("slack", "another", 4)
	lease := func(name string, ttl time.Duration) store.Holding {
		return store.Holding{Lease: name, Holder: "me", TTL: ttl}
	}
	share := func(pool string, share int, others ...store.Member) store.Holding {
		return store.Holding{Pool: pool, Holder: "me", Share: share, Others: others, TTL: ttl}
	}
	all := []store.Holding{
		lease("nobody's", ttl), lease("socket", ttl), share("slack", 3, store.Member{Holder: "another", Share: 4}), lease("gateway", ttl),
		share("slack", 3), lease("past", ttl), share("discord", 30), lease("past of another", ttl), share("", 0),
	}
	want := []store.Tenure{
		store.Unsure, store.Anothers, store.Renewed, store.Renewed,
		store.Unsure, store.Unsure, store.Renewed, store.Unsure, store.Unsure,
	}
	if got, err := w.DB.Renew(t.Context(), all); err != nil || !slices.Equal(got, want) {
		t.Errorf("renewed %v, %v, want %v", got, err, want)
	}
	if got, err := w.DB.Renew(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("asked for nothing: %v, %v", got, err)
	}
	if n := w.leases(t); n != 4 {
		t.Errorf("there are %d leases: what is free was taken", n)
	}
	// A renewed lease lasts as long as was asked for, and no longer.
	if got := renew(t, w, lease("gateway", -time.Second)); got != store.Renewed {
		t.Fatal(got)
	}
	hold("gateway", "heir", ttl)
	if got := renew(t, w, lease("gateway", ttl)); got != store.Anothers {
		t.Errorf("what passed on is %v", got)
	}
	if w.DB.Dialect() == "postgres" { // SQLite has one writer at a time
		othersWaitForNoLock(t, w, all, want)
	}
}

// leases counts all but the locks of pools.
func (w *World) leases(t *testing.T) (n int) {
	t.Helper()
	if err := w.Outside.QueryRowContext(t.Context(), "SELECT count(*) FROM leases WHERE name NOT LIKE 'pool %'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// othersWaitForNoLock has another transaction lock two of the rows.
func othersWaitForNoLock(t *testing.T, w *World, all []store.Holding, want []store.Tenure) {
	t.Helper()
	tx, err := w.Outside.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, lock := range []string{
		"SELECT FROM leases WHERE name = 'gateway' FOR UPDATE",
		"SELECT FROM members WHERE pool = 'slack' AND holder = 'me' FOR UPDATE",
	} {
		if _, err := tx.ExecContext(t.Context(), lock); err != nil {
			t.Fatal(err)
		}
	}
	want = slices.Clone(want)
	want[2], want[3] = store.Unsure, store.Anothers // whose lease it is can be read all the same
	if got, err := w.DB.Renew(t.Context(), all); err != nil || !slices.Equal(got, want) {
		t.Errorf("beside locks renewed %v, %v, want %v", got, err, want)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	want[2] = store.Renewed
	if got, err := w.DB.Renew(t.Context(), all); err != nil || !slices.Equal(got, want) {
		t.Errorf("once they are gone renewed %v, %v, want %v", got, err, want)
	}
}
