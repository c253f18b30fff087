package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestThePageIsBuiltFromItsSources compares the digest that the build wrote with
// the sources as they are, so that nobody forgets `make page`.
func TestThePageIsBuiltFromItsSources(t *testing.T) {
	files := []string{"build.mjs", "package.json", "package-lock.json"}
	err := filepath.WalkDir("page/src", func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, relErr := filepath.Rel("page", name)
			files, err = append(files, filepath.ToSlash(rel)), relErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	digest := sha256.New()
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join("page", name))
		if err != nil {
			t.Fatal(err)
		}
		digest.Write([]byte(name + "\n"))
		digest.Write(text)
		digest.Write([]byte("\n"))
	}
	built, err := os.ReadFile("page/dist/sources.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(digest.Sum(nil)); got != strings.TrimSpace(string(built)) {
		t.Errorf("the page was built from other sources; run make page and commit page/dist")
	}
}

// firstView is what may be loaded before a visitor sees the page, in bytes on
// the wire.
const firstView = 300_000

// TestTheFirstViewIsSmall adds up what a browser loads at first.
func TestTheFirstViewIsSmall(t *testing.T) {
	s := open(t)
	s.Discord().AddChannel("c")
	names := []string{"/", "/page/state"}
	entries, err := pageFiles.ReadDir("page/dist")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); name != "index.html" && name != "LICENSES.txt" && name != "sources.sha256" {
			names = append(names, "/page/assets/"+name)
		}
	}
	total := 0
	for _, name := range names {
		total += len(wire(t, s.URL()+name))
	}
	t.Logf("%d bytes in %d files", total, len(names))
	if total > firstView || total < 50_000 {
		t.Errorf("the first view is %d bytes compressed, want at most %d", total, firstView)
	}
}

// wire gives what stands on the wire, compressed where the page is.
func wire(t *testing.T, address string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip") // set by hand, so the answer stays as it is
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", address, resp.StatusCode, err)
	}
	if kind := resp.Header.Get("Content-Type"); kind == "" || strings.HasPrefix(kind, "application/octet-stream") {
		t.Errorf("%s has the type %q", address, kind)
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe-inline") {
		t.Errorf("%s has the policy %q", address, policy)
	}
	return body
}

// TestARawMessageHasAnAddress posts on both platforms and reads the JSON back
// untouched.
func TestARawMessageHasAnAddress(t *testing.T) {
	s := open(t)
	onDiscord, onSlack := s.Discord().AddChannel("c"), s.Slack().AddChannel("c")
	ask(t, http.MethodPost, s.Discord().URL()+"/api/v10/channels/"+onDiscord+"/messages", "Bot "+s.Discord().Token(), `{"content":"<b>x</b>","nonce":"n1"}`)
	ask(t, http.MethodPost, s.Slack().URL()+"chat.postMessage", "Bearer "+s.Slack().BotToken(), `{"channel":"`+onSlack+`","text":"hello"}`)
	for address, want := range map[string]string{
		"/raw/discord/" + s.Discord().Messages(onDiscord)[0].ID:                   `{"content":"<b>x</b>","nonce":"n1"}`,
		"/raw/slack/" + s.Slack().Messages(onSlack)[0].ID + "?channel=" + onSlack: `{"blocks":null,"text":"hello"}`,
	} {
		status, text := ask(t, http.MethodGet, s.URL()+address, "", "")
		var got, wanted any
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(wanted)
		if status != http.StatusOK || string(a) != string(b) {
			t.Errorf("%s: status %d, %s", address, status, text)
		}
	}
	if status, text := ask(t, http.MethodGet, s.URL()+"/raw/slack/1.000001?channel="+onSlack, "", ""); status != http.StatusNotFound || !strings.Contains(text, "no such message") {
		t.Errorf("an unknown message: status %d, %s", status, text)
	}
}

// TestTheFeedCarriesTheMessage reads the stream of events as the page does.
func TestTheFeedCarriesTheMessage(t *testing.T) {
	s := open(t)
	channel := s.Discord().AddChannel("c")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/page/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	ask(t, http.MethodPost, s.Discord().URL()+"/api/v10/channels/"+channel+"/messages", "Bot "+s.Discord().Token(), `{"content":"news"}`)
	s.Tell(map[string]int{"moves": 1})
	seen := ""
	for buffer := make([]byte, 4096); !strings.Contains(seen, `"told"`); {
		n, err := resp.Body.Read(buffer)
		if seen += string(buffer[:n]); err != nil {
			t.Fatalf("the stream ended with %v after %q", err, seen)
		}
	}
	for _, want := range []string{`"kind":"posted"`, `"body":{"content":"news"}`, `"data":{"moves":1}`} {
		if !strings.Contains(seen, want) {
			t.Errorf("the stream lacks %s: %q", want, seen)
		}
	}
}
