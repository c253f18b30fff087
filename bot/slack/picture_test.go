package slack

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sparkbot/bot/bottest"
	"sparkbot/bot/sandbox"
	"sparkbot/notify"
)

// illustrated is a message with a picture of a colour.
func illustrated(t *testing.T, c *Client, words string, of color.Color) notify.Body {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewPaletted(image.Rect(0, 0, 8, 6), color.Palette{of})); err != nil {
		t.Fatal(err)
	}
	body, err := c.Encode(notify.Message{Fallback: words, Blocks: []notify.Block{
		notify.Text{Spans: []notify.Span{{Text: words}}}, notify.Picture{Name: "v.png", Alt: "3.8", PNG: out.Bytes(), Width: 8, Height: 6},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// posting gives a function that posts a body to a channel and gives what is shown.
func posting(t *testing.T, c *Client, k *sandbox.Slack) func(notify.Body) sandbox.Message {
	t.Helper()
	k.SetChannelLimit(false)
	channel := k.AddChannel("news")
	return func(b notify.Body) sandbox.Message {
		t.Helper()
		if _, err := c.Post(t.Context(), notify.Envelope{Workspace: k.Team(), Channel: channel}, b); err != nil {
			t.Fatal(err)
		}
		all := k.Messages(channel)
		return all[len(all)-1]
	}
}

func TestAPictureIsUploadedOnceInAWorkspace(t *testing.T) {
	c, k := stage(t, bottest.NewScript(), true)
	post := posting(t, c, k)
	first, second := illustrated(t, c, "one", color.Black), illustrated(t, c, "two", color.White)
	for _, b := range []notify.Body{first, first, second, first} {
		if m := post(b); len(m.Pictures) != 1 {
			t.Errorf("%q shows %d pictures", m.Text, len(m.Pictures))
		}
	}
	if n := k.Uploads(); n != 2 {
		t.Errorf("two pictures took %d uploads", n)
	}
}

func TestWordsDoNotWaitForAPictureThatIsNeverReady(t *testing.T) {
	c, k := stage(t, bottest.NewScript(), true)
	c.pictureWait = 20 * time.Millisecond
	post := posting(t, c, k)
	k.NeverReady(true)
	b := illustrated(t, c, "the words", color.Black)
	if m := post(b); m.Text != "the words" || len(m.Pictures) != 0 {
		t.Errorf("the message shows %q and %d pictures", m.Text, len(m.Pictures))
	}
	k.NeverReady(false)
	c.pictureWait = 10 * time.Second
	if m := post(b); len(m.Pictures) != 1 || k.Uploads() != 1 {
		t.Errorf("a later message shows %d pictures after %d uploads", len(m.Pictures), k.Uploads())
	}
}

func TestAPictureThatWasDeletedIsUploadedAnew(t *testing.T) {
	c, k := stage(t, bottest.NewScript(), true)
	post := posting(t, c, k)
	b := illustrated(t, c, "the words", color.Black)
	post(b)
	k.DeleteFiles()
	if m := post(b); m.Text != "the words" || len(m.Pictures) != 0 {
		t.Errorf("with its file deleted the message shows %q and %d pictures", m.Text, len(m.Pictures))
	}
	if m := post(b); len(m.Pictures) != 1 {
		t.Error("the picture did not come back")
	}
}

func TestAWorkspaceThatRefusesPicturesIsLeftAlone(t *testing.T) {
	var ahead atomic.Int64
	c, k := stage(t, bottest.NewScript(), true, func(o *Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	post := posting(t, c, k)
	k.ForbidFiles(true)
	b := illustrated(t, c, "the words", color.Black)
	post(b)
	k.ForbidFiles(false)
	if m := post(b); len(m.Pictures) != 0 {
		t.Error("the app asked again at once")
	}
	ahead.Store(int64(untilInstalled))
	if m := post(b); len(m.Pictures) != 1 {
		t.Error("the app never asked again")
	}
}

func TestTheMemoryOfUploadsIsBounded(t *testing.T) {
	var s files
	now := time.Now()
	for i := range maxFiles + 5 {
		if _, first, err := s.entry(fileKey{team: strings.Repeat("x", i%7), content: [32]byte{byte(i), byte(i >> 8)}}, now); !first || err != nil {
			t.Fatal(first, err)
		}
	}
	if len(s.known) != maxFiles || len(s.order) != maxFiles {
		t.Errorf("%d and %d are remembered", len(s.known), len(s.order))
	}
}

// A text that looks like a picture's place is a text.
func TestAPlaceholderInATextStays(t *testing.T) {
	c := newEncoder(t)
	b := illustrated(t, c, `"picture:0" "slack_file":{"id":"picture:0"}`, color.Black)
	made, err := replaceFiles(b.Content, func(int) string { return "F1" })
	if err != nil || !strings.Contains(string(made), `"slack_file":{"id":"F1"}`) || strings.Count(string(made), `picture:0`) < 3 {
		t.Errorf("the body became %s, %v", made, err)
	}
}

// TestAPictureIsNamedByItsContent names more pictures than are remembered, twice, and
// copies of them, whose bytes lie elsewhere.
func TestAPictureIsNamedByItsContent(t *testing.T) {
	var s sums
	names := map[fileKey]bool{}
	var all []notify.Picture
	for i := range byte(3 * len(s.latest)) {
		all = append(all, notify.Picture{Alt: "a line", PNG: []byte{1, i}}, notify.Picture{Alt: "another line", PNG: []byte{1, i}})
	}
	for _, p := range all {
		names[s.keyOf("T1", p)] = true
	}
	if len(names) != len(all) {
		t.Errorf("%d pictures have %d names", len(all), len(names))
	}
	for _, p := range all {
		copied := notify.Picture{Alt: p.Alt, PNG: bytes.Clone(p.PNG)}
		name := s.keyOf("T1", p)
		if !names[name] || s.keyOf("T1", p) != name || s.keyOf("T1", copied) != name {
			t.Errorf("%s %v has another name", p.Alt, p.PNG)
		}
		if s.keyOf("T2", p) == name {
			t.Errorf("%s %v has the same name in another workspace", p.Alt, p.PNG)
		}
	}
	if empty, none := s.keyOf("T1", notify.Picture{}), s.keyOf("T1", notify.Picture{PNG: []byte{}}); empty != none {
		t.Error("an empty picture has two names")
	}
}
