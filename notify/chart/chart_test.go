package chart

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"golang.org/x/image/font/sfnt"

	"sparkbot/notify/velocity"
	"sparkbot/store"
)

var noon = time.Date(2026, 8, 10, 12, 0, 0, 0, time.UTC)

// history is a project with a spark some days ago each, and plain moves between.
func history(sparks ...int) (points []velocity.Point, at []time.Time) {
	var moves []store.Move
	add := func(daysAgo int, spark bool) {
		moves = append(moves, store.Move{
			ID: int64(len(moves) + 1), SourceURL: fmt.Sprint("https://example.org/", len(moves)), Spark: spark, OccurredAt: noon.AddDate(0, 0, -daysAgo),
		})
	}
	for _, d := range sparks {
		add(d, true)
		at = append(at, noon.AddDate(0, 0, -d))
	}
	for d := 3; d < 200; d += 31 {
		add(d, false)
	}
	return velocity.Series(moves, noon.AddDate(0, 0, 1-Days), noon, 1), at
}

// sample is a full picture of each kind.
func sample() (Line, Movers) {
	points, sparks := history(19, 64, 120)
	l := Line{Slug: "session", Name: "Session", Points: points, Sparks: sparks, Value: points[len(points)-1].Value, Change: 0.6, Known: true, Trend: velocity.Rising, Now: noon}
	m := Movers{Title: "What moved this week", Days: 7, Now: noon}
	for i := range MaxRows {
		points, sparks := history(10+20*i, 140-8*i)
		m.Rows = append(m.Rows, Mover{
			Slug: fmt.Sprint("project-", i), Name: fmt.Sprint("Project ", i), Points: points, Sparks: sparks,
			Value: points[len(points)-1].Value, Change: 1.2 - 0.4*float64(i), Known: true, Trend: velocity.Rising,
		})
	}
	return l, m
}

// decoded holds a picture to what every one promises.
func decoded(t *testing.T, p Picture) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(p.PNG))
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X != p.Width || size.Y != p.Height || size.X != Width*Density {
		t.Errorf("%s says %dx%d and has %v; it is to be %d wide", p.Name, p.Width, p.Height, size, Width*Density)
	}
	if _, flat := img.(*image.Paletted); !flat {
		t.Errorf("%s has no palette: %T", p.Name, img)
	}
	if len(p.PNG) > 60_000 {
		t.Errorf("%s has %d bytes", p.Name, len(p.PNG))
	}
	if at := bytes.Index(p.PNG, []byte("pHYs")); at < 0 || at > bytes.Index(p.PNG, []byte("IDAT")) || p.PNG[at+12] != 1 {
		t.Errorf("%s does not tell its density", p.Name)
	} else if perMetre := binary.BigEndian.Uint32(p.PNG[at+4:]); math.Abs(float64(perMetre)*0.0254-72*Density) > 0.1 {
		t.Errorf("%s has %d pixels a metre", p.Name, perMetre)
	}
	if !strings.HasSuffix(p.Name, ".png") || strings.TrimLeft(p.Name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || len([]rune(p.Alt)) > 1024 {
		t.Errorf("the name %q or the description %q is not one", p.Name, p.Alt)
	}
	return img
}

// nearly reports whether a pixel within reach of a place has a colour.
func nearly(img image.Image, at point, reach int, of color.RGBA) bool {
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			r, g, b, _ := img.At(int(at.x*Density)+dx, int(at.y*Density)+dy).RGBA()
			if math.Abs(float64(r>>8)-float64(of.R))+math.Abs(float64(g>>8)-float64(of.G))+math.Abs(float64(b>>8)-float64(of.B)) < 24 {
				return true
			}
		}
	}
	return false
}

// count is how many pixels of a part have a colour.
func count(img image.Image, part image.Rectangle, of color.RGBA) (n int) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if nearly(img, point{float64(x) / Density, float64(y) / Density}, 0, of) {
				n++
			}
		}
	}
	return n
}

func TestTheLineAndItsMarksAreWhereTheDataSays(t *testing.T) {
	l, _ := sample()
	p, err := New().Velocity(l)
	if err != nil {
		t.Fatal(err)
	}
	img := decoded(t, p)
	a := lineAxis(l)
	sparkDays := map[time.Time]bool{}
	for _, s := range l.Sparks {
		day := s.Truncate(dayLong)
		sparkDays[day] = true
		v, _ := valueOn(l.Points, s)
		if middle := (point{a.x(s), a.y(v) - boltAbove}); !nearly(img, middle, 1, amber) {
			t.Errorf("no mark stands over the spark of %s, at %v", day.Format(time.DateOnly), middle)
		}
	}
	for i, v := range l.Points {
		if i%9 != 0 || l.Now.Sub(v.Day) < 3*dayLong {
			continue
		}
		if at := (point{a.x(v.Day), a.y(v.Value)}); !nearly(img, at, 2, violet) {
			t.Errorf("the line of %s is not at %v", v.Day.Format(time.DateOnly), at)
		}
		above := point{a.x(v.Day), a.y(v.Value) - boltAbove}
		if nearly(img, above, 0, amber) && !sparkDays[v.Day.AddDate(0, 0, 1)] && !sparkDays[v.Day] && !sparkDays[v.Day.AddDate(0, 0, -1)] {
			t.Errorf("a mark stands over %s, which had no spark", v.Day.Format(time.DateOnly))
		}
	}
	if end := (point{a.right, a.y(l.Points[len(l.Points)-1].Value)}); !nearly(img, end, 1, ink) {
		t.Errorf("today's velocity has no dot at %v", end)
	}
}

func TestWithoutSparksThereIsNoMark(t *testing.T) {
	l, _ := sample()
	l.Sparks = nil
	p, err := New().Velocity(l)
	if err != nil {
		t.Fatal(err)
	}
	if img := decoded(t, p); count(img, img.Bounds(), amber) > 0 {
		t.Error("a picture without sparks has marks")
	}
	l.Sparks = []time.Time{noon.AddDate(0, 0, -Days-10)}
	if p, err = New().Velocity(l); err != nil || strings.Contains(p.Alt, "spark") {
		t.Errorf("a spark from before the picture is told: %s, %v", p.Alt, err)
	}
}

func TestEveryRowIsLitInItsDirection(t *testing.T) {
	_, m := sample()
	p, err := New().Movers(m)
	if err != nil {
		t.Fatal(err)
	}
	img := decoded(t, p)
	for i, r := range m.Rows {
		a := rowAxis(m, i)
		if v := r.Points[len(r.Points)-1]; r.Change >= 0.05 && !nearly(img, point{a.right, a.y(v.Value)}, 2, green) || r.Change <= -0.05 && !nearly(img, point{a.right, a.y(v.Value)}, 2, coral) {
			t.Errorf("row %d, changed by %.1f, does not end in its colour", i, r.Change)
		}
		for _, s := range r.Sparks {
			if v, _ := valueOn(r.Points, s); !nearly(img, point{a.x(s), a.y(v) - 8}, 2, amber) {
				t.Errorf("row %d has no mark over %s", i, s.Format(time.DateOnly))
			}
		}
		y := int(moversHead+float64(i)*rowHeight) * Density
		name := image.Rect(margin*Density, y+10, (margin+nameWidth)*Density, y+int(rowHeight)*Density-10)
		if count(img, name, ink) < 50 {
			t.Errorf("row %d has no name", i)
		}
	}
	if _, err := New().Movers(Movers{Now: noon}); err == nil {
		t.Error("a picture of nobody was drawn")
	}
}

// Whatever a project is like, a picture of it can be drawn and keeps its bounds.
func TestPicturesOfAllKindsOfProjects(t *testing.T) {
	full, sparks := history(0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 181)
	wide := strings.Repeat("Wide name ", 30)
	for name, l := range map[string]Line{
		"nothing yet":   {Slug: "a", Name: "A", Trend: velocity.Quiet},
		"first day":     {Slug: "a", Name: "A", Points: full[len(full)-1:], Sparks: sparks[:1], Value: 4.6, Trend: velocity.New},
		"first week":    {Slug: "a", Name: "A", Points: full[len(full)-7:], Value: 4.6, Trend: velocity.New},
		"many sparks":   {Slug: "a", Name: wide, Points: full, Sparks: sparks, Value: 10, Change: -10, Known: true, Trend: velocity.Cooling},
		"curated":       {Slug: "a", Name: "שלום", Points: full, Value: 7, Curated: true, Trend: velocity.Steady},
		"longer series": {Slug: "a", Name: "🎉", Points: append(full, full...), Trend: velocity.Steady},
	} {
		t.Run(name, func(t *testing.T) {
			l.Now = noon
			p, err := New().Velocity(l)
			if err != nil {
				t.Fatal(err)
			}
			decoded(t, p)
			m := Movers{Title: wide, Days: 28, Now: noon, Rows: []Mover{{Slug: l.Slug, Name: l.Name, Points: l.Points, Sparks: l.Sparks, Value: l.Value, Trend: l.Trend}}}
			if p, err = New().Movers(m); err != nil {
				t.Fatal(err)
			}
			decoded(t, p)
		})
	}
	if _, err := New().Velocity(Line{Value: math.NaN()}); err == nil {
		t.Error("a number that is none was drawn")
	}
}

func TestALabelHasNoLetterTheFontLacks(t *testing.T) {
	for name, want := range map[string]string{
		"Session":          "Session",
		"  Zulip   Server": "Zulip Server",
		"Żółw Ελλάδα Ёж":   "Żółw Ελλάδα Ёж",
		"🎉 Party 👨‍👩‍👧‍👦!": "Party !",
		"❤️":               "the-slug",
		"سلام":             "the-slug",
		"שלום עולם":        "the-slug",
		"隐私消息":             "the-slug",
		"Session 隐私":       "the-slug",
		"":                 "the-slug",
		"\u202Eevil":       "evil",
	} {
		if got := label(name, "the-slug"); got != want {
			t.Errorf("label(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestALabelIsShortenedToItsPlace(t *testing.T) {
	p := newPen(strong(), 20, ink)
	for _, s := range []string{"Session", strings.Repeat("Wide name ", 30), "W"} {
		if got := p.fit(s, 90); p.width(got) > 90 || !strings.HasPrefix(s, strings.TrimSuffix(got, "…")) {
			t.Errorf("fit(%q) = %q of %.0f", s, got, p.width(got))
		}
	}
}

func TestTheDescriptionSaysWhatThePictureSays(t *testing.T) {
	l, m := sample()
	l.Value = 3.84
	for _, tc := range []struct {
		name string
		edit func(*Line)
		want string
	}{
		{"all of it", func(*Line) {}, "Velocity of Session over 26 weeks: 3.8, up 0.6 in seven days, rising. Lowest 1.2 on 4 March 2026, highest 6.2 on 22 July 2026. 3 sparks: 22 July 2026, 7 June 2026, 12 April 2026."},
		{"nothing to compare with", func(l *Line) { l.Known, l.Points, l.Sparks, l.Trend = false, nil, nil, velocity.New }, "Velocity of Session over 26 weeks: 3.8, new."},
		{"a curated value", func(l *Line) { l.Curated, l.Change, l.Points, l.Sparks = true, 0.01, nil, nil }, "Velocity of Session over 26 weeks: 3.8 (set by a person), unchanged in seven days, rising."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := l
			tc.edit(&l)
			if got := altLine(l); got != tc.want {
				t.Errorf("the description is %q", got)
			}
		})
	}
	m.Rows = m.Rows[:2]
	m.Rows[0].Value, m.Rows[1].Value, m.Rows[1].Known, m.Rows[1].Trend = 3.84, 2, false, velocity.New
	if got, want := altMovers(m), "What moved this week. Velocity now and its change in 7 days: Project 0 3.8, up 1.2; Project 1 2.0, new."; got != want {
		t.Errorf("the description is %q", got)
	}
}

func TestOnePictureIsDrawnOnceAndTheCacheIsBounded(t *testing.T) {
	s := New()
	l, _ := sample()
	first, err := s.Velocity(l)
	if err != nil {
		t.Fatal(err)
	}
	l.Now = l.Now.Add(time.Hour) // the same day
	again, err := s.Velocity(l)
	if err != nil || &first.PNG[0] != &again.PNG[0] {
		t.Error("the same picture was drawn twice")
	}
	l.Points = nil
	for i := range maxKept + 3 {
		if _, err := s.draw(strconv.Itoa(i), func() (Picture, error) { return Picture{}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.kept) != maxKept || len(s.order) != maxKept {
		t.Errorf("%d pictures are kept in an order of %d", len(s.kept), len(s.order))
	}
	if other, err := s.Velocity(l); err != nil || bytes.Equal(other.PNG, first.PNG) {
		t.Error("another content gave the same picture")
	}
}

// Every fact that changes a picture must change what it is kept by, or a reader sees
// another's.
func TestEveryFactMakesAnotherSum(t *testing.T) {
	l, m := sample()
	seen := map[string]string{}
	once := func(name, sum string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if before, there := seen[sum]; there {
			t.Errorf("%s gives the sum of %s", name, before)
		}
		seen[sum] = name
	}
	lineSum := func(edit func(*Line)) (string, error) {
		l := l
		l.Points, l.Sparks = slices.Clone(l.Points), slices.Clone(l.Sparks)
		edit(&l)
		return l.sum()
	}
	moversSum := func(edit func(*Movers)) (string, error) {
		m := m
		m.Rows = slices.Clone(m.Rows)
		m.Rows[1].Points = slices.Clone(m.Rows[1].Points)
		edit(&m)
		return m.sum()
	}
	sum, err := lineSum(func(*Line) {})
	once("the line", sum, err)
	sum, err = moversSum(func(*Movers) {})
	once("the movers", sum, err)
	for name, edit := range map[string]func(*Line){
		"a point's value": func(l *Line) { l.Points[3].Value += 1e-9 },
		"a point's day":   func(l *Line) { l.Points[3].Day = l.Points[3].Day.AddDate(0, 0, 1) },
		"a point less":    func(l *Line) { l.Points = l.Points[1:] },
		"a spark's time":  func(l *Line) { l.Sparks[0] = l.Sparks[0].AddDate(0, 0, 1) },
		"the name":        func(l *Line) { l.Name += "!" },
		"the slug":        func(l *Line) { l.Slug += "x" },
		"the value":       func(l *Line) { l.Value++ },
		"curated":         func(l *Line) { l.Curated = !l.Curated },
		"the change":      func(l *Line) { l.Change++ },
		"the trend":       func(l *Line) { l.Trend += "x" },
		"the day":         func(l *Line) { l.Now = l.Now.AddDate(0, 0, 1) },
	} {
		sum, err := lineSum(edit)
		once(name, sum, err)
	}
	for name, edit := range map[string]func(*Movers){
		"a row's point":   func(m *Movers) { m.Rows[1].Points[0].Value += 1e-9 },
		"a row's change":  func(m *Movers) { m.Rows[1].Change++ },
		"a row less":      func(m *Movers) { m.Rows = m.Rows[:len(m.Rows)-1] },
		"two rows turned": func(m *Movers) { m.Rows[0], m.Rows[1] = m.Rows[1], m.Rows[0] },
		"the title":       func(m *Movers) { m.Title += "!" },
		"the days":        func(m *Movers) { m.Days++ },
	} {
		sum, err := moversSum(edit)
		once("movers: "+name, sum, err)
	}
	again, _ := lineSum(func(*Line) {})
	if seen[again] != "the line" {
		t.Error("the same content has two sums")
	}
}

// However many ask for a new picture at once, it is drawn once.
func TestACrowdHasOnePictureDrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		var drawn atomic.Int64
		for range 50 {
			go func() {
				if _, err := s.draw("one", func() (Picture, error) {
					drawn.Add(1)
					time.Sleep(time.Second)
					return Picture{Name: "one"}, nil
				}); err != nil {
					t.Error(err)
				}
			}()
		}
		time.Sleep(time.Minute)
		if n := drawn.Load(); n != 1 {
			t.Errorf("it was drawn %d times", n)
		}
	})
}

// TestLook writes the pictures to the folder in SPARKBOT_TEST_LOOK, for whoever
// wants to see them.
func TestLook(t *testing.T) {
	dir := os.Getenv("SPARKBOT_TEST_LOOK")
	l, m := sample()
	for name, draw := range map[string]func() (Picture, error){
		"velocity": func() (Picture, error) { return New().Velocity(l) },
		"movers":   func() (Picture, error) { return New().Movers(m) },
	} {
		p, err := draw()
		if err != nil {
			t.Fatal(err)
		}
		decoded(t, p)
		if dir == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), p.PNG, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever a name is, its label has no letter the font lacks, and fits.
func FuzzLabel(f *testing.F) {
	for _, name := range []string{"Session", "🎉 Party", "שלום", "隐私", "\u202Eevil", "e\u0301", "", "\xff", "a\x00b", strings.Repeat("Wide ", 90)} {
		f.Add(name)
	}
	p := newPen(strong(), 20, ink)
	f.Fuzz(func(t *testing.T, name string) {
		got := label(name, "the-slug")
		if got == "" || p.width(p.fit(got, 120)) > 120 {
			t.Errorf("label(%q) = %q", name, got)
		}
		var buf sfnt.Buffer
		for _, r := range got {
			if i, err := strong().GlyphIndex(&buf, r); err != nil || i == 0 && !unicode.IsSpace(r) {
				t.Errorf("label(%q) = %q has %q, which the font lacks", name, got, r)
			}
		}
	})
}
