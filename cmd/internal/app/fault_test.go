package app

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/config"
	"sparkbot/notify/deliver"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// platformFails begins the line that says so.
const platformFails = "the platform fails"

// trouble is a running bot whose platforms, database or clock are made to fail.
type trouble struct {
	t        *testing.T
	url      string
	world    *sandbox.Sandbox
	proxy    *faultProxy
	app      *App
	ahead    atomic.Int64 // of the bot's clock, in nanoseconds
	log      journal
	channels map[string]store.Platform
}

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// count counts the lines in which a text stands.
func (j *journal) count(text string) int { return strings.Count(j.String(), text) }

const placesOfTrouble = 8

// troubled starts a bot with short leases that reaches its platforms through a
// proxy. The sandbox forgets nonces at once, so that they hide nothing.
func troubled(t *testing.T, url string) *trouble {
	t.Helper()
	s := &trouble{t: t, url: url}
	var err error
	if s.world, err = sandbox.Start(sandbox.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.world.Close() })
	s.world.Discord().SetGlobalLimit(1 << 20)
	s.world.Discord().SetRouteLimit(1<<20, time.Second)
	s.world.Discord().SetNonceWindow(0)
	s.world.Slack().SetChannelLimit(false)
	s.proxy = startProxy(t, s.world.URL())
	s.channels = subscribeMany(t, url, s.world, placesOfTrouble)
	environ := environment(url, s.world, false)
	for i, v := range environ {
		if strings.Contains(v, "_API_URL=") {
			environ[i] = strings.Replace(v, s.world.URL(), s.proxy.url(), 1)
		}
	}
	c, err := config.Load(config.Source{File: os.DevNull, Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	o := Options{
		Log:        slog.New(slog.NewTextHandler(&s.log, nil)),
		probeEvery: 100 * time.Millisecond,
		Now:        func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) },
		tune: func(d *deliver.Options) {
			d.Lease, d.SendTimeout, d.Budgets = 4*time.Second, time.Second, nil
			d.Limits = map[store.Platform]deliver.Limit{store.Discord: {}, store.Slack: {}}
		},
	}
	if s.app, err = New(ctx, c, o); err != nil {
		stop()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.app.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the bot ended with %v", err)
		}
		_ = s.app.Close()
		if t.Failed() {
			t.Logf("the bot said:\n%s", s.log.String())
		}
	})
	return s
}

// posts counts the requests that post.
func (s *trouble) posts() int {
	return s.world.Discord().Requests("POST /channels/*/messages") + s.world.Slack().Requests("chat.postMessage")
}

// arrived waits until every place has the sparks, and nothing is owed, and counts.
func (s *trouble) arrived(sparks ...string) {
	s.t.Helper()
	for _, spark := range sparks {
		eventually(s.t, "every place has "+spark, crashPatience, func() bool { return reached(s.world, s.channels, spark) == len(s.channels) })
	}
	eventually(s.t, "nothing is owed any more", crashPatience, func() bool { return owed(s.t, s.url) == 0 })
	if lost, doubled := tally(s.world, s.channels, sparks); lost+doubled > 0 {
		s.t.Errorf("lost %d, doubled %d", lost, doubled)
	}
}

// fail makes the next requests that post, on both platforms, meet a fault.
func (s *trouble) fail(discord, slack sandbox.Fault) {
	discord.Path, slack.Path = "/messages", "chat.postMessage"
	s.world.Discord().Fail(discord)
	s.world.Slack().Fail(slack)
}

func html(status int) sandbox.Fault {
	return sandbox.Fault{Status: status, Times: 6, Body: fmt.Sprintf("<html>%d</html>", status)}
}

func jsonFault(status int, body string, header ...string) sandbox.Fault {
	f := sandbox.Fault{Status: status, Times: 6, Body: body, Header: map[string]string{"Content-Type": "application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		f.Header[header[i]] = header[i+1]
	}
	return f
}

// TestFaults stores a spark while the platforms fail, and another when they are
// well. Whatever the fault: nothing is lost, nothing doubled, nobody asks in a
// loop, and the log says in one line what is wrong.
func TestFaults(t *testing.T) {
	const slowSlack = `{"ok":false,"error":"ratelimited"}`
	for _, f := range []struct {
		name  string
		begin func(s *trouble)
		line  string // stands in the log
		most  int    // times at most
	}{
		{"500", func(s *trouble) {
			s.fail(jsonFault(500, `{"message":"500: Internal Server Error","code":0}`), html(500))
		}, platformFails, 2},
		{"502", func(s *trouble) { s.fail(html(502), html(502)) }, platformFails, 2},
		{"503", func(s *trouble) { s.fail(html(503), html(503)) }, platformFails, 2},
		{"504", func(s *trouble) { s.fail(html(504), html(504)) }, platformFails, 2},
		{"429 of one route", func(s *trouble) {
			s.fail(jsonFault(429, `{"message":"You are being rate limited.","retry_after":0.3,"global":false}`, "Retry-After", "1"), jsonFault(429, slowSlack, "Retry-After", "1"))
		}, "a channel asks for a pause", 12},
		{"429 for everything", func(s *trouble) {
			s.fail(jsonFault(429, `{"message":"You are being rate limited.","retry_after":0.3,"global":true}`, "Retry-After", "1", "X-RateLimit-Global", "true"), jsonFault(429, slowSlack, "Retry-After", "1"))
		}, "the platform asks for a pause", 6},
		{"429 in HTML", func(s *trouble) {
			slow := html(429)
			slow.Header = map[string]string{"Retry-After": "1"}
			s.fail(slow, slow)
		}, "the platform asks for a pause", 12},
		{"ok:false with an error", func(s *trouble) {
			s.fail(html(503), jsonFault(200, `{"ok":false,"error":"service_unavailable"}`))
		}, "Slack is not available", 8},
		{"ok:false with an error that may hide a message", func(s *trouble) {
			s.fail(html(503), jsonFault(200, `{"ok":false,"error":"internal_error"}`))
		}, "may have posted the message", 8},
		{"ok:false without an error", func(s *trouble) { s.fail(html(503), jsonFault(200, `{"ok":false}`)) }, "Slack has a problem of its own", 8},
		{"a rate inside a 200", func(s *trouble) { s.fail(html(503), jsonFault(200, slowSlack)) }, "a channel asks for a pause", 12},
		{"an answer nobody can read", func(s *trouble) { s.fail(html(200), html(200)) }, platformFails, 2},
		{"an answer that is lost", func(s *trouble) {
			s.fail(sandbox.Fault{AfterAccept: true, Times: 4}, sandbox.Fault{AfterAccept: true, Times: 4})
		}, "a message that was in doubt had arrived", 8},
		{"nothing is reached", func(s *trouble) { s.proxy.set(refusing) }, platformFails, 2},
		{"half open", func(s *trouble) { s.proxy.set(silent) }, platformFails, 2},
		{"reset after the body was taken", func(s *trouble) { s.proxy.set(forgetful) }, "a message that was in doubt had arrived", 16},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := troubled(t, storetest.SQLite(t))
			f.begin(s)
			storeSpark(t, s.url, "session", "in-trouble")
			eventually(t, "the fault is met", crashPatience, func() bool { return s.posts() >= placesOfTrouble/2 || s.proxy.hits.Load() >= 4 })
			if !s.proxy.is(passing) {
				met := func() bool { return s.proxy.hits.Load() >= 8 }
				if f.line == platformFails { // which takes posts, not only attempts to log in
					met = func() bool { return s.log.count(f.line) > 0 }
				}
				eventually(t, "the fault is met again", crashPatience, met)
				s.proxy.set(passing)
			}
			storeSpark(t, s.url, "session", "afterwards")
			s.arrived("in-trouble", "afterwards")
			if n := s.log.count(f.line); n < 1 || n > f.most {
				t.Errorf("%q stands in the log %d times, want 1 to %d", f.line, n, f.most)
			}
			if n := s.posts(); n > 2*placesOfTrouble+30 {
				t.Errorf("%d posts for %d messages", n, 2*placesOfTrouble)
			}
		})
	}
}
