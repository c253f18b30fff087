package feed

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"unicode"
)

// identified is an entry with the names under which it is recognized, of which
// one is enough.
type identified struct {
	Entry
	names  []string
	source string // the address its move gives; unique within the document
}

// identify names the entries of a document, and leaves out those that are in it
// twice or have neither a title nor a link.
func identify(d Document, feed string) []identified {
	ids, links := uses(d)
	var all []identified
	seen := map[string]bool{}
	for _, e := range d.Entries {
		if e.Title == "" || e.Link == "" && d.Home == "" {
			continue
		}
		i := identified{Entry: e, source: e.Link}
		link := normalLink(e.Link)
		if e.ID != "" && len(ids[e.ID]) == 1 {
			i.names = append(i.names, name("id", idScope(e.ID, feed), e.ID))
		}
		shared := link == "" || len(links[link]) > 1 || link == normalLink(d.Home)
		if !shared {
			i.names = append(i.names, name("link", link))
		}
		i.names = append(i.names, name("title", normalTitle(e.Title), link))
		if shared {
			i.source = mark(orElse(e.Link, d.Home), i.names[0])
		}
		if !anyOf(seen, i.names) {
			all = append(all, i)
		}
		for _, n := range i.names {
			seen[n] = true
		}
	}
	return all
}

// uses collects which titles stand behind each id and each link: one that stands
// for several entries names none of them.
func uses(d Document) (ids, links map[string]map[string]bool) {
	ids, links = map[string]map[string]bool{}, map[string]map[string]bool{}
	add := func(to map[string]map[string]bool, key, title string) {
		if to[key] == nil {
			to[key] = map[string]bool{}
		}
		to[key][title] = true
	}
	for _, e := range d.Entries {
		title := normalTitle(e.Title)
		add(ids, e.ID, title)
		add(links, normalLink(e.Link), title)
	}
	return ids, links
}

// idScope says where an id is unique: everywhere if it looks made for that, else
// only in its feed.
func idScope(id, feed string) string {
	if strings.Contains(id, ":") || len(id) >= 32 {
		return ""
	}
	return feed
}

// name gives a short name for what is recognized by its kind and parts.
func name(kind string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return kind + ":" + hex.EncodeToString(sum[:16])
}

// mark makes an address its own by a fragment.
func mark(link, name string) string {
	before, _, _ := strings.Cut(link, "#")
	return before + "#" + name[len(name)-8:]
}

func anyOf(seen map[string]bool, names []string) bool {
	for _, n := range names {
		if seen[n] {
			return true
		}
	}
	return false
}

// tracking are parameters that say how a reader came, and not what is read.
var tracking = map[string]bool{"fbclid": true, "gclid": true, "mc_cid": true, "mc_eid": true, "ref": true}

// normalLink passes over what does not change where a link leads. The result is
// for comparing, not for following.
func normalLink(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		return ""
	}
	query := u.Query()
	for key := range query {
		if low := strings.ToLower(key); tracking[low] || strings.HasPrefix(low, "utm_") {
			query.Del(key)
		}
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	if port := u.Port(); port != "" && port != "80" && port != "443" {
		host += ":" + port
	}
	s := host + strings.TrimRight(u.EscapedPath(), "/")
	if encoded := query.Encode(); encoded != "" {
		s += "?" + encoded
	}
	if u.Fragment != "" {
		s += "#" + u.Fragment
	}
	return s
}

// normalTitle passes over case, spaces and punctuation.
func normalTitle(title string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '.' && r != '+' }), " ")
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
