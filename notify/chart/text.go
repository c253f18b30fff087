package chart

import (
	"image"
	"image/color"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// The type: the Go fonts, which x/image brings under its own licence. They have
// Latin, Greek and Cyrillic letters.
var (
	regular = sync.OnceValue(func() *sfnt.Font { return parse(goregular.TTF) })
	strong  = sync.OnceValue(func() *sfnt.Font { return parse(gobold.TTF) })
)

func parse(ttf []byte) *sfnt.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err) // it is compiled in
	}
	return f
}

// pen writes in one size and colour. A face keeps buffers of its own, so a pen
// belongs to one picture.
type pen struct {
	face font.Face
	of   color.Color
}

func newPen(f *sfnt.Font, size float64, of color.Color) pen {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size * Density, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err) // it has no cause but a size of nothing
	}
	return pen{face, of}
}

// width is how wide a text is, in a client's pixels.
func (p pen) width(s string) float64 { return float64(font.MeasureString(p.face, s)) / 64 / Density }

// left writes from x to the right, right up to x, centred around it; y is the
// line the letters stand on.
func (p pen) left(c *canvas, s string, x, y float64) {
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(p.of), Face: p.face, Dot: fixed.Point26_6{X: fixed.Int26_6(x * Density * 64), Y: fixed.Int26_6(y * Density * 64)}}
	d.DrawString(s)
}

func (p pen) right(c *canvas, s string, x, y float64) { p.left(c, s, x-p.width(s), y) }

func (p pen) centred(c *canvas, s string, x, y float64) { p.left(c, s, x-p.width(s)/2, y) }

// fit shortens a text to a width.
func (p pen) fit(s string, width float64) string {
	if p.width(s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 1 {
		runes = runes[:len(runes)-1]
		if cut := strings.TrimRightFunc(string(runes), unicode.IsSpace) + "…"; p.width(cut) <= width {
			return cut
		}
	}
	return "…"
}

// label is what stands for a project in a picture: its name, without the emoji
// in it, where the font can write what is left, and else its slug, which any
// font can. A box in place of a letter never stands there.
func label(name, slug string) string {
	var kept strings.Builder
	var buf sfnt.Buffer
	letters := 0
	for _, r := range name {
		if ornament(r) {
			continue
		}
		i, err := strong().GlyphIndex(&buf, r)
		if err != nil || i == 0 && !unicode.IsSpace(r) {
			return slug
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters++
		}
		kept.WriteRune(r)
	}
	if letters == 0 {
		return slug
	}
	return strings.Join(strings.Fields(kept.String()), " ")
}

// ornament reports whether a name can be read without a character: emoji with
// what joins and colours them, and what is not seen.
func ornament(r rune) bool {
	return unicode.In(r, unicode.So, unicode.Sk, unicode.Cf, unicode.Cc, unicode.Variation_Selector) && !unicode.IsSpace(r) || r == '\u20E3'
}
