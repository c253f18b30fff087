package chart

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"sparkbot/notify/velocity"
)

// Measures of the picture of one project, in a client's pixels.
const (
	margin     = 20.0
	lineHeight = 268.0
	boltHeight = 20.0
	boltAbove  = 17.0 // how far the middle of a mark stands above the line
	boltApart  = 11.0
)

// lineAxis is where the picture of one project has its days and velocities.
func lineAxis(l Line) axis {
	return axis{left: 50, right: Width - margin - 4, top: 92, bottom: 222, now: l.Now, most: top(highest(l.Points))}
}

func drawLine(l Line) (Picture, error) {
	c := newCanvas(Width, lineHeight)
	lineHead(c, l)
	a := lineAxis(l)
	scales(c, a)
	if line := a.line(l.Points); len(line) > 0 {
		c.fade(violet, 0.42, a.y(highest(l.Points)), a.bottom, area(line, a.bottom))
		c.stroke(violet, 2.5, line)
		end := line[len(line)-1]
		c.fill(image.NewUniform(ground), disc(end, 6.5, 32))
		c.fill(image.NewUniform(ink), disc(end, 4.5, 32))
	}
	for _, at := range marks(a, l.Points, l.Sparks, boltApart) {
		middle := point{at.x, at.y - boltAbove}
		c.stroke(ground, 5, append(boltAt(middle, boltHeight), boltAt(middle, boltHeight)[0]))
		c.bolt(middle, boltHeight)
	}
	png, err := encode(c.img)
	size := c.img.Bounds().Size()
	return Picture{Name: "velocity-" + l.Slug + ".png", Alt: altLine(l), PNG: png, Width: size.X, Height: size.Y}, err
}

// area closes a line to a shape that stands on the bottom.
func area(line []point, bottom float64) []point {
	shape := slices.Clone(line)
	return append(shape, point{line[len(line)-1].x, bottom}, point{line[0].x, bottom})
}

// lineHead writes what a reader wants to know at a glance.
func lineHead(c *canvas, l Line) {
	value := velocity.Format(l.Value)
	big := newPen(strong(), 36, ink)
	big.right(c, value, Width-margin, 46)
	small := newPen(regular(), 15.5, faint)
	says, of := direction(l.Change, l.Known, l.Trend)
	if l.Curated {
		says = "curated"
	}
	newPen(strong(), 15.5, of).right(c, says, Width-margin, 70)
	name := newPen(strong(), 22, ink)
	name.left(c, name.fit(label(l.Name, l.Slug), Width-2*margin-big.width(value)-24), margin, 42)
	under := "Velocity, last 26 weeks"
	small.left(c, under, margin, 68)
	if n := len(marks(lineAxis(l), l.Points, l.Sparks, 0)); n > 0 {
		x := margin + small.width(under) + 16
		c.bolt(point{x, 62.5}, 17)
		small.left(c, plural(n, "spark"), x+9, 68)
	}
}

// direction tells a change and the trend, and the colour of both.
func direction(change float64, known bool, trend velocity.Trend) (string, color.Color) {
	of := color.Color(faint)
	parts := []string{}
	if known {
		parts = append(parts, velocity.FormatChange(change))
		switch rounded := math.Round(change * 10); {
		case rounded > 0:
			of = green
		case rounded < 0:
			of = coral
		}
	}
	if trend != "" {
		parts = append(parts, string(trend))
	}
	return strings.Join(parts, " "), of
}

// scales draws the lines behind a chart: velocities across, months below.
func scales(c *canvas, a axis) {
	p := newPen(regular(), 15, faint)
	for _, v := range []float64{0, a.most / 2, a.most} {
		c.box(grid, a.left, math.Round(a.y(v)*Density)/Density-0.5, a.right-a.left, 1)
		p.right(c, plainNumber(v), a.left-9, a.y(v)+5)
	}
	free := a.left
	for _, m := range months(a.now.AddDate(0, 0, 1-Days), a.now) {
		name := m.Format("Jan")
		x := a.x(m)
		if wide := p.width(name); x-wide/2 >= free && x+wide/2 <= a.right+4 {
			c.box(grid, x-0.5, a.bottom, 1, 5)
			p.centred(c, name, x, a.bottom+24)
			free = x + wide/2 + 8
		}
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func latestFirst(all []time.Time) []time.Time {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b time.Time) int { return b.Compare(a) })
	return all
}
