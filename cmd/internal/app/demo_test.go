package app

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sparkbot/store/storetest"
)

// spoken is what a demo says, readable while it speaks.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

var pageAddress = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// during runs a demo until do is done, and gives what it said.
func during(t *testing.T, o DemoOptions, do func(address string)) string {
	t.Helper()
	said := &spoken{}
	o.Out, o.Log = said, storetest.Log(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Demo(ctx, o) }()
	eventually(t, "the demo is up", 30*time.Second, func() bool { return strings.Contains(said.String(), "Ctrl-C") })
	do(pageAddress.FindString(said.String()))
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	return said.String()
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestADemoIsKept runs a demo three times in one directory: the second goes on
// where the first ended, its clock and messages with it, and the third is told to
// forget both.
func TestADemoIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	raw := regexp.MustCompile(`"id":"(\d{15,})","at"`)
	var id, before string
	first := during(t, DemoOptions{Keep: dir}, func(address string) {
		state := fetch(t, address+"/page/state")
		id = raw.FindStringSubmatch(state)[1]
		before = fetch(t, address+"/raw/discord/"+id)
		resp, err := http.Post(address+"/panel/lever", "application/json", strings.NewReader(`{"do":"clock","hours":24}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	})
	second := during(t, DemoOptions{Keep: dir}, func(address string) {
		if after := fetch(t, address+"/raw/discord/"+id); after != before || !strings.Contains(after, "components") {
			t.Errorf("the message at its permanent address was\n%s\nand is now\n%s", before, after)
		}
	})
	third := during(t, DemoOptions{Keep: dir, Reset: true}, func(string) {})
	for what, said := range map[string]struct {
		text string
		told bool
	}{"first": {first, true}, "second": {second, false}, "third": {third, true}} {
		if told := strings.Contains(said.text, "Stored     a spark of Session"); told != said.told {
			t.Errorf("the %s demo says:\n%s", what, said.text)
		}
	}
	if moved, err := os.ReadFile(filepath.Join(dir, "clock")); err != nil || string(moved) != "0s\n" {
		t.Errorf("after a reset the clock is %q ahead, %v", moved, err)
	}
}
