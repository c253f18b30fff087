package chart

import (
	"errors"
	"fmt"

	"sparkbot/notify/velocity"
)

// MaxRows is how many movers one picture shows; more would be too small to read.
const MaxRows = 8

// Measures of the picture of movers, in a client's pixels.
const (
	moversHead = 76.0
	rowHeight  = 50.0
	nameWidth  = 138.0
	chartLeft  = margin + nameWidth + 14
	chartRight = 348.0
	valueRight = 392.0
)

var errNoRows = errors.New("there is no mover to draw")

// rowAxis is where a row has its days and velocities. All rows have one scale,
// because they are there to be compared.
func rowAxis(m Movers, row int) axis {
	most := 0.0
	for _, r := range m.Rows {
		most = max(most, highest(r.Points))
	}
	y := moversHead + float64(row)*rowHeight
	return axis{left: chartLeft, right: chartRight, top: y + 16, bottom: y + rowHeight - 9, now: m.Now, most: max(most, 1)}
}

func drawMovers(m Movers) (Picture, error) {
	if len(m.Rows) == 0 {
		return Picture{}, errNoRows
	}
	c := newCanvas(Width, moversHead+rowHeight*float64(len(m.Rows))+10)
	title := newPen(strong(), 22, ink)
	title.left(c, title.fit(m.Title, Width-2*margin), margin, 38)
	small := newPen(regular(), 15, faint)
	small.left(c, "Velocity, last 26 weeks", margin, 62)
	small.right(c, fmt.Sprintf("in %d days", m.Days), Width-margin, 62)
	name, value := newPen(strong(), 17, ink), newPen(strong(), 18, ink)
	for i, r := range m.Rows {
		a := rowAxis(m, i)
		y := moversHead + float64(i)*rowHeight
		c.box(grid, margin, y, Width-2*margin, 0.5)
		base := y + rowHeight/2 + 6
		name.left(c, name.fit(label(r.Name, r.Slug), nameWidth), margin, base)
		rowChart(c, a, m, r)
		value.right(c, velocity.Format(r.Value), valueRight, base)
		says, of := direction(r.Change, r.Known, "")
		if !r.Known {
			says = string(r.Trend)
		}
		newPen(strong(), 17, of).right(c, says, Width-margin, base)
	}
	png, err := encode(c.img)
	size := c.img.Bounds().Size()
	return Picture{Name: "movers.png", Alt: altMovers(m), PNG: png, Width: size.X, Height: size.Y}, err
}

// rowChart draws a row's line: the days the change took are lit.
func rowChart(c *canvas, a axis, m Movers, r Mover) {
	line := a.line(r.Points)
	if len(line) == 0 {
		return
	}
	_, of := direction(r.Change, r.Known, "")
	c.fade(violet, 0.3, a.top, a.bottom, area(line, a.bottom))
	c.stroke(mix(ground, violet, 0.6), 1.75, line)
	from := a.x(m.Now.AddDate(0, 0, -m.Days))
	lit := line
	for len(lit) > 2 && lit[0].x < from-0.1 {
		lit = lit[1:]
	}
	c.stroke(of, 2.5, lit)
	for _, at := range marks(a, r.Points, r.Sparks, 7) {
		c.bolt(point{at.x, at.y - 8}, 11)
	}
}
