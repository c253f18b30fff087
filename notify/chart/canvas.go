package chart

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// The colours, chosen so that text on the ground has a contrast of 4.5 or more
// and the marks one of 3 or more (WCAG 2.2, 1.4.3 and 1.4.11).
var (
	ground = color.RGBA{0x1A, 0x1B, 0x26, 0xFF}
	ink    = color.RGBA{0xF4, 0xF4, 0xF8, 0xFF}
	faint  = color.RGBA{0xA3, 0xA6, 0xB8, 0xFF}
	grid   = color.RGBA{0x33, 0x35, 0x45, 0xFF}
	violet = color.RGBA{0xA7, 0x8B, 0xFA, 0xFF}
	amber  = color.RGBA{0xFB, 0xBF, 0x24, 0xFF}
	green  = color.RGBA{0x4A, 0xDE, 0x80, 0xFF}
	coral  = color.RGBA{0xFB, 0x71, 0x85, 0xFF}
)

// point is a place on a canvas, in a client's pixels from the upper left.
type point struct{ x, y float64 }

// canvas is drawn on in a client's pixels and holds Density as many each way.
type canvas struct {
	img *image.RGBA
	ras vector.Rasterizer
}

// newCanvas makes an empty canvas.
func newCanvas(width, height float64) *canvas {
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, int(width*Density), int(height*Density)))}
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	return c
}

// fill fills closed shapes, which may overlap when they turn the same way.
func (c *canvas) fill(src image.Image, shapes ...[]point) {
	box := bounds(shapes).Intersect(c.img.Bounds())
	if box.Empty() {
		return
	}
	c.trace(box, shapes...)
	c.ras.Draw(c.img, box, src, box.Min)
}

// trace tells the rasterizer the outlines of shapes within a box of pixels.
func (c *canvas) trace(box image.Rectangle, shapes ...[]point) {
	c.ras.Reset(box.Dx(), box.Dy())
	at := func(p point) (x, y float32) {
		return float32(p.x*Density) - float32(box.Min.X), float32(p.y*Density) - float32(box.Min.Y)
	}
	for _, shape := range shapes {
		c.ras.MoveTo(at(shape[0]))
		for _, p := range shape[1:] {
			c.ras.LineTo(at(p))
		}
		c.ras.ClosePath()
	}
}

// bounds is the box of pixels that holds the shapes.
func bounds(shapes [][]point) image.Rectangle {
	lowX, lowY, highX, highY := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, shape := range shapes {
		for _, p := range shape {
			lowX, lowY = min(lowX, p.x), min(lowY, p.y)
			highX, highY = max(highX, p.x), max(highY, p.y)
		}
	}
	if lowX > highX {
		return image.Rectangle{}
	}
	return image.Rect(int(math.Floor(lowX*Density)), int(math.Floor(lowY*Density)), int(math.Ceil(highX*Density)), int(math.Ceil(highY*Density)))
}

// stroke draws a line through points with round ends and corners.
func (c *canvas) stroke(of color.Color, width float64, through []point) {
	shapes := make([][]point, 0, 2*len(through))
	for i, p := range through {
		shapes = append(shapes, disc(p, width/2, 10))
		if i == 0 {
			continue
		}
		q := through[i-1]
		length := math.Hypot(p.x-q.x, p.y-q.y)
		if length == 0 {
			continue
		}
		dx, dy := (p.y-q.y)/length*width/2, (q.x-p.x)/length*width/2
		shapes = append(shapes, []point{{q.x + dx, q.y + dy}, {p.x + dx, p.y + dy}, {p.x - dx, p.y - dy}, {q.x - dx, q.y - dy}})
	}
	if len(shapes) > 0 {
		c.fill(image.NewUniform(of), shapes...)
	}
}

// disc is a circle of n corners.
func disc(middle point, radius float64, n int) []point {
	shape := make([]point, n)
	for i := range shape {
		s, co := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		shape[i] = point{middle.x + radius*co, middle.y + radius*s}
	}
	return shape
}

// box fills a rectangle whose edges lie on whole pixels.
func (c *canvas) box(of color.Color, x, y, w, h float64) {
	c.fill(image.NewUniform(of), []point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}})
}

// bolt draws the mark of a spark around a middle.
func (c *canvas) bolt(middle point, height float64) {
	c.fill(image.NewUniform(amber), boltAt(middle, height))
}

// boltAt is a flash of lightning.
func boltAt(middle point, height float64) []point {
	shape := []point{{0.12, -0.5}, {-0.3, 0.08}, {-0.04, 0.08}, {-0.14, 0.5}, {0.3, -0.12}, {0.03, -0.12}}
	for i, p := range shape {
		shape[i] = point{middle.x + p.x*height, middle.y + p.y*height}
	}
	return shape
}

// steps is in how many bands a light fades: few, so that a PNG packs it well.
const steps = 24

// fade lights a shape with a colour that is strongest at one height and gone at
// another. What is there already shines through.
func (c *canvas) fade(of color.RGBA, strength, from, to float64, shape []point) {
	box := bounds([][]point{shape}).Intersect(c.img.Bounds())
	if box.Empty() {
		return
	}
	inside := image.NewAlpha(box)
	c.trace(box, shape)
	c.ras.Draw(inside, box, image.Opaque, image.Point{})
	for y := box.Min.Y; y < box.Max.Y; y++ {
		part := 1 - (float64(y)/Density-from)/max(to-from, 1)
		part = math.Round(max(0, min(1, part))*steps) / steps * strength
		for x := box.Min.X; x < box.Max.X; x++ {
			if a := inside.AlphaAt(x, y).A; a > 0 {
				c.img.SetRGBA(x, y, mix(c.img.RGBAAt(x, y), of, part*float64(a)/255))
			}
		}
	}
}

// mix gives a colour on the way from a to b.
func mix(a, b color.RGBA, part float64) color.RGBA {
	one := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*part)) }
	return color.RGBA{one(a.R, b.R), one(a.G, b.G), one(a.B, b.B), 0xFF}
}
