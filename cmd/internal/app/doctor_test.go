package app

import (
	"encoding/base64"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/config"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// patient is a configuration, a database and a sandbox to examine.
type patient struct {
	t     *testing.T
	url   string
	world *sandbox.Sandbox
	http  bool
	now   func() time.Time
	free  func(dir string) (bytes uint64, known bool)
}

func newPatient(t *testing.T, url string) *patient {
	world, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	return &patient{t: t, url: url, world: world, now: time.Now, free: freeBytes}
}

// examine gives the verdict and the report.
func (p *patient) examine(change ...string) (bool, string) {
	p.t.Helper()
	c, err := config.Load(config.Source{File: os.DevNull, Environ: append(environment(p.url, p.world, p.http), change...)})
	if err != nil {
		p.t.Fatal(err)
	}
	var out strings.Builder
	healthy := (&doctor{c: c, w: &out, now: p.now, free: p.free, healthy: true}).examine(p.t.Context())
	if strings.Contains(out.String(), "hunter2") {
		p.t.Errorf("the report shows a secret:\n%s", out.String())
	}
	return healthy, out.String()
}

func TestDoctorFindsNothingWrong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		p := newPatient(t, url)
		w := storetest.NewWorld(t, url)
		if _, err := w.DB.EnsurePlace(t.Context(), store.Place{Platform: store.Slack, Workspace: p.world.Slack().Team(), Channel: p.world.Slack().AddChannel("news")}); err != nil {
			t.Fatal(err)
		}
		w.MustExec("INSERT INTO subscriptions (place_id, kind, value, events) SELECT id, 'everything', '', 1 FROM places")
		healthy, text := p.examine()
		kind := []string{"disk"}
		if !strings.HasPrefix(url, "sqlite:") {
			kind = []string{"notifications", "database clock"}
		}
		for _, name := range append(kind, "database", "schema", "discord token", "discord intents", "discord commands", "slack token", "slack scopes", "discord clock", "slack clock", "places") {
			if !regexp.MustCompile(`(?m)^` + name + ` +ok`).MatchString(text) {
				t.Errorf("%s is not well", name)
			}
		}
		if !healthy || strings.Contains(text, "FAILED") {
			t.Errorf("with everything well:\n%s", text)
		}
	})
}

// TestDoctorSaysWhatToMend breaks one thing at a time.
func TestDoctorSaysWhatToMend(t *testing.T) {
	for _, tc := range []struct {
		name    string
		without bool // a schema
		harm    func(p *patient) []string
		want    []string
	}{
		{"no schema", true, func(*patient) []string { return nil }, []string{"schema", "sparkbot migrate up"}},
		{"wrong tokens", false, func(*patient) []string {
			return []string{"SPARKBOT_DISCORD_TOKEN=hunter2", "SPARKBOT_SLACK_BOT_TOKEN=hunter2"}
		}, []string{"set SPARKBOT_DISCORD_TOKEN", "set SPARKBOT_SLACK_BOT_TOKEN"}},
		{"missing scopes", false, func(p *patient) []string {
			for range 2 { // the token and the scopes are asked for one after the other
				p.world.Slack().Fail(sandbox.Fault{
					Path: "auth.test", Status: 200, Header: map[string]string{"X-OAuth-Scopes": "commands,chat:write"},
					Body: `{"ok":true,"team_id":"` + p.world.Slack().Team() + `","user_id":"U1","bot_id":"B1"}`,
				})
			}
			return nil
		}, []string{"slack scopes", "installed without chat:write.public", "reinstall the app"}},
		{"an endpoint that takes the commands away", false, func(p *patient) []string {
			for range 3 {
				p.world.Discord().Fail(sandbox.Fault{Path: "applications/@me", Status: 200, Body: `{"id":"` + p.world.Discord().ApplicationID() + `","interactions_endpoint_url":"https://x.org"}`})
			}
			return nil
		}, []string{"discord commands", "empty that field under General Information"}},
		{"another application's key", false, func(p *patient) []string {
			p.http = true
			return []string{"SPARKBOT_DISCORD_PUBLIC_KEY=" + strings.Repeat("ab", 32)}
		}, []string{"discord commands", "another application"}},
		{"a channel that does not take the bot", false, func(p *patient) []string {
			db, err := openOutside(p.url)
			if err != nil {
				p.t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			for _, query := range []string{
				"INSERT INTO places (platform, workspace, channel) VALUES ('slack', '" + p.world.Slack().Team() + "', 'C0NOTTHERE')",
				"INSERT INTO subscriptions (place_id, kind, value, events) SELECT id, 'everything', '', 1 FROM places",
			} {
				if _, err := db.Exec(query); err != nil {
					p.t.Fatal(err)
				}
			}
			return nil
		}, []string{"slack place", "C0NOTTHERE"}},
		{"a clock that is off", false, func(p *patient) []string {
			p.now = func() time.Time { return time.Now().Add(10 * time.Minute) }
			return nil
		}, []string{"discord clock", "slack clock", "off slack's", "timedatectl set-ntp true"}},
		{"a full disk", false, func(p *patient) []string {
			p.free = func(string) (uint64, bool) { return 99 << 20, true }
			return nil
		}, []string{"disk ", "99 MiB left", "make room, or move it by database.url"}},
		{"an address that leads elsewhere", false, func(p *patient) []string {
			return []string{"SPARKBOT_HTTP_PUBLIC_URL=" + p.world.URL()}
		}, []string{"public address", "http.public_url leads to http.listen"}},
		{"OAuth without TLS", false, func(p *patient) []string {
			p.http = true
			return []string{
				"SPARKBOT_SLACK_BOT_TOKEN=", "SPARKBOT_SLACK_CLIENT_ID=1.2", "SPARKBOT_SLACK_CLIENT_SECRET=hunter2",
				"SPARKBOT_SECRET_KEY=" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "SPARKBOT_HTTP_PUBLIC_URL=http://127.0.0.1:1",
			}
		}, []string{"public address", "must begin with https://"}},
		{"nobody at the address", false, func(*patient) []string { return []string{"SPARKBOT_HTTP_PUBLIC_URL=http://127.0.0.1:1"} }, []string{"public address", "start `sparkbot serve`"}},
		{"a feed of a project that is not there", false, func(*patient) []string {
			return []string{"SPARKBOT_SOURCES=[{project: nobody, url: \"https://x.org/feed?key=hunter2\"}]"}
		}, []string{"feeds", `no project "nobody" for https://x.org/feed`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPatient(t, storetest.SQLite(t))
			if !tc.without {
				storetest.NewWorld(t, p.url)
			}
			healthy, text := p.examine(tc.harm(p)...)
			if healthy {
				t.Error("nothing is said to be wrong")
			}
			for _, want := range tc.want {
				if !strings.Contains(text, want) {
					t.Errorf("the report lacks %q:\n%s", want, text)
				}
			}
			if failed := strings.Count(text, "FAILED"); failed > 2 {
				t.Errorf("%d things are said to be wrong:\n%s", failed, text)
			}
		})
	}
}

// TestDoctorComparesTheDatabasesClock stands an hour ahead of a server, as a
// machine whose clock nobody sets.
func TestDoctorComparesTheDatabasesClock(t *testing.T) {
	p := newPatient(t, storetest.Postgres(t))
	storetest.NewWorld(t, p.url)
	p.now = func() time.Time { return time.Now().Add(time.Hour) }
	healthy, text := p.examine()
	if healthy || !regexp.MustCompile(`(?m)^database clock +FAILED .*1h0m[0-9]s off the database's.*timedatectl`).MatchString(text) {
		t.Errorf("an hour is not told:\n%s", text)
	}
}

func TestDoctorKnowsAFullDisk(t *testing.T) {
	for _, tc := range []struct {
		free uint64
		size int64
		ok   bool
	}{{200 << 20, 0, true}, {99 << 20, 0, false}, {200 << 20, 10 << 30, false}, {2 << 30, 10 << 30, true}} {
		if err := enough(tc.free, tc.size, "/var/lib/sparkbot"); (err == nil) != tc.ok {
			t.Errorf("%d free beside %d: %v", tc.free, tc.size, err)
		} else if err != nil && !strings.Contains(err.Error(), "make room") {
			t.Errorf("it does not say the mend: %v", err)
		}
	}
	if _, known := freeBytes(t.TempDir()); !known {
		t.Error("this machine's disk is not known")
	}
}

func TestReadyNamesThePartThatIsNot(t *testing.T) {
	s := stage(t, storetest.SQLite(t), true)
	if err := s.app.Ready(t.Context()); err != nil {
		t.Errorf("with everything well: %v", err)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/nothing": 404} {
		if got := status(t, "http://"+s.app.Addr()+path); got != want {
			t.Errorf("%s answers %d, want %d", path, got, want)
		}
	}
	for part, said := range parts(t, s.app) {
		if said != "ok" {
			t.Errorf("%s says %q", part, said)
		}
	}
	db, err := openOutside(s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("DELETE FROM goose_db_version WHERE version_id = 12"); err != nil {
		t.Fatal(err)
	}
	s.app.schemaSeen.Store(false)
	if said := parts(t, s.app); !strings.Contains(said["schema"], "sparkbot migrate up") || said["database"] != "ok" {
		t.Errorf("without a migration the parts say %v", said)
	}
	if err := s.app.db.Close(); err != nil {
		t.Fatal(err)
	}
	if said := parts(t, s.app); !strings.Contains(said["database"], "does not answer") || said["slack"] != "ok" {
		t.Errorf("without a database the parts say %v", said)
	}
	if got := status(t, "http://"+s.app.Addr()+"/readyz"); got != 503 {
		t.Errorf("without a database /readyz answers %d", got)
	}
	if got := status(t, "http://"+s.app.Addr()+"/healthz"); got != 200 {
		t.Errorf("without a database /healthz answers %d", got)
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// parts is what /readyz says of each.
func parts(t *testing.T, a *App) map[string]string {
	t.Helper()
	_, body := ready(t.Context(), a.checks())
	return body.Parts
}
