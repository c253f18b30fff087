package app

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var writePictures = flag.Bool("pictures", false, "write the README's pictures to docs/images")

// Each picture of the README is a message found by a text in it: in Discord's
// dark colours on the left, in Slack's light ones on the right.
var readmePictures = []struct {
	name, sign string
	height     int // in CSS pixels, at most
}{
	{"alert", "Mute a day", 320},
	{"card", "Recent moves", 760},
	{"digest", "Full list", 860},
}

// pictureScale is how many pixels there are to a CSS pixel.
const pictureScale = 2

// TestPicturesOfTheReadme takes them, and one of the whole page, from a running
// demo; with -pictures they replace those of docs/images.
func TestPicturesOfTheReadme(t *testing.T) {
	browser(t)
	taken := map[string]image.Image{}
	during(t, DemoOptions{}, func(address string) {
		discord := visit(t, address, screen{width: 1440, height: 900, dark: true, still: true})
		discord.reads(".timeline", "sent +")
		taken["demo"] = discord.looks()
		discord.press(".panel", "Digest now")
		slack := visit(t, address, screen{width: 1440, height: 900, still: true})
		for _, v := range []*visitor{discord, slack} {
			v.do("make room for whole messages", emulation.SetDeviceMetricsOverride(1440, 6000, pictureScale, false))
		}
		for _, p := range readmePictures {
			left, right := discord.shoots(".d-message", p.sign), slack.shoots(".s-message", p.sign)
			taken[p.name] = beside(left, right, p.height*pictureScale)
		}
	})
	for name, picture := range taken {
		if b := picture.Bounds(); b.Dx() < 1000 || b.Dy() < 200 {
			t.Errorf("the picture of the %s is %v", name, b)
		}
		if !*writePictures {
			continue
		}
		var out bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, picture); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("..", "..", "..", "docs", "images", name+".png"), out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// shoots takes a picture of the last message with a text in it, once all its
// pictures are there.
func (v *visitor) shoots(selector, sign string) image.Image {
	v.Helper()
	v.waits("there is a message with "+sign, fmt.Sprintf(`(() => {
		const m = [...document.querySelectorAll(%q)].filter(e => e.innerText.includes(%q)).at(-1);
		if (!m || [...m.querySelectorAll("img")].some(i => !i.complete || !i.naturalWidth)) return false;
		document.querySelectorAll("[data-shot]").forEach(e => delete e.dataset.shot);
		m.dataset.shot = "";
		return true;
	})()`, selector, sign))
	var shot []byte
	v.do("take a picture of "+sign, chromedp.Screenshot("[data-shot]", &shot, chromedp.ByQuery))
	return v.decode(shot)
}

// looks takes a picture of what is on the screen.
func (v *visitor) looks() image.Image {
	v.Helper()
	var shot []byte
	v.do("take a picture of the page", chromedp.CaptureScreenshot(&shot))
	return v.decode(shot)
}

func (v *visitor) decode(shot []byte) image.Image {
	v.Helper()
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		v.Fatal(err)
	}
	return picture
}

// beside puts two pictures next to each other, cut to a height.
func beside(left, right image.Image, most int) image.Image {
	const gap = 12 * pictureScale
	height := min(most, max(left.Bounds().Dy(), right.Bounds().Dy()))
	whole := image.NewNRGBA(image.Rect(0, 0, left.Bounds().Dx()+gap+right.Bounds().Dx(), height))
	at := 0
	for _, half := range []image.Image{left, right} {
		// What is shorter than the other goes on in its own colour.
		b := half.Bounds()
		frame := image.Rect(at, 0, at+b.Dx(), height)
		draw.Draw(whole, frame, image.NewUniform(color.NRGBAModel.Convert(half.At(b.Min.X+2, b.Min.Y+2))), image.Point{}, draw.Src)
		draw.Draw(whole, frame, half, b.Min, draw.Over)
		at += b.Dx() + gap
	}
	if height == most {
		fade(whole, 72*pictureScale)
	}
	return whole
}

// fade lets the last rows vanish, so that a cut is seen as one.
func fade(m *image.NRGBA, rows int) {
	b := m.Bounds()
	for y := b.Max.Y - rows; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := m.NRGBAAt(x, y)
			c.A = uint8(int(c.A) * (b.Max.Y - y) / rows)
			m.SetNRGBA(x, y, c)
		}
	}
}
