package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// rest is how long a channel of Slack is left alone between two posts. A fan-out
// that begins sooner would measure that.
const rest = 1200 * time.Millisecond

// fanOut stores one spark and waits until every one of n places has it and that
// is recorded. It gives posts a second, from stored to recorded.
func (b *bench) fanOut(ctx context.Context, d *database, n int) (float64, error) {
	time.Sleep(rest)
	if err := b.reset(ctx, ""); err != nil {
		return 0, err
	}
	begun, _, err := d.spark(ctx, everybody)
	if err != nil {
		return 0, err
	}
	state, err := b.await(ctx, n)
	if err != nil {
		return 0, err
	}
	end, err := d.settled(ctx)
	if err != nil {
		return 0, err
	}
	if last := time.Unix(0, state.Last); last.After(end) {
		end = last
	}
	return float64(n) / end.Sub(begun).Seconds(), nil
}

// sizes of the fan-outs, and how often each is repeated to take the median.
var sizes = []struct{ places, rounds int }{{1_000, 5}, {10_000, 5}, {100_000, 10}}

// measureFanOut takes the whole path through every size on every database.
func measureFanOut(ctx context.Context, b *bench) error {
	for _, kind := range b.databases {
		rates := map[int]float64{}
		for _, s := range sizes {
			if s.places > b.largest {
				continue
			}
			n := b.size(s.places)
			rate, err := b.fanOutRow(ctx, kind, n, s.rounds, s.places)
			if err != nil {
				return fmt.Errorf("%d places on %s: %w", n, kind, err)
			}
			rates[s.places] = rate
		}
		if rates[100_000] == 0 {
			continue
		}
		b.table.atLeast("fanout_"+kind+"_rate_100k_over_10k", rates[100_000]/rates[10_000], 0.85, "%.0f and %.0f posts/s", rates[100_000], rates[10_000])
	}
	return nil
}

// goals of the ratio to the bare client at 10,000 places.
var goals = map[string]float64{"sqlite": 0.70, "postgres": 0.55}

// fanOutRow measures one size on one database, with the yardsticks just before
// and after every round, and adds its figures.
func (b *bench) fanOutRow(ctx context.Context, kind string, n, rounds, nominal int) (rate float64, err error) {
	label := fmt.Sprintf("fanout_%s_%dk", kind, nominal/1000)
	d, err := b.open(ctx, kind)
	if err != nil {
		return 0, err
	}
	defer d.close()
	if err := d.fill(ctx, n, 0); err != nil {
		return 0, err
	}
	bot, err := b.serve(ctx, d.url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, b.memory(bot, label, nominal)) }()
	if _, err := b.fanOut(ctx, d, n); err != nil { // warms caches and connections on both sides
		return 0, err
	}
	yard := max(n/2, 2_000)
	var rates, bares, loops []float64
	before, err := b.bare(ctx, yard)
	if err != nil {
		return 0, err
	}
	for range rounds {
		rate, err := b.fanOut(ctx, d, n)
		if err != nil {
			return 0, err
		}
		loop, err := b.library(ctx, yard)
		if err != nil {
			return 0, err
		}
		after, err := b.bare(ctx, yard)
		if err != nil {
			return 0, err
		}
		rates, loops, bares = append(rates, rate), append(loops, rate/loop), append(bares, rate/((before+after)/2))
		before = after
	}
	if nominal == 10_000 {
		b.table.atLeast(label+"_over_bare", median(bares), goals[kind], "%.0f posts/s, bare %.0f", median(rates), before)
		b.table.atLeast(label+"_over_library", median(loops), 1, "%.0f posts/s, the library's loop %.0f", median(rates), median(rates)/median(loops))
	} else {
		b.table.note(label+"_over_bare", median(bares), "%.0f posts/s, bare %.0f", median(rates), before)
		b.table.note(label+"_over_library", median(loops), "%.0f posts/s, the library's loop %.0f", median(rates), median(rates)/median(loops))
	}
	if nominal == 100_000 {
		last := len(rates) - 1
		b.table.atLeast(label+"_tenth_over_first", rates[last]/rates[0], 0.8, "%.0f and %.0f posts/s, nothing pruned between", rates[last], rates[0])
	}
	return median(rates), nil
}

// memory ends the bot and tells how much it ever held.
func (b *bench) memory(bot *child, label string, nominal int) error {
	usage, err := bot.stop()
	if err == nil && usage != nil && nominal == 100_000 {
		b.table.atMost(label+"_peak_mb", float64(usage.Maxrss)/1024, 64, "resident, after %d fan-outs", 11)
	}
	return err
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return 0
	}
	return v[len(v)/2]
}
