package velocity

import (
	"cmp"
	"math"
	"slices"
	"time"

	"sparkbot/store"
)

// Point is the velocity at the end of one UTC day.
type Point struct {
	Day   time.Time // midnight, UTC, at which the day begins
	Value float64   // unrounded
}

// Series gives the velocity at the end of every nth day (every is 7 for weekly
// points, 1 for daily ones), so that the last point is the day of to and none
// lies before the day of from. Each point is told as it stood on its own day: a
// move of a later day does not count yet.
func Series(moves []store.Move, from, to time.Time, every int) []Point {
	every = max(every, 1)
	first, last := dayOf(from), dayOf(to)
	if last < first {
		return nil
	}
	squares := days(moves, endOf(last))
	order := make([]int, 0, len(squares))
	for d := range squares {
		order = append(order, d)
	}
	slices.Sort(order)
	points := make([]Point, 0, (last-first)/every+1)
	l, at, next := 0.0, first, 0
	for day := first + (last-first)%every; day <= last; day += every {
		// The load decays from the previous point and takes in the days between.
		l *= math.Exp2(-float64(day-at) / halfLife)
		for ; next < len(order) && order[next] <= day; next++ {
			l += math.Sqrt(squares[order[next]]) * math.Exp2(-float64(day-order[next])/halfLife)
		}
		at = day
		points = append(points, Point{time.Unix(int64(day)*86400, 0).UTC(), Max * l / (l + middle)})
	}
	return points
}

func endOf(day int) time.Time { return time.Unix(int64(day+1)*86400-1, 999_999_999) }

// Contribution is what one move adds.
type Contribution struct {
	Move store.Move
	// Points is what the velocity would lose without the move, unrounded.
	Points float64
}

// Reasons say why a velocity is what it is.
type Reasons struct {
	Top []Contribution // those that give most, first
	// NextWeek is the velocity in seven days if nothing happens, unrounded: moves
	// dated after at, though they are stored already, do not enter into it.
	NextWeek float64
}

// Why gives the n moves that give most points at a time (fewer where fewer count,
// none when n is below 1), and where the velocity is in a week if no move comes.
// Of equal ones the newer comes first.
func Why(moves []store.Move, at time.Time, n int) Reasons {
	today := dayOf(at)
	counting := counted(moves, at)
	squares := days(moves, at)
	whole, l := score(squares, today), load(squares, today)
	top := make([]Contribution, len(counting))
	for i, m := range counting {
		d := dayOf(m.OccurredAt)
		fade := math.Exp2(-float64(today-d) / halfLife)
		without := l - (math.Sqrt(squares[d])-math.Sqrt(max(squares[d]-weight(m)*weight(m), 0)))*fade
		top[i] = Contribution{m, whole - Max*without/(without+middle)}
	}
	slices.SortFunc(top, func(a, b Contribution) int {
		return cmp.Or(cmp.Compare(b.Points, a.Points), b.Move.OccurredAt.Compare(a.Move.OccurredAt), cmp.Compare(b.Move.ID, a.Move.ID))
	})
	return Reasons{Top: top[:max(0, min(n, len(top)))], NextWeek: score(squares, today+week)}
}
