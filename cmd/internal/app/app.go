// Package app builds every room of sparkbot, runs them together and stops them
// in order. It is the only place that knows them all.
//
// It decides nothing about projects, messages or platforms; it opens, wires,
// starts, watches and closes.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"sparkbot/bot"
	"sparkbot/bot/discord"
	"sparkbot/bot/slack"
	"sparkbot/config"
	"sparkbot/notify/chart"
	"sparkbot/notify/deliver"
	"sparkbot/notify/digest"
	"sparkbot/notify/fanout"
	"sparkbot/notify/momentum"
	"sparkbot/notify/pace"
	"sparkbot/notify/yield"
	"sparkbot/store"
	"sparkbot/store/feed"
	"sparkbot/store/heartbeat"
	"sparkbot/store/sqlstore"
)

// grace is how long what is in flight may take to finish after a signal.
const grace = 10 * time.Second

// Options are what a caller may add to the configuration.
type Options struct {
	Log *slog.Logger
	// Now is the clock of every room; nil is time.Now. One that jumps must be
	// followed by LookAgain.
	Now func() time.Time
	// Noticed, when set, is told of every change of moves that fan-out reads.
	Noticed func([]store.Change)
	// Sent, when set, is told of every settled delivery.
	Sent func(deliver.Event)
	// tune lets a test shorten what would make it wait; with it no request to a
	// platform is counted.
	tune func(*deliver.Options)
	// probeEvery, when set, is how often places that are gone are looked for.
	probeEvery time.Duration
}

// App is a built bot that has not started yet.
type App struct {
	db       *sqlstore.Store
	bot      *bot.Bot
	fanout   *fanout.Fanout
	calendar *digest.Calendar
	momentum *momentum.Watcher
	worker   *deliver.Worker // nil when no platform is configured
	prober   *deliver.Prober
	keeper   *deliver.Keeper
	feeds    *feed.Reader    // nil when no sources are configured
	discord  *discord.Client // nil when not configured
	slack    *slack.Client   // nil when not configured
	server   *server         // nil when http.listen is off
	metrics  *metrics
	members  yield.Gate // those who wait for an answer
	asked    atomic.Uint64

	schemaSeen atomic.Bool // nothing is missing from the schema
	log        *slog.Logger
	now        func() time.Time
	holder     string           // what this process is called among replicas
	heart      *heartbeat.Heart // renews what it holds among them
	budgets    map[store.Platform]*pace.Budget
	pools      map[store.Platform]string // what the replicas of one token are called together
	kick       chan struct{}             // wakes the worker
	look       chan struct{}             // wakes everybody, as a change in the database does
}

// New opens the database, brings its schema up to date and builds every room.
// The caller closes the App, whether it ran or not.
func New(ctx context.Context, c *config.Config, o Options) (*App, error) {
	m := newMetrics()
	db, err := openStore(ctx, c, o.Log, m.failed)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &App{db: db, metrics: m, log: o.Log, now: o.Now, holder: holder(), heart: heartbeat.New(db), kick: make(chan struct{}, 1), look: make(chan struct{}, 1)}
	if err := a.build(c, o); err != nil {
		_ = a.Close()
		return nil, err
	}
	return a, nil
}

// OpenStore opens the configured database and, unless database.migrate is
// false, brings its schema up to date.
func OpenStore(ctx context.Context, c *config.Config, log *slog.Logger) (*sqlstore.Store, error) {
	return openStore(ctx, c, log, nil)
}

func openStore(ctx context.Context, c *config.Config, log *slog.Logger, failed func(string)) (*sqlstore.Store, error) {
	db, err := sqlstore.Open(ctx, c.Database.URL.Reveal(), sqlstore.Options{Logger: log, Failed: failed})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", c.Database.URL, err)
	}
	if !c.Database.Migrate {
		return db, nil
	}
	applied, err := db.Migrate(ctx)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("migrate %s: %w", c.Database.URL, err)
	}
	for _, m := range applied {
		log.Info("applied migration", "version", m.Version, "name", m.Name)
	}
	return db, nil
}

// Close frees what New opened.
func (a *App) Close() error {
	if a.server != nil {
		_ = a.server.listener.Close()
	}
	return a.db.Close()
}

// Addr is where the HTTP server listens, or empty when it is off.
func (a *App) Addr() string {
	if a.server == nil {
		return ""
	}
	return a.server.listener.Addr().String()
}

// Ready checks every part, as /readyz does, and joins what is wrong.
func (a *App) Ready(ctx context.Context) error {
	for _, c := range a.checks() {
		if err := c.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// migrated reports whether the schema is there. Once it is, it stays.
func (a *App) migrated(ctx context.Context) error {
	if a.schemaSeen.Load() {
		return nil
	}
	err := schema(ctx, a.db)
	a.schemaSeen.Store(err == nil)
	return err
}

func (a *App) checks() []check {
	checks := []check{{name: "database", run: a.db.Ping}, {name: "schema", run: a.migrated}}
	if a.discord != nil {
		checks = append(checks, check{string(store.Discord), a.discord.Ready, a.discord.Standby})
	}
	if a.slack != nil {
		checks = append(checks, check{string(store.Slack), a.slack.Ready, a.slack.Standby})
	}
	return checks
}

// build wires the rooms. Nothing runs yet.
func (a *App) build(c *config.Config, o Options) error {
	if o.Now == nil { // doctor only looks
		o.Now = time.Now
	}
	a.budget(c, o.Now)
	if o.tune != nil {
		a.unmeter(o.Now)
	}
	senders := map[store.Platform]deliver.Sender{}
	doors := map[store.Platform]deliver.Door{}
	access := map[store.Platform]bot.Access{}
	if c.Discord.Enabled() {
		client, err := discord.New(discord.Options{
			Token: c.Discord.Token.Reveal(), ApplicationID: c.Discord.ApplicationID, PublicKey: c.Discord.PublicKey,
			APIURL: c.Discord.APIURL, Places: a.db, Budget: a.budgets[store.Discord], Turn: a.alone("discord gateway"), Now: o.Now, Log: a.log.With("platform", store.Discord),
		})
		if err != nil {
			return fmt.Errorf("discord: %w", err)
		}
		a.discord, senders[store.Discord], access[store.Discord], doors[store.Discord] = client, client, client, client
	}
	if c.Slack.Enabled() {
		options, err := a.slackOptions(c, o)
		if err != nil {
			return err
		}
		client, err := slack.New(options)
		if err != nil {
			return fmt.Errorf("slack: %w", err)
		}
		a.slack, senders[store.Slack], access[store.Slack], doors[store.Slack] = client, client, client, client
	}
	a.bot = bot.New(a.db, bot.Options{Access: access, MaxAge: c.Alerts.MaxAge, Now: o.Now, Log: a.log, Answered: a.metrics.answered})
	var changes fanout.Store = a.db
	if o.Noticed != nil {
		changes = observed{a.db, o.Noticed}
	}
	a.fanout = fanout.New(changes, fanout.Options{
		MaxAge: c.Alerts.MaxAge, Burst: c.Alerts.Burst, Poll: poll, Now: o.Now, Log: a.log, Wake: a.wake, Reserve: a.reserve, Yield: a.members.Pass,
	})
	a.prober = deliver.NewProber(a.db, doors, o.Now, a.log)
	a.prober.Every = o.probeEvery
	a.keeper = deliver.NewKeeper(a.db, c.Deliveries.Keep, o.Now, a.log)
	a.feeds = newFeeds(a.db, c, o.Now, a.log, a.metrics.fed)
	a.calendar = digest.New(a.db, digest.Options{Now: o.Now, Log: a.log})
	a.momentum = momentum.New(a.db, momentum.Options{MaxAge: c.Alerts.MaxAge, Now: o.Now, Log: a.log, Wake: a.wake})
	if len(senders) > 0 {
		d := deliver.Options{Poll: poll, Now: o.Now, Budgets: a.budgets, Log: a.log, Burst: c.Alerts.Burst, Sent: a.sent(o), Digests: digest.NewDesk(a.db, a.db), Studio: chart.New(), Yield: a.members.Pass}
		if o.tune != nil {
			o.tune(&d)
		}
		a.worker = deliver.New(a.db, a.db, senders, d)
	}
	a.metrics.watch(a)
	if c.HTTP.Listen == "off" {
		return nil
	}
	server, err := listen(c.HTTP.Listen, a.routes(c), a.log)
	a.server = server
	return err
}

// poll is how long fan-out and the worker leave the database unasked while nothing is
// told of it. The watch tells of every commit, and where it may have missed one it has
// everybody look, every few seconds.
const poll = 30 * time.Second

// reserve keeps room with the worker, where there is one.
func (a *App) reserve(ctx context.Context, most int, wait bool) fanout.Room {
	if a.worker == nil {
		return fanout.Room{}
	}
	return fanout.Room(a.worker.Reserve(ctx, most, wait))
}

// LookAgain has every loop look for what is due, as after a jump of the clock.
// It does not wait for them.
func (a *App) LookAgain() {
	select {
	case a.look <- struct{}{}:
	default:
	}
}

// wake tells the worker that something is due, without waiting for it.
func (a *App) wake() {
	select {
	case a.kick <- struct{}{}:
	default:
	}
}

// sent counts what was sent, has the home of a workspace say which of its channels
// is stopped by now, and passes it on.
func (a *App) sent(o Options) func(deliver.Event) {
	return func(e deliver.Event) {
		a.metrics.sent(e)
		if e.Settlement.Outcome == store.OutcomeGone && e.Place.Platform == store.Slack && a.slack != nil {
			a.slack.RefreshHomes(e.Place.Workspace)
		}
		if o.Sent != nil {
			o.Sent(e)
		}
	}
}

func (a *App) routes(c *config.Config) http.Handler {
	mux := http.NewServeMux()
	health(mux, a.checks())
	mux.Handle("GET /metrics", a.metrics.handler())
	mux.Handle("/api/v1/", newAPI(a.db, c.API, a.now, a.log))
	if a.discord != nil && c.Discord.PublicKey != "" {
		mux.Handle("POST /discord/interactions", a.discord.Interactions(a.answers()))
	}
	if a.slack != nil && c.Slack.SigningSecret != "" {
		mux.Handle("POST /slack/commands", a.slack.Commands(a.answers()))
		mux.Handle("POST /slack/interactivity", a.slack.Interactivity(a.answers()))
		mux.Handle("POST /slack/events", a.slack.Events(a.answers()))
	}
	if a.slack != nil && c.Slack.OAuth() {
		mux.Handle("GET "+slack.InstallPath, a.slack.Install())
		mux.Handle("GET "+slack.CallbackPath, a.slack.Callback())
	}
	return a.metrics.count(mux, time.Now)
}
