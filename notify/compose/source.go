package compose

import (
	"strings"

	"sparkbot/notify"
	"sparkbot/store"
)

const (
	// longestLink is how long an address may be to stand in a list. A stored one
	// may have 2,000 characters, and Discord counts addresses among the 4,000 of a
	// message, where nothing can shorten them: a page of eight moves has to fit.
	longestLink = 280
	longestHost = 60
	untitled    = "Untitled move"
)

// inline reports whether an address is short enough to stand in a list.
func inline(address string) bool { return addressCost(address) <= longestLink }

// addressCost counts what an adapter may have to write for an address: for an
// ampersand up to six characters, for anything else that needs escaping three.
func addressCost(address string) (n int) {
	for i := range len(address) {
		switch c := address[i]; {
		case c == '&':
			n += 6
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', strings.IndexByte("-._~/:?=%#", c) >= 0:
			n++
		default:
			n += 3
		}
	}
	return n
}

// beside is the button that leads to a source whose address is too long to
// stand in the text, and nil for every other.
func beside(m store.Move) *notify.Button {
	if inline(m.SourceURL) {
		return nil
	}
	return &notify.Button{Label: "Source", URL: m.SourceURL}
}

// source names the site of a move's source, as a link where that can stand.
func source(m store.Move) notify.Span {
	site := host(m.SourceURL)
	if site != "" {
		site = " on " + site
	}
	if !inline(m.SourceURL) {
		return fixed("Source" + site)
	}
	return notify.Span{Text: "View source" + site + " ↗", URL: m.SourceURL, Fixed: true}
}

// linked is a move's title, with a link to its source where that can stand.
func linked(m store.Move) notify.Span {
	s := bold(title(m, listTitle))
	if inline(m.SourceURL) {
		s.URL = m.SourceURL
	}
	return s
}

// title is a move's title on one line, never empty.
func title(m store.Move, limit int) string {
	if s := short(m.Title, limit); s != "" {
		return s
	}
	return untitled
}

// name is a project's name on one line, never empty.
func name(p store.Project, limit int) string {
	if s := short(p.Name, limit); s != "" {
		return s
	}
	return p.Slug
}
