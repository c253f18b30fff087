package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
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

// visitor looks at a page in a real browser and remembers what that complains
// about.
type visitor struct {
	*testing.T
	tab        context.Context
	mu         sync.Mutex
	complaints []string
}

// screen is what a visitor sees with.
type screen struct {
	width, height int64
	dark, phone   bool
	still         bool // motion is reduced
}

var desktop = screen{width: 1440, height: 900}

// visit opens an address; the tab is closed when the test ends.
func visit(t *testing.T, address string, on screen) *visitor {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser(t)), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.CombinedOutput(&bytes.Buffer{}))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	tab, cancel := context.WithTimeout(tab, 5*time.Minute)
	t.Cleanup(cancel)
	v := &visitor{T: t, tab: tab}
	chromedp.ListenTarget(tab, v.listen)
	colours, motion := "light", "no-preference"
	if on.dark {
		colours = "dark"
	}
	if on.still {
		motion = "reduce"
	}
	v.do("open "+address,
		emulation.SetDeviceMetricsOverride(on.width, on.height, 1, on.phone),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: motion}}),
		chromedp.Navigate(address))
	return v
}

func (v *visitor) listen(e any) {
	said := ""
	switch e := e.(type) {
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Error()
	case *runtime.EventConsoleAPICalled:
		said = string(e.Type)
		for _, a := range e.Args {
			said += " " + string(a.Value)
		}
	case *log.EventEntryAdded:
		said = e.Entry.Text + " " + e.Entry.URL
	}
	if said != "" {
		v.mu.Lock()
		v.complaints = append(v.complaints, said)
		v.mu.Unlock()
	}
}

// satisfied checks that the browser had nothing to complain about.
func (v *visitor) satisfied() {
	v.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.complaints) > 0 {
		v.Errorf("the browser complains:\n%s", strings.Join(v.complaints, "\n"))
	}
}

func (v *visitor) do(what string, actions ...chromedp.Action) {
	v.Helper()
	if err := chromedp.Run(v.tab, actions...); err != nil {
		v.Fatalf("%s: %v", what, err)
	}
}

// ask gives what a script comes to.
func ask[T any](v *visitor, script string) T {
	v.Helper()
	var answer T
	v.do(script, chromedp.Evaluate(script, &answer))
	return answer
}

// waits polls until a script is true.
func (v *visitor) waits(what, script string) {
	v.Helper()
	if err := chromedp.Run(v.tab, chromedp.Poll(script, nil, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		v.Fatalf("wait until %s: %v; the page reads:\n%s", what, err, ask[string](v, `document.body.innerText`))
	}
}

// reads waits until the element shows a text.
func (v *visitor) reads(selector, want string) {
	v.Helper()
	v.waits(selector+" reads "+want, fmt.Sprintf(`document.querySelector(%q)?.innerText.includes(%q)`, selector, want))
}

// press clicks the first button below a selector that has the label.
func (v *visitor) press(within, label string) {
	v.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].flatMap(e => [...e.querySelectorAll("button, summary")]).find(b => b.innerText.trim() === %q)`, within, label)
	v.waits("there is a button "+label, find+` !== undefined`)
	v.do("press "+label, chromedp.Evaluate(find+`.click()`, nil))
}

// types enters a text in place of what a field holds.
func (v *visitor) types(selector, text string) {
	v.Helper()
	v.do("type "+text, chromedp.Focus(selector, chromedp.ByQuery),
		chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).select()`, selector), nil), chromedp.KeyEvent(text))
}

// setMenu chooses an option of a menu, as a visitor does.
func setMenu(selector, value string) chromedp.Action {
	return chromedp.Evaluate(fmt.Sprintf(`(() => {
		const menu = document.querySelector(%q);
		menu.value = %q;
		menu.dispatchEvent(new Event("change", { bubbles: true }));
	})()`, selector, value), nil)
}
