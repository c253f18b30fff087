package app

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"sparkbot/bot/sandbox"
	"sparkbot/store/storetest"
)

// browser finds Chromium. In CI it must be there; elsewhere its absence is said
// loudly.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium to test the page in; .ci/run installs it")
	}
	t.Log("\n*** THE PAGE IS NOT TESTED: install chromium")
	t.SkipNow()
	return ""
}

// TestPage looks at the demo's page in a real browser: what is posted appears, a
// command typed there is answered, a button works, and a hostile title stays
// text.
func TestPage(t *testing.T) {
	path := browser(t)
	s := stage(t, storetest.SQLite(t), false)
	onDiscord, onSlack := s.world.Discord().AddChannel("news"), s.world.Slack().AddChannel("news")
	s.discordSays(onDiscord, "/sparkbot subscribe everything:true")
	s.slackSays(onSlack, "/spark subscribe everything")

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1300, 1000),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.CombinedOutput(&bytes.Buffer{}))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	defer stop()
	tab, closeTab := chromedp.NewContext(allocator)
	defer closeTab()
	tab, cancel := context.WithTimeout(tab, time.Minute)
	defer cancel()
	var mu sync.Mutex
	var complaints []string
	chromedp.ListenTarget(tab, func(e any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := e.(type) {
		case *runtime.EventExceptionThrown:
			complaints = append(complaints, e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			complaints = append(complaints, string(e.Type))
		}
	})
	do := func(what string, actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(tab, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	var seen string
	reads := func(selector, want string) {
		t.Helper()
		do("wait for "+want, chromedp.Poll(`document.querySelector("`+selector+`")?.innerText.includes("`+want+`")`, nil, chromedp.WithPollingTimeout(20*time.Second)))
	}

	do("open the page", chromedp.Navigate(s.world.URL()), chromedp.WaitVisible(".channel.slack input"))
	storeSpark(t, s.url, "session", "<img/src=x/onerror=alert(1)><script>")
	for _, channel := range []string{".channel.discord", ".channel.slack"} {
		reads(channel, "<img/src=x/onerror=alert(1)><script>")
		reads(channel, "SPARK")
	}
	var injected int
	do("look for what was injected", chromedp.Evaluate(`document.querySelectorAll(".log script, .log [onerror], .log [src=x]").length`, &injected))
	if injected != 0 {
		t.Error("a title became part of the page")
	}
	do("type on Slack", chromedp.SendKeys(".channel.slack input", "/spark session\r"))
	reads(".channel.slack", "Recent moves")
	do("type on Discord", chromedp.SendKeys(".channel.discord input", "/spark project:session\r"))
	reads(".channel.discord", "Recent moves")
	do("press a button", chromedp.Click(`//section[contains(@class,"slack")]//button[text()="Mute a day"]`, chromedp.BySearch))
	reads(".channel.slack", "muted until")
	reads(".channel.slack", "Only visible to you")
	do("read the page", chromedp.Text("main", &seen))
	if strings.Contains(seen, "undefined") || strings.Contains(seen, "[object") {
		t.Errorf("the page shows what is no text:\n%s", seen)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(complaints) > 0 {
		t.Errorf("the browser complains: %v", complaints)
	}
}

// TestPageIsForThisMachineAlone asks for it as a page elsewhere would.
func TestPageIsForThisMachineAlone(t *testing.T) {
	world, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = world.Close() }()
	for _, foreign := range []func(*http.Request){
		func(r *http.Request) { r.Host = "evil.example:80" },
		func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, world.URL()+"/page/state", nil)
		if err != nil {
			t.Fatal(err)
		}
		foreign(r)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("the page answers %d to a page elsewhere", resp.StatusCode)
		}
	}
}
