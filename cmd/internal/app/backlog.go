package app

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sparkbot/store"
)

const (
	// backlogAge is how long an answer of the database serves further scrapes.
	backlogAge = 5 * time.Second
	// backlogTimeout bounds what a scrape asks.
	backlogTimeout = 5 * time.Second
)

// backlog tells the queue's depth and age, asked of the database when somebody
// scrapes. While the database is away its metrics are missing, and up is 0.
type backlog struct {
	app *App

	mu    sync.Mutex
	at    time.Time
	open  []store.Backlog
	out   store.Outbox
	feeds map[string]store.FeedState
	err   error

	depth, age, overdue, changes, changeAge, up, ready, failing *prometheus.Desc
}

func newBacklog(a *App) *backlog {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("sparkbot_"+name, help, labels, nil)
	}
	return &backlog{
		app:       a,
		depth:     desc("queue_deliveries", "Open deliveries, by state: waiting, held (muted or quiet) or sending.", "platform", "state"),
		age:       desc("queue_oldest_seconds", "Age of the oldest open delivery of a state.", "platform", "state"),
		overdue:   desc("queue_overdue_seconds", "How long the first delivery that may be sent has been due; 0 when none is.", "platform"),
		changes:   desc("outbox_changes", "Changes of moves that fan-out has not finished."),
		changeAge: desc("outbox_oldest_seconds", "Age of the oldest of them."),
		up:        desc("database_up", "1 when the database answered this scrape."),
		ready:     desc("ready", "1 when the part works, as /readyz says.", "part"),
		failing:   desc("feeds_failing", "Configured feeds whose last read failed."),
	}
}

// Describe sends the descriptions.
func (b *backlog) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.depth, b.age, b.overdue, b.changes, b.changeAge, b.up, b.ready, b.failing} {
		ch <- d
	}
}

// Collect asks the database and every part.
func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), backlogTimeout)
	defer cancel()
	now := b.app.now()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	_, parts := ready(ctx, b.app.checks())
	for part, said := range parts.Parts {
		gauge(b.ready, one(said == "ok" || len(said) > 3 && said[:3] == "ok;"), part)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ask(ctx, now)
	gauge(b.up, one(b.err == nil))
	if b.err != nil {
		return
	}
	gauge(b.changes, float64(b.out.Count))
	gauge(b.changeAge, since(b.out.Oldest, now))
	overdue := map[store.Platform]float64{}
	counts := map[[2]string]store.Backlog{}
	for _, o := range b.open {
		overdue[o.Platform] = max(overdue[o.Platform], due(o, now))
		counts[[2]string{string(o.Platform), string(o.State)}] = o
	}
	for _, platform := range []store.Platform{store.Discord, store.Slack} {
		gauge(b.overdue, overdue[platform], string(platform))
		for _, state := range []store.State{store.StateWaiting, store.StateHeld, store.StateSending} {
			o := counts[[2]string{string(platform), string(state)}]
			gauge(b.depth, float64(o.Count), string(platform), string(state))
			gauge(b.age, since(o.Oldest, now), string(platform), string(state))
		}
	}
	failing := 0
	for _, st := range b.feeds {
		if st.Failures > 0 {
			failing++
		}
	}
	gauge(b.failing, float64(failing))
}

// ask reads the database unless that was done a moment ago.
func (b *backlog) ask(ctx context.Context, now time.Time) {
	if age := now.Sub(b.at); b.err == nil && !b.at.IsZero() && age >= 0 && age < backlogAge {
		return
	}
	b.at = now
	if b.open, b.err = b.app.db.Backlog(ctx); b.err != nil {
		return
	}
	if b.out, b.err = b.app.db.Outbox(ctx); b.err != nil || b.app.feeds == nil {
		return
	}
	var keys []string
	for _, s := range b.app.feeds.Sources() {
		keys = append(keys, s.Key())
	}
	b.feeds, b.err = b.app.db.FeedStates(ctx, keys)
}

// due is how long a delivery that waits for nothing but us has been due.
func due(o store.Backlog, now time.Time) float64 {
	if o.State != store.StateWaiting {
		return 0
	}
	return since(o.Due, now)
}

func since(t, now time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return max(0, now.Sub(t).Seconds())
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
