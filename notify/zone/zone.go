// Package zone answers one question: which time zone does somebody mean. It
// knows every name of the IANA database and carries the database itself, so that
// a machine without one knows the same zones.
//
// It reads no clock and says nothing to anybody: whoever asks finds the words.
package zone

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the zones of the database, for machines that have none

	"github.com/agnivade/levenshtein"
)

// UTC is the zone of whoever chose none.
const UTC = "UTC"

//go:embed names.txt
var list string

// names are all zones of the database, in the order of their bytes.
var names = strings.Fields(list)

// byFold finds a name whatever its letters' case.
var byFold = func() map[string]string {
	m := make(map[string]string, len(names))
	for _, n := range names {
		m[fold(n)] = n
	}
	return m
}()

// byCity finds the zones by what stands behind their last slash.
var byCity = func() map[string][]string {
	m := make(map[string][]string, len(names))
	for _, n := range names {
		if offered(n) {
			m[fold(city(n))] = append(m[fold(city(n))], n)
		}
	}
	return m
}()

// habits are zones that people call by an abbreviation the database does not
// have. They are offered, never taken: IST is said in three countries.
var habits = map[string][]string{
	"pst": {"America/Los_Angeles"}, "pdt": {"America/Los_Angeles"}, "pt": {"America/Los_Angeles"},
	"mdt": {"America/Denver"}, "mt": {"America/Denver"}, "cst": {"America/Chicago", "Asia/Shanghai"}, "cdt": {"America/Chicago"}, "ct": {"America/Chicago"},
	"edt": {"America/New_York"}, "et": {"America/New_York"}, "bst": {"Europe/London"}, "cest": {"Europe/Berlin", "Europe/Paris", "Europe/Madrid"},
	"eest": {"Europe/Athens", "Europe/Helsinki"}, "msk": {"Europe/Moscow"}, "ist": {"Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"}, "jst": {"Asia/Tokyo"},
	"kst": {"Asia/Seoul"}, "aest": {"Australia/Sydney", "Australia/Brisbane"}, "aedt": {"Australia/Sydney"}, "nzst": {"Pacific/Auckland"}, "brt": {"America/Sao_Paulo"},
}

// Names gives every zone there is. The caller may keep and change it.
func Names() []string { return slices.Clone(names) }

// maxNear is how many zones are offered in place of one that is none.
const maxNear = 3

// Find gives the name of the zone that typed means: a name of the database
// without regard to case, or a city that only one of them has. Spaces stand for
// underscores. When it is none, near are at most three that may be meant.
func Find(typed string) (name string, near []string, ok bool) {
	key := fold(typed)
	if name, ok := byFold[key]; ok {
		return name, nil, true
	}
	if cities := byCity[key]; len(cities) == 1 {
		return cities[0], nil, true
	} else if len(cities) > 1 {
		return "", cities[:min(maxNear, len(cities))], false
	}
	if known := habits[key]; len(known) > 0 {
		return "", known, false
	}
	return "", nearest(key), false
}

// Matching gives at most limit zones that hold what was typed, those whose city
// begins with it first. For nothing typed it gives some that many people live in.
func Matching(typed string, limit int) []string {
	key := fold(typed)
	if key == "" {
		return slices.Clone(populous[:min(limit, len(populous))])
	}
	rank := func(n string) int {
		switch whole, last := fold(n), fold(city(n)); {
		case whole == key:
			return 0
		case strings.HasPrefix(last, key):
			return 1
		case strings.HasPrefix(whole, key):
			return 2
		case strings.Contains(whole, key):
			return 3
		default:
			return 4
		}
	}
	found := slices.Clone(habits[key])
	var rest []string
	for _, n := range names {
		if offered(n) && rank(n) < 4 {
			rest = append(rest, n)
		}
	}
	slices.SortStableFunc(rest, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	found = append(found, rest...)
	if len(found) == 0 {
		found = nearest(key)
	}
	return found[:min(limit, len(found))]
}

// populous are offered before anything is typed.
var populous = []string{
	UTC, "Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Istanbul", "Europe/Moscow", "Africa/Lagos", "Africa/Cairo",
	"Africa/Nairobi", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Jakarta", "Asia/Shanghai", "Asia/Manila", "Asia/Tokyo",
	"Australia/Sydney", "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Mexico_City", "America/Denver", "America/Los_Angeles",
}

// nearest gives the zones that a mistyped name may mean, best first: those whose
// whole name or city differs in few letters.
func nearest(key string) []string {
	if len(key) < 3 {
		return nil
	}
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	for _, n := range names {
		if !offered(n) {
			continue
		}
		d := min(levenshtein.ComputeDistance(key, fold(n)), levenshtein.ComputeDistance(key, fold(city(n))))
		if _, behind, found := strings.Cut(key, "/"); found {
			d = min(d, 1+levenshtein.ComputeDistance(behind[strings.LastIndexByte(behind, '/')+1:], fold(city(n))))
		}
		if d <= max(1, len(key)/3) {
			near = append(near, candidate{n, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	out := make([]string, 0, maxNear)
	for _, c := range near[:min(maxNear, len(near))] {
		out = append(out, c.name)
	}
	return out
}

// offered leaves out what no place on earth is called by: Etc/GMT+5 is five
// hours behind Greenwich, the opposite of what its name says. They are taken when they
// are written out.
func offered(n string) bool {
	area, _, found := strings.Cut(n, "/")
	return n == UTC || found && area != "Etc" && area != "SystemV"
}

func city(n string) string { return n[strings.LastIndexByte(n, '/')+1:] }

func fold(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(s, "_", " ")), "_"))
}

// loaded keeps the zones in use, since reading one takes longer than a digest's
// whole arithmetic. There are as many as names at most.
var loaded sync.Map

// Load gives a zone of the database by its exact name. Names that are none are
// refused, among them Local, which means something else on every machine.
func Load(name string) (*time.Location, error) {
	if l, ok := loaded.Load(name); ok {
		return l.(*time.Location), nil //nolint:forcetypeassert // nothing else is stored
	}
	if name == "" || byFold[fold(name)] != name {
		return nil, fmt.Errorf("%q is no time zone; a zone is named like Europe/Berlin", name)
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("read the time zone %s: %w", name, err)
	}
	loaded.Store(name, l)
	return l, nil
}
