package chart

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"testing"
	"time"
)

// BenchmarkPictures prints how long a picture takes beside the yardstick: packing
// an empty PNG of the same size. The aim is under 50 ms and 60 kB each.
func BenchmarkPictures(b *testing.B) {
	l, m := sample()
	for _, kind := range []struct {
		name string
		draw func() (Picture, error)
	}{
		{"velocity", func() (Picture, error) { return drawLine(l) }},
		{"movers", func() (Picture, error) { return drawMovers(m) }},
	} {
		p, err := kind.draw()
		if err != nil {
			b.Fatal(err)
		}
		blank := blank(b, p)
		b.Run(kind.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := kind.draw(); err != nil {
					b.Fatal(err)
				}
			}
			each := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			b.ReportMetric(each/1e6, "ms/picture")
			b.ReportMetric(float64(len(p.PNG)), "bytes/picture")
			b.ReportMetric(each/float64(blank), "×blank")
		})
	}
}

// blank is how long packing an empty picture of the same size takes, the median
// of several tries.
func blank(b *testing.B, p Picture) time.Duration {
	empty := image.NewPaletted(image.Rect(0, 0, p.Width, p.Height), color.Palette{ground})
	took := make([]time.Duration, 21)
	for i := range took {
		began := time.Now()
		if err := png.Encode(&bytes.Buffer{}, empty); err != nil {
			b.Fatal(err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[len(took)/2]
}
