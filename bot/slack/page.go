package slack

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"

	"sparkbot/store"
)

// page is what a browser is shown after an install.
type page struct {
	Title, Text string
	Style       template.CSS
	Link        string // where to go from here
	LinkText    string
}

//go:embed page.css
var pageStyle string

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// pagePolicy lets a page use its own style and nothing else: no script, no
// frame, no address of anybody.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

func failurePage(text string) page {
	return page{Title: "sparkbot was not installed", Text: text, Link: InstallPath, LinkText: "Try again"}
}

func successPage(i store.Installation) page {
	name := i.Name
	if name == "" {
		name = i.Workspace
	}
	return page{
		Title:    "sparkbot is installed in " + name,
		Text:     "Go to a channel and type /spark subscribe with a project's name; /spark all lists what there is.",
		Link:     "https://slack.com/app_redirect?" + url.Values{"app": {i.App}, "team": {i.Workspace}}.Encode(),
		LinkText: "Open Slack",
	}
}

func (c *Client) show(w http.ResponseWriter, status int, p page) {
	if p.Link == InstallPath {
		p.Link = c.oauth.PublicURL + InstallPath
	}
	p.Style = template.CSS(pageStyle) //nolint:gosec // our own file
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := pageTemplate.Execute(w, p); err != nil {
		c.log.Warn("a page was not taken", "error", err)
	}
}
