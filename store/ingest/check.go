package ingest

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"sparkbot/store"
)

// checkProject finds the first mistake in a project, its moves aside.
func checkProject(path string, p store.Project) error {
	switch {
	case p.Slug == "":
		return wrong(member(path, "slug"), "is missing; a slug is a to z, 0 to 9 and hyphens, 64 at most")
	case !store.ValidSlug(p.Slug):
		return wrong(member(path, "slug"), "%q is no slug; it begins with a to z or 0 to 9, then up to 63 of those and hyphens", p.Slug)
	case store.Reserved(p.Slug):
		return wrong(member(path, "slug"), "%q is a command; reserved are %s", p.Slug, strings.Join(store.ReservedWords(), ", "))
	case len(p.Tags) > store.MaxTags:
		return wrong(member(path, "tags"), "has %d tags; at most %d are allowed", len(p.Tags), store.MaxTags)
	case p.Curated != nil && !(*p.Curated >= 0 && *p.Curated <= 10):
		return wrong(member(path, "velocity"), "is %v; it must lie between 0 and 10", *p.Curated)
	}
	for _, f := range []struct {
		name, text string
		least      int
		most       int
	}{
		{"name", p.Name, 1, store.MaxName},
		{"category", p.Category, 0, store.MaxCategory},
		{"tagline", p.Tagline, 0, store.MaxLine},
		{"headline", p.Headline, 0, store.MaxLine},
		{"current_state", p.CurrentState, 0, store.MaxText},
		{"heading", p.Heading, 0, store.MaxText},
		{"prediction", p.Prediction, 0, store.MaxText},
	} {
		if err := checkText(member(path, f.name), f.text, f.least, f.most); err != nil {
			return err
		}
	}
	if err := checkURL(member(path, "url"), p.URL, false); err != nil {
		return err
	}
	return checkURL(member(path, "icon_url"), p.IconURL, false)
}

// checkMove finds the first mistake in a move.
func checkMove(path string, m store.Move) error {
	if m.OccurredAt.IsZero() {
		return wrong(member(path, "occurred_at"), "is missing; write it as RFC 3339, such as 2026-08-10T09:00:00Z")
	}
	if err := checkText(member(path, "title"), m.Title, 1, store.MaxLine); err != nil {
		return err
	}
	if err := checkText(member(path, "summary"), m.Summary, 0, store.MaxText); err != nil {
		return err
	}
	if err := checkText(member(path, "key"), m.Key, 0, store.MaxKey); err != nil {
		return err
	}
	return checkURL(member(path, "source_url"), m.SourceURL, true)
}

// checkText counts characters as the database does: in Unicode code points.
func checkText(path, text string, least, most int) error {
	switch n := utf8.RuneCountInString(text); {
	case least > 0 && strings.TrimSpace(text) == "":
		return wrong(path, "is missing or empty; it takes %d to %d characters", least, most)
	case n > most:
		return wrong(path, "has %d characters; at most %d are allowed", n, most)
	}
	return nil
}

func checkURL(path, text string, required bool) error {
	if text == "" {
		if required {
			return wrong(path, "is missing; give the http or https address of the source")
		}
		return nil
	}
	if n := utf8.RuneCountInString(text); n > store.MaxURL {
		return wrong(path, "has %d characters; at most %d are allowed", n, store.MaxURL)
	}
	u, err := url.Parse(text)
	web := strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
	if err != nil || !web || u.Host == "" || strings.ContainsAny(text, " \t\r\n<>\"") {
		return wrong(path, "%q is not an http or https address", text)
	}
	return nil
}
