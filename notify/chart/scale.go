package chart

import (
	"math"
	"slices"
	"strconv"
	"time"

	"sparkbot/notify/velocity"
)

// axis turns days and velocities into places on a canvas. The last day is Now's.
type axis struct {
	left, right, top, bottom float64 // in a client's pixels
	now                      time.Time
	most                     float64 // the velocity at the top
}

const dayLong = 24 * time.Hour

// x is where a day stands; the day of now is at the right.
func (a axis) x(day time.Time) float64 {
	ago := a.now.UTC().Truncate(dayLong).Sub(day.UTC().Truncate(dayLong)) / dayLong
	return a.right - float64(ago)/(Days-1)*(a.right-a.left)
}

// y is where a velocity stands.
func (a axis) y(v float64) float64 { return a.bottom - v/a.most*(a.bottom-a.top) }

// line places points that lie inside the axis.
func (a axis) line(points []velocity.Point) []point {
	line := make([]point, 0, len(points))
	for _, p := range points {
		if at := a.x(p.Day); at >= a.left-0.5 && at <= a.right+0.5 {
			line = append(line, point{at, a.y(p.Value)})
		}
	}
	return line
}

// tops are the velocities an axis may end at: each halves into a plain number.
var tops = []float64{1, 2, 4, 6, 8}

// headroom keeps the marks of sparks below the top of an axis.
const headroom = 1.12

// top is the velocity at which an axis ends that shows up to highest.
func top(highest float64) float64 {
	for _, t := range tops {
		if highest*headroom <= t {
			return t
		}
	}
	return velocity.Max
}

func highest(points []velocity.Point) float64 {
	most := 0.0
	for _, p := range points {
		most = max(most, p.Value)
	}
	return most
}

// plainNumber writes 4 and 0.5.
func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// months are the beginnings of months from one day to another.
func months(from, to time.Time) []time.Time {
	var all []time.Time
	first := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
	for m := first; !m.After(to); m = m.AddDate(0, 1, 0) {
		if !m.Before(from) {
			all = append(all, m)
		}
	}
	return all
}

// valueOn is the velocity of the point on a day, and whether there is one.
func valueOn(points []velocity.Point, day time.Time) (float64, bool) {
	day = day.UTC().Truncate(dayLong)
	for _, p := range slices.Backward(points) {
		if p.Day.Equal(day) {
			return p.Value, true
		}
	}
	return 0, false
}

// marks are where the sparks stand on a line: at most one every apart pixels, so
// that a row of them can still be told from its neighbours, the later ones first.
func marks(a axis, points []velocity.Point, sparks []time.Time, apart float64) []point {
	var at []point
	taken := math.Inf(1)
	for _, s := range latestFirst(sparks) {
		v, shown := valueOn(points, s)
		if x := a.x(s); shown && x >= a.left-0.5 && x <= taken-apart {
			at = append(at, point{x, a.y(v)})
			taken = x
		}
	}
	return at
}
