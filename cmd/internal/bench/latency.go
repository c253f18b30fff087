package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// firstRounds is how many fan-outs the time to the first post is the median of.
const firstRounds = 5

// measureFirst asks whether the first who hear of a move, and whoever stores it,
// wait for how many hear of it.
func measureFirst(ctx context.Context, b *bench) error {
	for _, kind := range b.databases {
		few, fewWriting, err := b.first(ctx, kind, b.size(1_000))
		if err != nil {
			return err
		}
		many, manyWriting, err := b.first(ctx, kind, b.size(100_000))
		if err != nil {
			return err
		}
		b.table.atMost("first_"+kind+"_100k_over_1k", many.Seconds()/few.Seconds(), 1.5, "commit to first post %s and %s", rounded(many), rounded(few))
		b.table.atMost("writer_"+kind+"_100k_over_1k", manyWriting.Seconds()/fewWriting.Seconds(), 1.5, "the writer's transaction %s and %s", rounded(manyWriting), rounded(fewWriting))
	}
	return nil
}

// first gives the median time from commit to the first post, and of the writer's
// own transaction.
func (b *bench) first(ctx context.Context, kind string, n int) (post, writing time.Duration, err error) {
	d, bot, err := b.stage(ctx, kind, n, 0)
	if err != nil {
		return 0, 0, err
	}
	defer d.close()
	defer func() { _, _ = bot.stop() }()
	var posts, writings []time.Duration
	for range firstRounds {
		time.Sleep(rest)
		if err := b.reset(ctx, ""); err != nil {
			return 0, 0, err
		}
		begun, took, err := d.spark(ctx, everybody)
		if err != nil {
			return 0, 0, err
		}
		state, err := b.await(ctx, n)
		if err != nil {
			return 0, 0, err
		}
		if _, err := d.settled(ctx); err != nil {
			return 0, 0, err
		}
		posts = append(posts, time.Unix(0, state.First).Sub(begun.Add(took)))
		writings = append(writings, took)
	}
	return middle(posts), middle(writings), nil
}

// stage is a filled database with the bot running on it, warmed by one fan-out
// of each kind of place.
func (b *bench) stage(ctx context.Context, kind string, slack, discord int, more ...string) (*database, *child, error) {
	d, err := b.open(ctx, kind)
	if err != nil {
		return nil, nil, err
	}
	if err := d.fill(ctx, slack, discord); err != nil {
		d.close()
		return nil, nil, err
	}
	bot, err := b.serve(ctx, d.url, more...)
	if err != nil {
		d.close()
		return nil, nil, err
	}
	if _, err := b.fanOut(ctx, d, slack); err != nil {
		_, _ = bot.stop()
		d.close()
		return nil, nil, err
	}
	return d, bot, nil
}

// measureAlone asks whether a move that one place hears of is slower among many
// places than among few.
func measureAlone(ctx context.Context, b *bench) error {
	for _, kind := range b.databases {
		few, err := b.alone(ctx, kind, singles)
		if err != nil {
			return err
		}
		many, err := b.alone(ctx, kind, max(singles, b.size(100_000)))
		if err != nil {
			return err
		}
		b.table.atMost("alone_"+kind+"_100k_over_few_p99", percentile(many, 99).Seconds()/percentile(few, 99).Seconds(), 1.5,
			"stored to accepted p99 %s and %s, p50 %s and %s", rounded(percentile(many, 99)), rounded(percentile(few, 99)), rounded(middle(many)), rounded(middle(few)))
	}
	return nil
}

// alone stores a spark for each of the places that follow a project of their
// own, one after the other, and gives how long each took from the writer's begin
// to its acceptance.
func (b *bench) alone(ctx context.Context, kind string, n int) ([]time.Duration, error) {
	d, bot, err := b.stage(ctx, kind, n, 0)
	if err != nil {
		return nil, err
	}
	defer d.close()
	defer func() { _, _ = bot.stop() }()
	if err := b.reset(ctx, ""); err != nil {
		return nil, err
	}
	var all []time.Duration
	for i := range singles {
		begun, _, err := d.spark(ctx, fmt.Sprintf("single-%d", i+1))
		if err != nil {
			return nil, err
		}
		state, err := b.await(ctx, i+1)
		if err != nil {
			return nil, err
		}
		all = append(all, time.Unix(0, state.Last).Sub(begun))
	}
	return all, nil
}

func middle(v []time.Duration) time.Duration { return percentile(v, 50) }

// percentile gives the smallest value that p percent do not exceed.
func percentile(v []time.Duration, p int) time.Duration {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[min(len(v)-1, (len(v)*p+99)/100-1)]
}

func rounded(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
