package app

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"sparkbot/bot"
	"sparkbot/notify"
	"sparkbot/notify/deliver"
	"sparkbot/store"
	"sparkbot/store/feed"
	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
)

// scrape reads /metrics as Prometheus does.
func scrape(t *testing.T, address string) map[string]*dto.MetricFamily {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET /metrics → %d, %v", resp.StatusCode, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(strings.NewReader(string(text))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "sparkbot_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	return families
}

// total adds up what a metric counted under the labels.
func total(f *dto.MetricFamily, labels ...string) float64 {
	sum := 0.0
	for _, m := range f.GetMetric() {
		var has []string
		for _, l := range m.GetLabel() {
			has = append(has, l.GetName()+"="+l.GetValue())
		}
		if slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(has, l) }) {
			continue
		}
		sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return sum
}

// TestMetricsTellWhatHappened runs a spark and a command through the bot, and
// looks for them where Prometheus does.
func TestMetricsTellWhatHappened(t *testing.T) {
	s := stage(t, storetest.SQLite(t), true)
	channel := s.world.Slack().AddChannel("news")
	s.slackSays(channel, "/spark subscribe session")
	s.app.bot.Answer(t.Context(), bot.Request{ID: "r1", Platform: store.Slack, Channel: channel, Command: bot.Command{Verb: bot.Subscribe}})
	storeSpark(t, s.url, "session", "measured")
	eventually(t, "the spark is counted", 10*time.Second, func() bool {
		return total(scrape(t, s.app.Addr())["sparkbot_sends_total"], "platform=slack", "kind=alert", "outcome=sent") == 1
	})
	var families map[string]*dto.MetricFamily
	eventually(t, "the queue is counted anew", 10*time.Second, func() bool { // it is asked after once in a while
		families = scrape(t, s.app.Addr())
		return total(families["sparkbot_queue_deliveries"], "platform=slack", "state=waiting") == 0
	})
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"sparkbot_delivery_seconds", []string{"platform=slack", "kind=alert"}, 1},
		{"sparkbot_post_seconds", []string{"platform=slack", "result=accepted"}, 1},
		{"sparkbot_command_seconds", []string{"platform=slack", "verb=subscribe", "outcome=done"}, 1},
		{"sparkbot_command_seconds", []string{"platform=slack", "verb=subscribe", "outcome=refused"}, 1},
		{"sparkbot_queue_deliveries", []string{"platform=slack", "state=waiting"}, 0},
		{"sparkbot_database_up", nil, 1},
		{"sparkbot_ready", []string{"part=slack"}, 1},
	} {
		if families[want.name] == nil {
			t.Errorf("%s is not told", want.name)
		} else if got := total(families[want.name], want.labels...); got != want.value {
			t.Errorf("%s%v is %v, want %v", want.name, want.labels, got, want.value)
		}
	}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if v := l.GetValue(); strings.Contains(v, channel) || strings.Contains(v, s.world.Slack().Team()) || len(v) > 80 && l.GetName() != "version" {
					t.Errorf("the label %s=%q of %s grows with use", l.GetName(), v, name)
				}
			}
		}
	}
}

// TestEventsAreCounted tells the metrics of what a scene cannot have at will.
func TestEventsAreCounted(t *testing.T) {
	m := newMetrics()
	due := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	m.sent(deliver.Event{
		Place: store.Place{Platform: store.Discord}, Took: time.Second, Failure: &notify.Failure{Kind: notify.Throttled, Scope: notify.ScopePlatform},
		Settlement: store.Settlement{Outcome: store.OutcomeReleased},
	})
	m.sent(deliver.Event{
		Place: store.Place{Platform: store.Discord}, Delivery: store.Delivery{Kind: store.DeliveryDigest, Key: "digest:" + due.Format(time.RFC3339)},
		Settlement: store.Settlement{Outcome: store.OutcomeSent, At: due.Add(time.Minute)},
	})
	m.sent(deliver.Event{
		Place: store.Place{Platform: store.Discord}, Delivery: store.Delivery{Kind: store.DeliveryDigest, Key: "digest:by-hand"},
		Settlement: store.Settlement{Outcome: store.OutcomeSent, At: due},
	})
	m.sent(deliver.Event{
		Place: store.Place{Platform: store.Discord}, Stale: true, Delivery: store.Delivery{Kind: store.DeliveryAlert}, StoredAt: due,
		Settlement: store.Settlement{Outcome: store.OutcomeSent, At: due},
	})
	m.fed(feed.Event{Added: 2})
	m.fed(feed.Event{Unchanged: true})
	m.failed(sqlstore.ProblemBusy)
	gathered, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	families := map[string]*dto.MetricFamily{}
	for _, f := range gathered {
		families[f.GetName()] = f
	}
	for _, want := range []struct {
		name, label string
		value       float64
	}{
		{"sparkbot_throttled_total", "scope=platform", 1},
		{"sparkbot_digest_lateness_seconds", "platform=discord", 1},
		{"sparkbot_delivery_seconds", "platform=discord", 0},
		{"sparkbot_sends_total", "outcome=sent", 2},
		{"sparkbot_feed_moves_total", "change=added", 2},
		{"sparkbot_feed_reads_total", "outcome=unchanged", 1},
		{"sparkbot_database_errors_total", "problem=busy", 1},
	} {
		if got := total(families[want.name], want.label); got != want.value {
			t.Errorf("%s{%s} is %v, want %v", want.name, want.label, got, want.value)
		}
	}
}

var metricName = regexp.MustCompile(`\b(?:sparkbot|go|process)_[a-z_]+[a-z]\b`)

// TestDashboardAndRulesNameMetricsThatExist holds what stands in docs against the
// metrics themselves.
func TestDashboardAndRulesNameMetricsThatExist(t *testing.T) {
	m := newMetrics()
	known := map[string]bool{}
	descriptions := describe(m, t)
	for _, name := range descriptions {
		known[name] = true
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			known[name+suffix] = true
		}
	}
	docs := filepath.Join("..", "..", "..", "docs")
	dashboard, err := os.ReadFile(filepath.Join(docs, "grafana", "sparkbot.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(dashboard) {
		t.Error("the dashboard is no JSON")
	}
	rules, err := os.ReadFile(filepath.Join(docs, "prometheus", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for what, text := range map[string]string{"the dashboard": string(dashboard), "the rules": string(rules)} {
		for _, name := range metricName.FindAllString(text, -1) {
			used[name] = true
			if !known[name] {
				t.Errorf("%s names %s, which does not exist", what, name)
			}
		}
	}
	for _, name := range descriptions {
		shown := used[name] || used[name+"_bucket"] || used[name+"_count"]
		if strings.HasPrefix(name, "sparkbot_") && !shown {
			t.Errorf("%s stands neither in the dashboard nor in the rules", name)
		}
	}
}

var described = regexp.MustCompile(`fqName: "([^"]+)"`)

// describe gives the names of all metrics there are, those of a bot included.
func describe(m *metrics, t *testing.T) (names []string) {
	t.Helper()
	w := storetest.NewWorld(t, storetest.SQLite(t))
	m.watch(&App{db: w.DB, now: time.Now})
	for _, d := range descriptions(m.registry) {
		names = append(names, described.FindStringSubmatch(d.String())[1])
	}
	return names
}

// descriptions asks the registry for those of all its collectors.
func descriptions(r *prometheus.Registry) (all []*prometheus.Desc) {
	ch := make(chan *prometheus.Desc)
	go func() {
		defer close(ch)
		r.Describe(ch)
	}()
	for d := range ch {
		all = append(all, d)
	}
	return all
}
