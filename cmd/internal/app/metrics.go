package app

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sparkbot/bot"
	"sparkbot/notify"
	"sparkbot/notify/deliver"
	"sparkbot/store"
	"sparkbot/store/feed"
	"sparkbot/store/sqlstore"
)

// metrics are what GET /metrics tells. Rooms know nothing of it: they are given
// small functions to call. No label holds an id, a name or a text, so that their
// number does not grow with use.
type metrics struct {
	registry *prometheus.Registry

	sends     *prometheus.CounterVec
	throttled *prometheus.CounterVec
	latency   *prometheus.HistogramVec
	posts     *prometheus.HistogramVec
	digests   *prometheus.HistogramVec
	commands  *prometheus.HistogramVec
	requests  *prometheus.HistogramVec
	problems  *prometheus.CounterVec
	feedReads *prometheus.CounterVec
	feedMoves *prometheus.CounterVec
}

// seconds fits what the contract promises: 5 s to an alert, 8 s to an edit.
var seconds = []float64{0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 15, 30, 60, 300, 1800, 7200}

// short fits one call.
var short = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sparkbot_sends_total", Help: "Claims of deliveries that ended, by how: sent, retry, released, held, failed, cancelled or gone.",
		}, []string{"platform", "kind", "outcome"}),
		throttled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sparkbot_throttled_total", Help: "Posts that a platform refused for their rate (429), by what it throttled.",
		}, []string{"platform", "scope"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sparkbot_delivery_seconds", Help: "From the moment a move was stored to the moment a platform accepted its message; what was muted is left out.", Buckets: seconds,
		}, []string{"platform", "kind"}),
		posts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sparkbot_post_seconds", Help: "How long a platform took to answer one post.", Buckets: short,
		}, []string{"platform", "result"}),
		digests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sparkbot_digest_lateness_seconds", Help: "From the time of a weekly digest to the moment a platform accepted it.", Buckets: seconds,
		}, []string{"platform"}),
		commands: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sparkbot_command_seconds", Help: "How long a command took to be answered.", Buckets: short,
		}, []string{"platform", "verb", "outcome"}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sparkbot_http_request_seconds", Help: "How long an HTTP request took, by its route.", Buckets: short,
		}, []string{"route", "code"}),
		problems: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sparkbot_database_errors_total", Help: "Statements and transactions that the database did not carry out.",
		}, []string{"problem"}),
		feedReads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sparkbot_feed_reads_total", Help: "Times a feed was asked, by how it ended: news, unchanged or failed.",
		}, []string{"outcome"}),
		feedMoves: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sparkbot_feed_moves_total", Help: "Moves that feeds brought, added or edited.",
		}, []string{"change"}),
	}
	m.registry.MustRegister(m.sends, m.throttled, m.latency, m.posts, m.digests, m.commands, m.requests, m.problems, m.feedReads, m.feedMoves,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	for _, p := range []string{sqlstore.ProblemBusy, sqlstore.ProblemAway, sqlstore.ProblemTimeout, sqlstore.ProblemOther} {
		m.problems.WithLabelValues(p) // a rate needs a zero to begin with
	}
	return m
}

// failed counts what the database did not carry out.
func (m *metrics) failed(problem string) { m.problems.WithLabelValues(problem).Inc() }

// watch adds what is asked of the bot at each scrape.
func (m *metrics) watch(a *App) {
	m.registry.MustRegister(newBacklog(a))
	for name, pool := range a.db.Pools() {
		m.registry.MustRegister(collectors.NewDBStatsCollector(pool, name))
	}
}

// handler answers GET /metrics.
func (m *metrics) handler() http.Handler {
	return promhttp.InstrumentMetricHandler(m.registry, promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry: m.registry, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 10 * time.Second, EnableOpenMetrics: true,
	}))
}

var scopes = map[notify.Scope]string{notify.ScopePlace: "place", notify.ScopeWorkspace: "workspace", notify.ScopePlatform: "platform"}

// sent counts a claim that ended.
func (m *metrics) sent(e deliver.Event) {
	platform, kind := string(e.Place.Platform), string(e.Delivery.Kind)
	if !e.Stale {
		m.sends.WithLabelValues(platform, kind, string(e.Settlement.Outcome)).Inc()
	}
	if e.Failure != nil && e.Failure.Kind == notify.Throttled {
		m.throttled.WithLabelValues(platform, scopes[e.Failure.Scope]).Inc()
	}
	if e.Took > 0 {
		result := "accepted"
		if e.Failure != nil {
			result = e.Failure.Kind.String()
		}
		m.posts.WithLabelValues(platform, result).Observe(e.Took.Seconds())
	}
	if e.Settlement.Outcome != store.OutcomeSent || e.Stale {
		return
	}
	if !e.Delivery.Held && !e.StoredAt.IsZero() && e.Delivery.Kind != store.DeliveryDigest {
		m.latency.WithLabelValues(platform, kind).Observe(max(0, e.Settlement.At.Sub(e.StoredAt).Seconds()))
	}
	if due, ok := digestTime(e.Delivery); ok {
		m.digests.WithLabelValues(platform).Observe(max(0, e.Settlement.At.Sub(due).Seconds()))
	}
}

// digestTime is when a weekly digest was due; one that a member asked for has no
// such time.
func digestTime(d store.Delivery) (time.Time, bool) {
	text, digest := strings.CutPrefix(d.Key, "digest:")
	due, err := time.Parse(time.RFC3339, text)
	return due, digest && err == nil
}

// answered counts a command.
func (m *metrics) answered(a bot.Answered) {
	verb := string(a.Request.Command.Verb)
	if verb == "" {
		verb = "overview"
	}
	m.commands.WithLabelValues(string(a.Request.Platform), verb, string(a.Outcome)).Observe(a.Took.Seconds())
}

// fed counts a feed that was asked.
func (m *metrics) fed(e feed.Event) {
	outcome := "news"
	switch {
	case e.Err != nil:
		outcome = "failed"
	case e.Unchanged || e.Added+e.Edited == 0:
		outcome = "unchanged"
	}
	m.feedReads.WithLabelValues(outcome).Inc()
	m.feedMoves.WithLabelValues("added").Add(float64(e.Added))
	m.feedMoves.WithLabelValues("edited").Add(float64(e.Edited))
}

// count measures the requests that mux answers, by their routes.
func (m *metrics) count(mux *http.ServeMux, now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := now()
		c := &counted{ResponseWriter: w, code: http.StatusOK}
		mux.ServeHTTP(c, r)
		route := r.Pattern
		if route == "" {
			route = "other"
		}
		m.requests.WithLabelValues(route, strconv.Itoa(c.code)).Observe(max(0, now().Sub(began).Seconds()))
	})
}

// counted remembers the status of an answer.
type counted struct {
	http.ResponseWriter
	code int
}

// WriteHeader sends and remembers the status.
func (c *counted) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach what is underneath.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
