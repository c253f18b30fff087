package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"sparkbot/config"
	"sparkbot/store/storetest"
)

// TestASparkStoredOverHTTPIsHeard asks for the API as the program serves it.
func TestASparkStoredOverHTTPIsHeard(t *testing.T) {
	s := stage(t, storetest.SQLite(t), true, "SPARKBOT_API_TOKEN=hunter2hunter2hunter2",
		"SPARKBOT_API_TOKENS=[{name: infra, token: limited-limited-limited, categories: [INFRA]}]")
	channel := s.world.Slack().AddChannel("news")
	s.slackSays(channel, "/spark subscribe session")
	move := `{"occurred_at":"` + time.Now().UTC().Format(time.RFC3339) + `","title":"funded over HTTP","source_url":"https://example.org/http","spark":true}`
	ask := func(token, method, path, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.app.Addr()+"/api/v1/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	if code, text := ask("limited-limited-limited", "POST", "projects/session/moves", move); code != 403 {
		t.Errorf("a token of another category: %d %s", code, text)
	}
	for n, want := range []int{201, 200} {
		if code, text := ask("hunter2hunter2hunter2", "POST", "projects/session/moves", move); code != want {
			t.Errorf("request %d: %d %s", n, code, text)
		}
	}
	eventually(t, "the spark reaches the channel", 10*time.Second, func() bool {
		return mentions(s.world.Slack().Messages(channel), "funded over HTTP") == 1
	})
	if code, text := ask("hunter2hunter2hunter2", "GET", "projects/session", ""); code != 200 || !strings.Contains(text, "funded over HTTP") || !strings.Contains(text, `"trend":`) {
		t.Errorf("reading it back: %d %s", code, text)
	}
}

func TestWithoutATokenTheAPIIsNotThere(t *testing.T) {
	c, err := config.Load(config.Source{File: os.DevNull, Environ: []string{"SPARKBOT_DATABASE_URL=" + storetest.SQLite(t), "SPARKBOT_HTTP_LISTEN=127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), c, Options{Log: storetest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	for _, path := range []string{"projects", "projects/session", "openapi.json"} {
		w := httptest.NewRecorder()
		a.server.http.Handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/"+path, nil))
		if w.Code != 404 {
			t.Errorf("GET %s → %d", path, w.Code)
		}
	}
}
