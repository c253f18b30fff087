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
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"sparkbot/bot/sandbox"
	"sparkbot/store/storetest"
)

var writePictures = flag.Bool("pictures", false, "write the README's pictures to docs/images")

// The alert and the card of the README are messages found by a text in them: in
// Discord's dark colours on the left, in Slack's light ones on the right.
var readmePictures = []struct {
	name, sign string
	height     int // in CSS pixels, at most
}{
	{"alert", "Mute a day", 320},
	{"card", "Recent moves", 760},
}

// pictureScale is how many pixels there are to a CSS pixel.
const pictureScale = 2

// TestPicturesOfTheReadme takes them, and one of the whole page, from a running
// demo, and the digest of a week of real projects from another; with -pictures
// they replace those of docs/images.
func TestPicturesOfTheReadme(t *testing.T) {
	browser(t)
	taken := map[string]image.Image{}
	during(t, DemoOptions{}, func(address string) {
		discord := visit(t, address, screen{width: 1440, height: 900, dark: true, still: true})
		discord.reads(".timeline", "sent +")
		taken["demo"] = discord.looks()
		slack := visit(t, address, screen{width: 1440, height: 900, still: true})
		for _, p := range readmePictures {
			taken[p.name] = shootBoth(discord, slack, p.sign, p.height)
		}
	})
	taken["digest"] = digestOfRealProjects(t)
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

// digestOfRealProjects takes the weekly digest of the twenty real projects that the
// bot posts by itself on Monday, 10 August 2026, at nine o'clock.
func digestOfRealProjects(t *testing.T) image.Image {
	t.Helper()
	monday, now := time.Date(2026, time.August, 10, 9, 0, 0, 0, time.UTC), &clock{}
	now.Move(time.Until(monday) - time.Minute)
	fill := func(s *scene) { s.fillReal(monday) }
	s := stageAt(t, storetest.SQLite(t), false, now, fill, func(*sandbox.Sandbox) []string { return nil })
	outside, err := newOutsider(strings.TrimPrefix(s.url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(outside.close)
	s.levers.open(s.world, s.app, outside)
	onDiscord, onSlack := s.world.Discord().AddChannel(storyChannel), s.world.Slack().AddChannel(storyChannel)
	s.discordSays(onDiscord, "/sparkbot subscribe everything:true sparks:true digest:true")
	s.slackSays(onSlack, "/spark subscribe everything")
	now.Move(monday.Sub(now.Now()))
	s.app.LookAgain()
	discord := visit(t, s.world.URL(), screen{width: 1440, height: 900, dark: true, still: true})
	slack := visit(t, s.world.URL(), screen{width: 1440, height: 900, still: true})
	return shootBoth(discord, slack, "Weekly digest, 3 – 10 August", 1600)
}

// shootBoth takes the last message with a text in it on both platforms, at most so
// many CSS pixels of it.
func shootBoth(discord, slack *visitor, sign string, height int) image.Image {
	for _, v := range []*visitor{discord, slack} {
		v.Helper()
		v.do("make room for whole messages", emulation.SetDeviceMetricsOverride(1440, 6000, pictureScale, false))
	}
	return beside(discord.shoots(".d-message", sign), slack.shoots(".s-message", sign), height*pictureScale)
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
