package feed

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
)

// Kinds of a feed, as a source names them.
const (
	Auto   = "auto" // found out from what is answered
	RSS    = "rss"
	Atom   = "atom"
	JSON   = "json"
	GitHub = "github" // a repository's address; its releases are read as Atom
)

// maxEntries is how many entries of one document are looked at, the first ones:
// feeds have the newest first.
const maxEntries = 500

// Document is a feed as it was read.
type Document struct {
	Title   string
	Home    string // the address of the page that the feed belongs to, or empty
	Entries []Entry
}

// Entry is one item of a feed, its texts clean.
type Entry struct {
	ID         string // guid or id; empty when there is none
	Link       string // absolute; empty when there is none
	Title      string // on one line
	Summary    string
	Author     string
	Categories []string
	At         time.Time // zero when it is not dated, or not sanely
}

// Address gives where a source of a kind is fetched.
func Address(kind, address string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(u.Hostname(), "github.com") && !strings.EqualFold(u.Hostname(), "www.github.com") {
		return address
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	repository := len(parts) == 2 || len(parts) == 3 && parts[2] == "releases"
	if !repository || kind != GitHub && kind != Auto {
		return address
	}
	return "https://github.com/" + parts[0] + "/" + strings.TrimSuffix(parts[1], ".git") + "/releases.atom"
}

// Parse reads a document found at an address. now bounds what is a sane time.
func Parse(kind, at string, body []byte, now time.Time) (Document, error) {
	read, err := parse(body)
	if err != nil {
		return Document{}, err
	}
	if want := kindOf(kind); want != "" && read.FeedType != want {
		return Document{}, fmt.Errorf("the document is %s, not %s; set the source's kind to %s or auto", read.FeedType, want, read.FeedType)
	}
	base, err := url.Parse(at)
	if err != nil {
		base = &url.URL{}
	}
	d := Document{Title: Line(Text(read.Title)), Home: absolute(base, read.Link)}
	for _, item := range read.Items[:min(len(read.Items), maxEntries)] {
		if item != nil {
			d.Entries = append(d.Entries, entry(base, item, now))
		}
	}
	return d, nil
}

func kindOf(kind string) string {
	switch kind {
	case Auto:
		return ""
	case GitHub:
		return Atom
	default:
		return kind
	}
}

// parse keeps a panic of the parser from ending the program: what it reads comes
// from anybody.
func parse(body []byte) (read *gofeed.Feed, err error) {
	defer func() {
		if p := recover(); p != nil {
			read, err = nil, errors.New("the document is not readable as a feed")
		}
	}()
	read, err = gofeed.NewParser().Parse(bytes.NewReader(body))
	switch {
	case errors.Is(err, gofeed.ErrFeedTypeNotDetected):
		return nil, errors.New("the document is neither RSS, Atom nor JSON Feed; is the address that of the feed itself?")
	case err != nil:
		return nil, fmt.Errorf("the document is not readable as a feed: %w", err)
	}
	return read, nil
}

func entry(base *url.URL, item *gofeed.Item, now time.Time) Entry {
	summary := Text(item.Description)
	if summary == "" {
		summary = Text(item.Content)
	}
	e := Entry{
		ID: strings.TrimSpace(item.GUID), Link: absolute(base, item.Link), Title: Line(Text(item.Title)),
		Summary: summary, At: sane(now, item.PublishedParsed, item.UpdatedParsed),
	}
	if e.Link == "" {
		e.Link = absolute(&url.URL{}, item.GUID)
	}
	for _, a := range item.Authors {
		if a != nil && e.Author == "" {
			e.Author = Line(Text(a.Name))
		}
	}
	for _, c := range item.Categories {
		e.Categories = append(e.Categories, Line(c))
	}
	if e.Title == "" {
		first, _, _ := strings.Cut(e.Summary, "\n")
		e.Title = cut(first, 120)
	}
	if e.Summary == e.Title || e.Summary == "No content." { // as GitHub has it
		e.Summary = ""
	}
	return e
}

// sane gives the first time that can be meant. Before the web there were no
// feeds, and what is dated in the future, beyond a clock that is a little fast,
// happened now.
func sane(now time.Time, times ...*time.Time) time.Time {
	for _, t := range times {
		switch {
		case t == nil || t.Year() < 1990:
		case t.After(now):
			return now.UTC()
		default:
			return t.UTC()
		}
	}
	return time.Time{}
}

// absolute gives an http or https address, or empty.
func absolute(base *url.URL, text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	u, err := base.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	u.User = nil
	s := u.String()
	if len(s) > 1900 || strings.ContainsAny(s, " \t\r\n<>\"") {
		return ""
	}
	return s
}
