package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// pruneWait bounds how long the bot may take to prune the history.
	pruneWait = 5 * time.Minute
	// settling is how long after that it is let come to rest.
	settling = 5 * time.Second
)

// measureIdle gives the bot 100,000 places and the history of 200 alerts that is
// older than is kept, waits until that is gone, and then asks what it costs to
// have nothing to do.
func measureIdle(ctx context.Context, b *bench) error {
	for _, kind := range b.databases {
		if err := b.idle(ctx, kind); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

func (b *bench) idle(ctx context.Context, kind string) error {
	d, err := b.open(ctx, kind)
	if err != nil {
		return err
	}
	defer d.close()
	n := b.size(100_000)
	if err := d.fill(ctx, n, 0); err != nil {
		return err
	}
	const alerts, each = 200, 1000
	if err := d.history(ctx, alerts, min(each, n)); err != nil {
		return err
	}
	bot, err := b.serve(ctx, d.url)
	if err != nil {
		return err
	}
	defer func() { _, _ = bot.stop() }()
	begun := time.Now()
	left, err := d.pruned(ctx)
	if err != nil {
		return err
	}
	b.table.atMost("history_"+kind+"_left", float64(left), 0, "of %d old deliveries, after %s", alerts*min(each, n), time.Since(begun).Round(time.Second))

	time.Sleep(settling)
	seconds := b.size(30)
	before, err := cpu(bot.cmd.Process.Pid)
	if err != nil {
		return err
	}
	calls, err := d.calls(ctx)
	if err != nil {
		return err
	}
	time.Sleep(time.Duration(seconds) * time.Second)
	after, err := cpu(bot.cmd.Process.Pid)
	if err != nil {
		return err
	}
	now, err := d.calls(ctx)
	if err != nil {
		return err
	}
	b.table.atMost("idle_"+kind+"_cpu_of_a_core", (after-before).Seconds()/float64(seconds), 0.01,
		"%s in %d s with %d places; a program that wakes once a second and does nothing takes %.4f", after-before, seconds, n, drowsy(b.size(10)))
	if kind == "postgres" {
		most, query := 0.0, ""
		for q, n := range now {
			if rate := float64(n-calls[q]) / float64(seconds); rate > most {
				most, query = rate, q
			}
		}
		// The heart asks most often, every two seconds at most; the goal leaves room for one
		// more that falls within the time.
		b.table.atMost("idle_postgres_busiest_query_over_poll", most, 0.55, "%.2f a second; %.60s", most, strings.Join(strings.Fields(query), " "))
	}
	return nil
}

// drowsy is the part of a core that it costs to wake once a second and do nothing, for
// so many seconds: a processor at rest is slow to wake, on some machines very slow.
func drowsy(seconds int) float64 {
	before := spent()
	for range seconds {
		time.Sleep(time.Second)
	}
	return (spent() - before).Seconds() / float64(seconds)
}

// spent is the processor time that this process has had.
func spent() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// history stores deliveries that were sent 40 days ago.
func (d *database) history(ctx context.Context, alerts, places int) error {
	old, now := "now() - interval '40 days'", "now()"
	if d.kind == "sqlite" {
		old, now = "(unixepoch() - 40 * 86400) * 1000", "unixepoch() * 1000"
	}
	_, err := d.db.ExecContext(ctx, fmt.Sprintf(`INSERT INTO deliveries (place_id, platform, kind, key, move_id, state, wake_at, give_up_at, message_id, created_at, settled_at)
		SELECT p.id, p.platform, 'alert', 'move:' || (1000000 + n.i), 1000000 + n.i, 'sent', %[1]s, %[2]s, '1.1', %[1]s, %[1]s
		FROM %[3]s n, places p WHERE p.id <= %[4]d`, old, now, d.numbers(alerts), places))
	if err != nil {
		return fmt.Errorf("store the history: %w", err)
	}
	return nil
}

// pruned waits until no old delivery is left and gives how many are.
func (d *database) pruned(ctx context.Context) (left int, err error) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(pruneWait)
	defer limit.Stop()
	for {
		if err := d.db.QueryRowContext(ctx, "SELECT count(*) FROM deliveries WHERE move_id >= 1000000").Scan(&left); err != nil {
			return 0, fmt.Errorf("count the history: %w", err)
		}
		if left == 0 {
			return 0, nil
		}
		select {
		case <-ctx.Done():
			return left, ctx.Err()
		case <-limit.C:
			return left, nil
		case <-tick.C:
		}
	}
}

// calls gives how often each query was asked so far.
func (d *database) calls(ctx context.Context) (map[string]int64, error) {
	if d.kind != "postgres" {
		return nil, nil
	}
	if _, err := d.db.ExecContext(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"); err != nil {
		return nil, fmt.Errorf("count queries: %w", err)
	}
	rows, err := d.db.QueryContext(ctx, "SELECT query, sum(calls) FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY query")
	if err != nil {
		return nil, fmt.Errorf("count queries: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := map[string]int64{}
	for rows.Next() {
		var query string
		var n int64
		if err := rows.Scan(&query, &n); err != nil {
			return nil, fmt.Errorf("count queries: %w", err)
		}
		all[query] = n
	}
	return all, rows.Err()
}

// ticks is how many a second Linux counts processor time in.
const ticks = 100

// cpu is the processor time a process has used:
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func cpu(pid int) (time.Duration, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("read the processor time; the bench needs Linux: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is not readable", pid)
	}
	var total int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat is not readable: %w", pid, err)
		}
		total += n
	}
	return time.Duration(total) * time.Second / ticks, nil
}
