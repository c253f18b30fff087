package chart

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"slices"
)

// buckets is how many colours are told apart: five bits of each channel.
const buckets = 1 << 15

// encode packs a picture as a PNG of at most 256 colours, which is a third of
// the size of one of all colours and looks the same: the ground and the few
// colours of the lines are exact, the shades at their edges are rounded.
func encode(img *image.RGBA) ([]byte, error) {
	var box [buckets]struct{ n, r, g, b int }
	for i := 0; i < len(img.Pix); i += 4 {
		r, g, b := img.Pix[i], img.Pix[i+1], img.Pix[i+2]
		in := &box[bucket(r, g, b)]
		in.n, in.r, in.g, in.b = in.n+1, in.r+int(r), in.g+int(g), in.b+int(b)
	}
	used := make([]int, 0, 2048)
	for k := range box {
		if box[k].n > 0 {
			used = append(used, k)
		}
	}
	slices.SortFunc(used, func(a, b int) int { return cmp.Or(box[b].n-box[a].n, a-b) })
	mean := func(k int) color.RGBA {
		in := box[k]
		half := in.n / 2
		return color.RGBA{uint8((in.r + half) / in.n), uint8((in.g + half) / in.n), uint8((in.b + half) / in.n), 0xFF}
	}
	palette := make(color.Palette, min(len(used), 256))
	for i := range palette {
		palette[i] = mean(used[i])
	}
	var index [buckets]uint8
	for i, k := range used {
		if i < len(palette) {
			index[k] = uint8(i)
		} else {
			index[k] = uint8(palette.Index(mean(k)))
		}
	}
	flat := image.NewPaletted(img.Bounds(), palette)
	for i := range flat.Pix {
		flat.Pix[i] = index[bucket(img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2])]
	}
	var out bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.DefaultCompression}).Encode(&out, flat)
	if err != nil {
		return nil, err
	}
	return withDensity(out.Bytes()), nil
}

// withDensity adds the chunk that tells how large a picture is meant to be, which
// the standard encoder does not write: https://www.w3.org/TR/png/#11pHYs
func withDensity(plain []byte) []byte {
	const head = 8 + 25 // the signature and IHDR
	const perMetre = 72 * Density * 10_000 / 254
	chunk := []byte{0, 0, 0, 9, 'p', 'H', 'Y', 's'}
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = append(chunk, 1) // the unit is the metre
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return slices.Concat(plain[:head], chunk, plain[head:])
}

func bucket(r, g, b uint8) int { return int(r>>3)<<10 | int(g>>3)<<5 | int(b>>3) }
