package sqlstore

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// dialect is what differs between the two databases in the text of a query.
type dialect struct {
	name string
	// now is the database's clock, as tables of ours keep times.
	now string
	// in is that clock and the milliseconds in argument %s.
	in string
	// elements expands the JSON array given as argument %s to rows with the
	// column value.
	elements string
	// contains tests whether the JSON array %[1]s holds the text %[2]s.
	contains string
	// item is the text at position %[2]s of the JSON array %[1]s.
	item string
	// open formats an open table's time column %s as it is scanned.
	open string
	// moment says that argument %s is a time as tables of ours keep it, where
	// nothing else tells the database.
	moment string
	// lock and skip end a SELECT whose rows are to be updated.
	lock, skip string
	// materialized keeps a CTE from being evaluated twice.
	materialized string
}

var onSQLite = dialect{
	name:         "sqlite",
	now:          "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
	in:           "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) + %s",
	elements:     "(SELECT value FROM json_each(%s))",
	contains:     "(%[1]s <> '[]' AND EXISTS (SELECT 1 FROM json_each(%[1]s) x WHERE x.value = %[2]s))",
	item:         "(%[1]s ->> %[2]s)",
	open:         "CAST(round((julianday(%s) - 2440587.5) * 86400000) AS INTEGER)",
	moment:       "CAST(%s AS integer)",
	materialized: "",
}

var onPostgres = dialect{
	name:         "postgres",
	now:          "clock_timestamp()",
	in:           "clock_timestamp() + CAST(%s AS bigint) * interval '1 millisecond'",
	elements:     "(SELECT value FROM jsonb_array_elements_text(CAST(%s AS jsonb)) AS t(value))",
	contains:     "jsonb_exists(%[1]s, %[2]s)",
	item:         "(CAST(%[1]s AS jsonb) ->> %[2]s)",
	open:         "%s",
	moment:       "CAST(%s AS timestamptz)",
	lock:         " FOR UPDATE",
	skip:         " FOR UPDATE OF d SKIP LOCKED",
	materialized: "MATERIALIZED",
}

// sql replaces the dialect's words in a query: {now}, {in $1}, {materialized},
// {lock}, {skip}, {elements $1}, {contains a, b}, {item $1 0}, {open column} and
// {moment $1}.
func (d dialect) sql(query string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(query, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		word, after, _ := strings.Cut(rest, "}")
		out.WriteString(d.word(word))
		query = after
	}
}

func (d dialect) word(word string) string {
	name, arg, _ := strings.Cut(word, " ")
	switch name {
	case "now":
		return d.now
	case "in":
		return fmt.Sprintf(d.in, arg)
	case "materialized":
		return d.materialized
	case "lock":
		return d.lock
	case "skip":
		return d.skip
	case "elements":
		return fmt.Sprintf(d.elements, arg)
	case "contains":
		a, b, _ := strings.Cut(arg, ", ")
		return fmt.Sprintf(d.contains, a, b)
	case "item":
		list, at, _ := strings.Cut(arg, " ")
		return fmt.Sprintf(d.item, list, at)
	case "open":
		return fmt.Sprintf(d.open, arg)
	case "moment":
		return fmt.Sprintf(d.moment, arg)
	default:
		panic("sqlstore: no word {" + word + "} in the dialect")
	}
}

// stamp gives a time as tables of ours keep it; the zero time is NULL.
func (d dialect) stamp(t time.Time) any {
	switch {
	case t.IsZero():
		return nil
	case d.name == onSQLite.name:
		return t.UnixMilli()
	default:
		return t.UTC()
	}
}

// kept is a time as it is read again after it was kept.
func (d dialect) kept(t time.Time) time.Time {
	if d.name == onSQLite.name {
		return time.UnixMilli(t.UnixMilli()).UTC()
	}
	return t.UTC().Round(time.Microsecond)
}

// openStamp gives a time as the open tables keep it.
func (d dialect) openStamp(t time.Time) any {
	if d.name == onSQLite.name {
		return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	return t.UTC()
}

// moment scans a time from either database; NULL is the zero time.
type moment struct{ time.Time }

// Scan reads a timestamp or milliseconds since 1970.
func (m *moment) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		m.Time = time.Time{}
	case time.Time:
		m.Time = v.UTC()
	case int64:
		m.Time = time.UnixMilli(v).UTC()
	default:
		return fmt.Errorf("a time cannot be read from %T", src)
	}
	return nil
}

// list scans a JSON array of texts.
type list []string

// Scan reads JSON.
func (l *list) Scan(src any) error {
	var text []byte
	switch v := src.(type) {
	case nil:
		return nil
	case []byte:
		text = v
	case string:
		text = []byte(v)
	default:
		return fmt.Errorf("a list cannot be read from %T", src)
	}
	var items []string
	if err := json.Unmarshal(text, &items); err != nil {
		return fmt.Errorf("a stored list is not readable: %w", err)
	}
	*l = nil
	if len(items) > 0 {
		*l = items
	}
	return nil
}

// sorted gives the texts in order, each once.
func (l list) sorted() []string {
	if len(l) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(l)))
}

// array gives values as one JSON argument, which both databases take where a
// list of unknown length is wanted.
func array[T any](values []T) string {
	if len(values) == 0 {
		return "[]"
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // numbers and texts always marshal
	}
	return string(text)
}
