package sqlstore_test

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"sparkbot/store"
	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
)

// BenchmarkQueue takes one move through the queue to 10,000 places and tells
// what each step costs a delivery, in microseconds, on both databases.
func BenchmarkQueue(b *testing.B) {
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + b.TempDir() + "/queue.db" },
		"postgres": func() string { return storetest.Postgres(b) },
	} {
		b.Run(name, func(b *testing.B) { benchmarkQueue(b, url()) })
	}
}

func benchmarkQueue(b *testing.B, url string) {
	const places, step = 10_000, 512
	ctx := b.Context()
	s, err := sqlstore.Open(ctx, url, sqlstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Migrate(ctx); err != nil {
		b.Fatal(err)
	}
	for i := range places {
		p, err := s.EnsurePlace(ctx, store.Place{Platform: store.Slack, Workspace: "T1", Channel: fmt.Sprintf("C%08X", i)})
		if err == nil {
			_, err = s.Subscribe(ctx, store.Subscription{PlaceID: p.ID, Target: store.Target{Kind: store.TargetEverything}, Events: store.Sparks})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	project, err := putProject(ctx, s)
	if err != nil {
		b.Fatal(err)
	}
	var expand, claim, settle, hand time.Duration
	rounds := 0
	for b.Loop() {
		rounds++
		if err := putMove(ctx, s, project, rounds); err != nil {
			b.Fatal(err)
		}
		changes, err := s.Changes(ctx, 1)
		if err != nil || len(changes) != 1 {
			b.Fatalf("%d changes, %v", len(changes), err)
		}
		if rounds%2 == 0 { // every other move is handed over as it is owed
			var all []store.Claimed
			for done := false; !done; {
				now, begun := time.Now(), cpu()
				x, err := s.Expand(ctx, store.Expansion{
					Change: changes[0], Project: project, Events: store.Sparks, Now: now, GiveUpAt: now.Add(time.Hour), Chunk: step,
					Take: []store.Platform{store.Slack}, Lease: time.Minute,
				})
				if err != nil || len(x.Claimed) != x.Owed {
					b.Fatalf("%d owed, %d handed over, %v", x.Owed, len(x.Claimed), err)
				}
				done = x.Done
				hand += cpu() - begun
				all = append(all, x.Claimed...)
			}
			for claimed := range slices.Chunk(all, step) {
				settle += settled(b, s, claimed)
			}
			continue
		}
		begun := cpu()
		for done := false; !done; {
			now := time.Now()
			x, err := s.Expand(ctx, store.Expansion{
				Change: changes[0], Project: project, Events: store.Sparks, Now: now, GiveUpAt: now.Add(time.Hour), Chunk: 2000,
			})
			if err != nil {
				b.Fatal(err)
			}
			done = x.Done
		}
		expand += cpu() - begun
		for n := 0; n < places; {
			begun := cpu()
			claimed, err := s.Claim(ctx, store.ClaimRequest{Platforms: []store.Platform{store.Slack}, Now: time.Now(), Lease: time.Minute, Limit: step})
			if err != nil || len(claimed) == 0 {
				b.Fatalf("%d claimed, %v", len(claimed), err)
			}
			claim += cpu() - begun
			n += len(claimed)
			settle += settled(b, s, claimed)
		}
	}
	half := rounds / 2
	per := func(d time.Duration, rounds int) float64 {
		return float64(d.Microseconds()) / float64(max(1, rounds)*places)
	}
	b.ReportMetric(per(expand, rounds-half), "µs/expanded")
	b.ReportMetric(per(claim, rounds-half), "µs/claimed")
	b.ReportMetric(per(hand, half), "µs/handed")
	b.ReportMetric(per(settle, rounds), "µs/settled")
}

// settled records claims as sent and tells what that cost.
func settled(b *testing.B, s *sqlstore.Store, claimed []store.Claimed) time.Duration {
	b.Helper()
	done := make([]store.Settlement, len(claimed))
	for i, c := range claimed {
		done[i] = store.Settlement{
			DeliveryID: c.ID, Fence: c.Fence, Outcome: store.OutcomeSent, At: time.Now(), MessageID: "1700000000.000001",
			Shown: []store.Part{{DeliveryID: c.ID, MoveID: c.MoveID, Shown: c.Revision}},
		}
	}
	begun := cpu()
	if stale, _, err := s.Settle(b.Context(), done); err != nil || len(stale) > 0 {
		b.Fatalf("stale %v, %v", stale, err)
	}
	return cpu() - begun
}

// putProject stores a project whose only move is history, so that the next one
// is told.
func putProject(ctx context.Context, s *sqlstore.Store) (store.Project, error) {
	p := store.Project{Slug: "session", Name: "Session", Category: "COMMS"}
	err := s.Import(ctx, func(tx *sqlstore.Import) (err error) {
		p.ID, _, err = tx.PutProject(ctx, p)
		return err
	})
	return p, err
}

func putMove(ctx context.Context, s *sqlstore.Store, p store.Project, i int) error {
	return s.Import(ctx, func(tx *sqlstore.Import) error {
		_, _, err := tx.PutMoves(ctx, p.ID, []store.Move{{
			Title: "A move", SourceURL: fmt.Sprintf("https://example.org/%d", i), Spark: true, OccurredAt: time.Now(),
		}})
		return err
	})
}

// cpu is the processor time this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
