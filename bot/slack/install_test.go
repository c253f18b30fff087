package slack

import (
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
)

// browser keeps cookies and follows where it is sent.
type browser struct {
	t      *testing.T
	client *http.Client
	last   *http.Response
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, client: &http.Client{Jar: jar}}
}

func (b *browser) get(address string) (int, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if b.last, err = b.client.Do(r); err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = b.last.Body.Close() }()
	text, err := io.ReadAll(b.last.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.last.StatusCode, html.UnescapeString(string(text))
}

// sent follows no redirect and gives where it would lead.
func (b *browser) sent(address string) *url.URL {
	b.t.Helper()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer func() { b.client.CheckRedirect = nil }()
	b.get(address)
	to, err := b.last.Location()
	if err != nil {
		b.t.Fatalf("%s leads nowhere: %v", address, err)
	}
	return to
}

func TestInstallingIsBoundToTheBrowser(t *testing.T) {
	o := openOffice(t, bottest.NewScript())
	team := o.slack.AddTeam("Acme & Sons")
	o.slack.NextConsent(sandbox.Consent{Team: team})
	b := newBrowser(t)
	consent := b.sent(o.url + InstallPath)
	for _, c := range b.last.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 600 || c.Path != "/slack" {
			t.Errorf("the cookie is %+v", c)
		}
	}
	if q := consent.Query(); q.Get("scope") != strings.Join(Scopes, ",") || len(q.Get("state")) < 40 || q.Get("redirect_uri") != o.url+CallbackPath {
		t.Errorf("the consent page is %s", consent)
	}
	back := b.sent(consent.String())
	// A stranger sends their own code to somebody else's browser.
	victim := newBrowser(t)
	if status, text := victim.get(back.String()); status != http.StatusForbidden || o.shelf.token(team) != "" {
		t.Errorf("another browser installs with status %d:\n%s", status, text)
	}
	victim.sent(o.url + InstallPath) // now it has a cookie, of another state
	if status, _ := victim.get(back.String()); status != http.StatusForbidden || o.shelf.token(team) != "" {
		t.Errorf("another browser with a cookie of its own installs with status %d", status)
	}
	status, text := b.get(back.String())
	if status != http.StatusOK || !strings.Contains(text, "installed in Acme & Sons") || o.shelf.token(team) != o.slack.TeamToken(team) {
		t.Errorf("the browser that began gets status %d:\n%s", status, text)
	}
	if policy := b.last.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(text, "<script") {
		t.Errorf("the page's policy is %q", policy)
	}
	if status, _ := b.get(back.String()); status != http.StatusForbidden {
		t.Errorf("the same way back works twice: status %d", status)
	}
	i := o.shelf.kept[team]
	if i.Name != "Acme & Sons" || i.InstalledBy == "" || i.BotUser == "" || len(i.Scopes) != len(Scopes) || i.InstalledAt.IsZero() {
		t.Errorf("what is kept is %+v", i)
	}
}

func TestStatesExpireAndOutliveAChangeOfKey(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := &Client{now: func() time.Time { return now }, oauth: OAuth{StateKeys: [][]byte{[]byte("present"), []byte("former")}}}
	s := newState(now)
	for _, tc := range []struct {
		name, cookie, value string
		after               time.Duration
		want                bool
	}{
		{"at once", s.signed([]byte("present")), s.value, 0, true},
		{"at the end", s.signed([]byte("present")), s.value, stateFor, true},
		{"too late", s.signed([]byte("present")), s.value, stateFor + time.Second, false},
		{"signed before the key was changed", s.signed([]byte("former")), s.value, 0, true},
		{"signed by nobody", s.signed([]byte("stranger")), s.value, 0, false},
		{"with another value", s.signed([]byte("present")), newState(now).value, 0, false},
		{"without a value", state{"", s.until}.signed([]byte("present")), "", 0, false},
		{"with its time made longer", strings.Replace(s.signed([]byte("present")), ".18", ".19", 1), s.value, 0, false},
		{"no cookie at all", "", s.value, 0, false},
	} {
		now = time.Unix(1_800_000_000, 0).Add(tc.after)
		if got := c.comesBack(tc.cookie, tc.value); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestInstallsThatCannotBe(t *testing.T) {
	for _, tc := range []struct {
		name    string
		consent sandbox.Consent
		do      func(o *office)
		status  int
		want    string
		revoked bool // no token may be left behind
	}{
		{"the member cancels", sandbox.Consent{Cancel: true}, nil, http.StatusOK, "Nothing was installed", false},
		{"a whole organization", sandbox.Consent{Org: true}, nil, http.StatusBadRequest, "workspace by workspace", true},
		{"tokens that expire", sandbox.Consent{Rotate: true}, nil, http.StatusBadRequest, "token rotation", true},
		{"the code is used up", sandbox.Consent{}, func(o *office) {
			o.slack.Fail(sandbox.Fault{Path: "oauth.v2.access", Status: 200, Body: `{"ok":false,"error":"code_already_used"}`})
		}, http.StatusBadRequest, "used already", false},
		{"the client secret is wrong", sandbox.Consent{}, func(o *office) { o.app.oauth.ClientSecret = "wrong" }, http.StatusBadGateway, "did not complete", false},
		{"Slack is away", sandbox.Consent{}, func(o *office) { o.slack.Fail(sandbox.Fault{Path: "oauth.v2.access", Status: 503}) }, http.StatusBadGateway, "did not complete", false},
		{"no scope to post", sandbox.Consent{}, func(o *office) {
			o.slack.Fail(sandbox.Fault{Path: "oauth.v2.access", Status: 200, Body: `{"ok":true,"access_token":"xoxb-1","token_type":"bot","scope":"users:read","team":{"id":"T1"}}`})
		}, http.StatusBadRequest, "scopes", false},
		{"the database is away", sandbox.Consent{}, func(o *office) { o.shelf.breaks(errors.New("hunter2")) }, http.StatusBadGateway, "did not complete", false},
		{"a flood", sandbox.Consent{}, func(o *office) { o.app.exchanges.SetBurst(0) }, http.StatusTooManyRequests, "Wait a minute", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := openOffice(t, bottest.NewScript())
			tc.consent.Team = o.slack.AddTeam("Acme")
			o.slack.NextConsent(tc.consent)
			if tc.do != nil {
				tc.do(o)
			}
			status, text := newBrowser(t).get(o.url + InstallPath)
			if status != tc.status || !strings.Contains(text, tc.want) || strings.Contains(text, "hunter2") {
				t.Errorf("status %d, want %d and %q:\n%s", status, tc.status, tc.want, text)
			}
			if o.shelf.token(tc.consent.Team) != "" || tc.revoked && o.slack.TeamToken(tc.consent.Team) != "" {
				t.Error("a token is left behind")
			}
		})
	}
}

func TestInstallingAgainTakesTheNewToken(t *testing.T) {
	s := bottest.NewScript()
	o := openOffice(t, s)
	team, channel := o.joined("Acme")
	if _, err := o.post(team, channel, "first"); err != nil {
		t.Fatal(err)
	}
	o.slack.RemoveSilently(team)
	if _, err := o.post(team, channel, "lost"); err == nil {
		t.Fatal("a post under a token that is gone was accepted")
	}
	o.slack.NextConsent(sandbox.Consent{Team: team})
	if status, _ := newBrowser(t).get(o.url + InstallPath); status != http.StatusOK {
		t.Fatalf("installing again: status %d", status)
	}
	if _, err := o.post(team, channel, "second"); err != nil {
		t.Errorf("after installing again: %v", err)
	}
}

// TestTheManifestAsksForOurScopes keeps what the pages ask for and what the
// manifest asks for one.
func TestTheManifestAsksForOurScopes(t *testing.T) {
	text, err := os.ReadFile("../../docs/slack-manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, bot, found := strings.Cut(string(text), "    bot:\n")
	if !found {
		t.Fatal("the manifest has no bot scopes")
	}
	var asked []string
	for _, m := range regexp.MustCompile(`(?m)^      - (\S+)`).FindAllStringSubmatch(bot, -1) {
		if strings.Contains(m[1], ":") || m[1] == "commands" {
			asked = append(asked, m[1])
		}
	}
	if got, want := strings.Join(asked, " "), strings.Join(Scopes, " "); got != want {
		t.Errorf("the manifest asks for %s, the install page for %s", got, want)
	}
}
