package app

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"sparkbot/bot/sandbox"
	"sparkbot/config"
	"sparkbot/store/storetest"
)

func TestDoctorSaysWhatToMend(t *testing.T) {
	world, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = world.Close() }()
	url := storetest.SQLite(t)
	examine := func(change ...string) (bool, string) {
		t.Helper()
		c, err := config.Load(config.Source{File: os.DevNull, Environ: append(environment(url, world, false), change...)})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		return Doctor(t.Context(), c, &out), out.String()
	}
	if ok, text := examine(); ok || !strings.Contains(text, "sparkbot migrate up") {
		t.Errorf("without a schema:\n%s", text)
	}
	storetest.NewWorld(t, url)
	if ok, text := examine(); !ok || strings.Count(text, " ok\n") != 4 {
		t.Errorf("with everything well:\n%s", text)
	}
	if ok, text := examine("SPARKBOT_DISCORD_TOKEN=hunter2", "SPARKBOT_SLACK_BOT_TOKEN=hunter2"); ok ||
		!strings.Contains(text, "set SPARKBOT_DISCORD_TOKEN") || !strings.Contains(text, "set SPARKBOT_SLACK_BOT_TOKEN") || strings.Contains(text, "hunter2") {
		t.Errorf("with wrong tokens:\n%s", text)
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
	if err := s.app.db.Close(); err != nil {
		t.Fatal(err)
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
