package app

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sparkbot/bot/sandbox"
	"sparkbot/notify/compose"
	"sparkbot/store/storetest"
)

const (
	inDiscord = ".channel.discord"
	inSlack   = ".channel.slack"
)

// exhibit is a stage with its levers, one channel on each platform, and both
// subscribed to everything.
func exhibit(t *testing.T) *scene {
	browser(t)
	s := stage(t, storetest.SQLite(t), false)
	outside, err := newOutsider(s.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(outside.close)
	s.levers.open(s.world, s.app, outside)
	onDiscord, onSlack := s.world.Discord().AddChannel("news"), s.world.Slack().AddChannel("news")
	s.discordSays(onDiscord, "/sparkbot subscribe everything:true sparks:true digest:true")
	s.slackSays(onSlack, "/spark subscribe everything")
	return s
}

// TestPage is a visit: a spark stored from the panel appears in both channels,
// commands typed there are answered, a button mutes, and a hostile title stays
// text.
func TestPage(t *testing.T) {
	s := exhibit(t)
	v := visit(t, s.world.URL(), desktop)
	v.waits("the panel is there", `document.querySelector(".store [name=title]") !== null`)
	v.types(".store [name=title]", "A spark from the panel")
	v.press(".store", "Store it, with plain SQL")
	storeSpark(t, s.url, "session", "<img/src=x/onerror=alert(1)><script>")
	for _, channel := range []string{inDiscord, inSlack} {
		v.reads(channel, "A spark from the panel")
		v.reads(channel, "<img/src=x/onerror=alert(1)><script>")
		v.reads(channel, "SPARK")
	}
	for _, step := range []string{"noticed +", "queued +", "sent +", "discord #news", "slack #news"} {
		v.reads(".timeline", step)
	}
	if n := ask[int](v, `document.querySelectorAll("#app script, [onerror], [src=x]").length`); n != 0 {
		t.Error("a title became part of the page")
	}
	v.types(inSlack+" .s-input", "/spark session\r")
	v.reads(inSlack, "Recent moves")
	v.types(inDiscord+" .d-input", "/spark project:session\r")
	v.reads(inDiscord, "Recent moves")
	v.types(inSlack+" .s-input", "/spark all\r")
	v.reads(inSlack, "All projects")
	v.press(inSlack, "More ▶")
	v.waits("the page turns in place", `[...document.querySelectorAll(".s-message")].filter(m => m.innerText.includes("All projects")).length === 1 && document.querySelector(".channel.slack").innerText.includes("◀ Back")`)
	v.press(inSlack, "Mute a day")
	v.reads(inSlack, "muted until")
	v.reads(inSlack, "Only visible to you")
	v.press(inDiscord, "Mute a day")
	v.reads(inDiscord, "muted until")
	v.reads(inDiscord, "Only you can see this")
	v.press(inDiscord, "Dismiss message")
	v.waits("the private answer is gone", `!document.querySelector(".channel.discord").innerText.includes("Only you can see this")`)
	if seen := ask[string](v, `document.body.innerText`); strings.Contains(seen, "undefined") || strings.Contains(seen, "[object") {
		t.Errorf("the page shows what is no text:\n%s", seen)
	}
	v.satisfied()
}

// TestPageLevers breaks Slack and sees it recover, edits and retracts a move, and
// moves the clock.
func TestPageLevers(t *testing.T) {
	s := exhibit(t)
	v := visit(t, s.world.URL(), screen{width: 1440, height: 900, dark: true})
	v.press(`.breaker[aria-label="Break Slack"]`, "500")
	v.reads(".panel", "3 more will fail")
	title := ask[string](v, `document.querySelector(".store [name=title]").value`)
	v.press(".store", "Store it, with plain SQL")
	v.reads(inDiscord, title)
	v.reads(".queue", "waiting")
	v.reads(inSlack, title)
	v.reads(".timeline", "(4 attempts)")
	v.waits("nothing will fail any more", `!document.querySelector(".panel").innerText.includes("more will fail")`)
	v.reads(".queue", "Nothing waits.")

	v.press(".panel", "Edit or retract")
	v.press(".moves > li:first-child", "Edit")
	v.types(".moves [name=title]", "Told better")
	v.press(".moves > li:first-child", "Save")
	for _, channel := range []string{inDiscord, inSlack} {
		v.reads(channel, "Told better")
		v.waits("the old title is gone", fmt.Sprintf(`!document.querySelector(%q).innerText.includes(%q)`, channel, title))
	}
	v.waits("both say that it was edited", `[...document.querySelectorAll("discord-message")].some(m => m.edited) && document.querySelector(".s-edited") !== null`)
	v.press(".moves > li:first-child", "Retract")
	for _, channel := range []string{inDiscord, inSlack} {
		v.reads(channel, "This move was taken back")
	}

	velocity := ask[string](v, `document.querySelector(".store [name=project]").selectedOptions[0].text`)
	day := time.Now().AddDate(0, 0, 7).Format("January 2")
	v.press(".panel", "+1 week")
	v.reads(".clock", day) // the clock goes there in strides
	v.waits("the velocity has decayed", fmt.Sprintf(`document.querySelector(".store [name=project]").selectedOptions[0].text !== %q`, velocity))

	for _, channel := range []string{inDiscord, inSlack} {
		v.reads(channel, "Weekly digest") // it came due meanwhile
	}

	v.press(`.breaker[aria-label="Break Discord"]`, "Kick the bot")
	v.press(".store", "Store it, with plain SQL")
	v.reads(".queue", "discord #news is gone")
	v.press(`.breaker[aria-label="Break Discord"]`, "Let it back")
	v.types(inDiscord+" .d-input", "/sparkbot test \r")
	v.reads(inDiscord, "A test from sparkbot")
	v.satisfied()
}

// TestPageByKeyboard goes from the address bar to a card without a mouse.
func TestPageByKeyboard(t *testing.T) {
	s := exhibit(t)
	v := visit(t, s.world.URL(), screen{width: 1440, height: 900, still: true})
	v.waits("the composer is there", `document.querySelector(".d-input") !== null`)
	reached := false
	for range 80 {
		v.do("press Tab", chromedp.KeyEvent(kb.Tab))
		if reached = ask[bool](v, `document.activeElement.classList.contains("d-input")`); reached {
			break
		}
	}
	if !reached {
		t.Fatal("the composer cannot be reached by Tab")
	}
	v.do("choose the command", chromedp.KeyEvent("/spar"))
	v.reads(".suggestions", "/sparkbot mute")
	v.do("choose the first", chromedp.KeyEvent("\r"))
	v.waits("a chip has the focus", `document.activeElement.closest(".d-chip")?.innerText.includes("project")`)
	v.do("type a part", chromedp.KeyEvent("sess"))
	v.waits("the bot suggests the project", `document.querySelector(".suggestions [role=option]")?.innerText.includes("Session")`)
	v.do("choose it", chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent("\r"))
	v.waits("it stands in the chip", `document.querySelector(".d-chip input").value.includes("Session")`)
	v.do("send", chromedp.KeyEvent("\r"))
	v.reads(inDiscord, "Recent moves")
	if motion := ask[string](v, `getComputedStyle(document.querySelector(".d-message")).animationName`); motion != "none" {
		t.Errorf("messages move (%s) although motion is reduced", motion)
	}
	nameless := ask[[]string](v, `[...document.querySelectorAll("button, a, input, select, textarea, [role=log], section, aside")].filter(e =>
		!e.textContent.trim() && !e.querySelector("img[alt]:not([alt=\"\"])") && !e.getAttribute("aria-label") && !e.getAttribute("aria-labelledby") && !e.labels?.length).map(e => e.outerHTML.slice(0, 120))`)
	if len(nameless) > 0 {
		t.Errorf("a screen reader has no name for %s", strings.Join(nameless, "\n"))
	}
	v.satisfied()
}

// TestPageOnAPhone looks for anything that is wider than the screen.
func TestPageOnAPhone(t *testing.T) {
	s := exhibit(t)
	v := visit(t, s.world.URL(), screen{width: 375, height: 720, phone: true, dark: true})
	v.waits("the tabs are there", `document.querySelectorAll("[role=tab]").length === 3`)
	s.discordSays(s.world.Discord().Channels()[0].ID, "/spark project:session")
	s.slackSays(s.world.Slack().Channels()[0].ID, "/spark session")
	for tab, sign := range map[string]string{"Discord": "Recent moves", "Slack": "Recent moves", "Levers": "Store a move"} {
		v.press(".tabs", tab)
		v.waits(tab+" is shown", fmt.Sprintf(`[...document.querySelectorAll("main > *")].some(e => e.checkVisibility() && e.innerText.includes(%q))`, sign))
		if wide := ask[int](v, `Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll(".log, .panel, .top")].filter(e => e.checkVisibility()).map(e => e.scrollWidth))`); wide > 375 {
			t.Errorf("%s is %d pixels wide on a phone", tab, wide)
		}
	}
	v.satisfied()
}

// TestPagePreview draws every golden on both platforms.
func TestPagePreview(t *testing.T) {
	s := exhibit(t)
	goldens, err := compose.Goldens()
	if err != nil {
		t.Fatal(err)
	}
	v := visit(t, s.world.URL()+"/preview", desktop)
	v.waits("every golden is drawn", fmt.Sprintf(`document.querySelectorAll(".golden").length === %d`, len(goldens)))
	for _, g := range goldens {
		if n := ask[int](v, fmt.Sprintf(`[".d-container", ".s-content"].filter(s => document.getElementById(%q).querySelector(s)?.innerText.trim().length > 5).length`, g.Name)); n != 2 {
			t.Errorf("%s is drawn on %d platforms", g.Name, n)
		}
	}
	if wrong := ask[int](v, `document.querySelectorAll(".wrong").length`); wrong != 0 {
		t.Errorf("%d messages cannot be drawn", wrong)
	}
	v.satisfied()
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
