package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sparkbot/store"
	"sparkbot/store/storetest"
)

// TestAReleaseInAFeedIsHeard has a feed of real form read over real HTTP, by the
// bot as it is configured.
func TestAReleaseInAFeedIsHeard(t *testing.T) {
	before, err := os.ReadFile(filepath.Join("..", "..", "..", "store", "feed", "testdata", "github.xml"))
	if err != nil {
		t.Fatal(err)
	}
	release := strings.NewReplacer("123456789/v2.0.0<", "123456789/v3.0.0<", "tag/v2.0.0\"", "tag/v3.0.0\"", "Desktop v2.0.0", "Desktop v3.0.0",
		"2026-08-20T06:12:33Z", time.Now().UTC().Format(time.RFC3339))
	var mu sync.Mutex
	body := string(before)
	published := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(published.Close)
	s := stage(t, storetest.SQLite(t), true, "SPARKBOT_SOURCES_ALLOW_PRIVATE=127.0.0.1/32",
		`SPARKBOT_SOURCES=[{project: session, url: "`+published.URL+`/releases.atom", kind: github, sparks: {semver: major}, title: "{project} {version}"}]`)
	channel := s.world.Slack().AddChannel("news")
	s.slackSays(channel, "/spark subscribe session")
	key := "session " + published.URL + "/releases.atom"
	state := func() (st store.FeedState) {
		states, err := s.app.db.FeedStates(t.Context(), []string{key})
		if err != nil {
			t.Fatal(err)
		}
		return states[key]
	}
	eventually(t, "the feed is read", 10*time.Second, func() bool { return !state().ReadAt.IsZero() })

	mu.Lock()
	body = release.Replace(body)
	mu.Unlock()
	source := s.app.feeds.Sources()[0]
	if st := s.app.feeds.Once(t.Context(), source, state()); st.Problem != "" {
		t.Fatal(st.Problem)
	}
	eventually(t, "the release reaches the channel", 10*time.Second, func() bool {
		return mentions(s.world.Slack().Messages(channel), "Session 3.0.0") == 1
	})
	for _, m := range s.world.Slack().Messages(channel) {
		if strings.Contains(m.Text, "2.0.0") {
			t.Errorf("what was in the feed before is told: %s", m.Text)
		}
	}
}
