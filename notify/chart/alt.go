package chart

import (
	"fmt"
	"strings"
	"time"

	"sparkbot/notify/velocity"
)

const (
	longestAlt  = 900 // characters; Discord takes 1,024
	longestName = 60
	namedSparks = 3
)

// altLine says what the picture of one project says.
func altLine(l Line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Velocity of %s over 26 weeks: %s", clip(l.Name, longestName), velocity.Format(l.Value))
	if l.Curated {
		b.WriteString(" (set by a person)")
	}
	if l.Known {
		fmt.Fprintf(&b, ", %s in seven days", inWords(l.Change))
	}
	fmt.Fprintf(&b, ", %s.", l.Trend)
	if low, high := extremes(l.Points); len(l.Points) > 1 {
		fmt.Fprintf(&b, " Lowest %s on %s, highest %s on %s.", velocity.Format(low.Value), date(low.Day), velocity.Format(high.Value), date(high.Day))
	}
	var sparks []time.Time
	for _, s := range latestFirst(l.Sparks) {
		if _, shown := valueOn(l.Points, s); shown {
			sparks = append(sparks, s)
		}
	}
	if n := len(sparks); n > 0 {
		named := make([]string, min(n, namedSparks))
		for i := range named {
			named[i] = date(sparks[i])
		}
		fmt.Fprintf(&b, " %s: %s", plural(n, "spark"), strings.Join(named, ", "))
		if n > namedSparks {
			b.WriteString(" and before")
		}
		b.WriteString(".")
	}
	return b.String()
}

// altMovers says what the picture of movers says.
func altMovers(m Movers) string {
	rows := make([]string, len(m.Rows))
	for i, r := range m.Rows {
		rows[i] = fmt.Sprintf("%s %s", clip(r.Name, longestName), velocity.Format(r.Value))
		if r.Known {
			rows[i] += ", " + inWords(r.Change)
		} else {
			rows[i] += ", " + string(r.Trend)
		}
	}
	return clip(fmt.Sprintf("%s. Velocity now and its change in %d days: %s.", clip(m.Title, longestName), m.Days, strings.Join(rows, "; ")), longestAlt)
}

func inWords(change float64) string {
	switch text := velocity.FormatChange(change); {
	case strings.HasPrefix(text, "▲"):
		return "up " + strings.TrimPrefix(text, "▲")
	case strings.HasPrefix(text, "▼"):
		return "down " + strings.TrimPrefix(text, "▼")
	default:
		return "unchanged"
	}
}

// extremes gives the latest of the lowest and of the highest points.
func extremes(points []velocity.Point) (low, high velocity.Point) {
	for i, p := range points {
		if i == 0 || p.Value <= low.Value {
			low = p
		}
		if i == 0 || p.Value >= high.Value {
			high = p
		}
	}
	return low, high
}

func date(t time.Time) string { return t.UTC().Format("2 January 2006") }

// clip shortens a text to a number of code points.
func clip(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}
