package feed_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/store"
	"sparkbot/store/feed"
	"sparkbot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// publisher is a feed's server: what it gives changes between reads.
type publisher struct {
	mu    sync.Mutex
	items []item
	err   error
	asked []feed.Request
}

type item struct{ id, link, title, text, date string }

func (p *publisher) Fetch(_ context.Context, q feed.Request) (feed.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, q)
	if p.err != nil {
		return feed.Answer{}, p.err
	}
	var out strings.Builder
	out.WriteString(`<rss version="2.0"><channel><title>News</title><link>https://river.org/</link>`)
	for _, i := range p.items {
		fmt.Fprintf(&out, `<item><guid>%s</guid><link>%s</link><title>%s</title><description>%s</description><pubDate>%s</pubDate></item>`, i.id, i.link, i.title, i.text, i.date)
	}
	out.WriteString(`</channel></rss>`)
	return feed.Answer{Body: []byte(out.String()), URL: q.URL}, nil
}

func (p *publisher) publish(items ...item) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.items = items
}

var source = feed.Source{Project: "river", URL: "https://river.org/rss", Kind: feed.Auto, Interval: time.Hour, Title: "{title}", Summary: "{summary}", Sparks: feed.Sparks{Semver: "major"}}

// TestEntriesBecomeMovesOnce follows a feed over years of what publishers do to it.
func TestEntriesBecomeMovesOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		w := storetest.NewWorld(t, url)
		p := &publisher{}
		last := feed.Event{}
		r := feed.New(w.DB, p, feed.Options{Now: func() time.Time { return w.Now }, Log: storetest.Log(t), Read: func(e feed.Event) { last = e }})
		st := store.FeedState{Key: source.Key()}
		read := func() feed.Event {
			t.Helper()
			w.Now = w.Now.Add(2 * time.Hour)
			st = r.Once(t.Context(), source, st)
			kept, err := w.DB.FeedStates(t.Context(), []string{source.Key()})
			if err != nil || kept[source.Key()] != st {
				t.Errorf("kept is %+v, %v, want %+v", kept[source.Key()], err, st)
			}
			return last
		}
		want := func(what string, added, edited int, kinds string) {
			t.Helper()
			e := read()
			if e.Err != nil || e.Added != added || e.Edited != edited {
				t.Errorf("%s: %d added, %d edited, %v; want %d and %d", what, e.Added, e.Edited, e.Err, added, edited)
			}
			if got := w.Kinds(); got != kinds {
				t.Errorf("%s is told as %q, want %q", what, got, kinds)
			}
			w.Forget()
		}
		if e := read(); e.Err == nil || !strings.Contains(e.Err.Error(), `no project "river"`) {
			t.Errorf("without the project: %v", e.Err)
		}
		project := w.Project("river", "INFRA")
		date := w.Now.Format(time.RFC1123Z)
		v1 := item{"1", "https://river.org/v1", "v1.0.0", "First.", date}
		v2 := item{"2", "https://river.org/v2", "v2.0.0", "Second.", date}
		v3 := item{"3", "https://river.org/v3", "v2.1.0", "Third.", date}

		p.publish(v1)
		want("the first read", 1, 0, "")
		want("the same again", 0, 0, "")
		p.publish(v2, v1)
		want("an entry", 1, 0, "stored")
		again := v2
		again.date = w.Now.Add(time.Hour).Format(time.RFC1123Z)
		p.publish(again, v1)
		want("another date", 0, 0, "")
		again.id = "tag:river.org,2026:2"
		p.publish(again, v1)
		want("another id", 0, 0, "")
		again.link = "https://river.org/2026/v2"
		p.publish(again, v1)
		want("another link under the new id", 0, 0, "")
		again.id = "x"
		p.publish(again, v1)
		want("another id for the new link", 0, 0, "")
		again.text = "Second, with notes."
		p.publish(again, v1)
		want("other words", 0, 1, "edited")
		want("the other words again", 0, 0, "")
		p.publish(v3)
		want("the next, when those before have left the document", 1, 0, "stored")
		p.publish(v3, again, v1)
		want("those before come back", 0, 0, "")

		w.MustExec("UPDATE moves SET title = 'By hand' WHERE source_url = 'https://river.org/v3'")
		w.Forget()
		v3.text = "Other notes."
		p.publish(v3)
		want("words that a person had changed", 0, 0, "")
		w.MustExec("DELETE FROM moves WHERE source_url = 'https://river.org/v3'")
		want("a move that was taken out", 0, 0, "")

		w.Move("river", "told by another program")
		w.Forget()
		p.publish(item{"4", "https://example.org/told-by-another-program", "Told", "", date})
		want("a source that is told already", 0, 0, "")

		moves, err := w.DB.Moves(t.Context(), project.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		sparks := 0
		for _, m := range moves {
			if m.Spark {
				sparks++
			}
		}
		if len(moves) != 3 || sparks != 2 {
			t.Errorf("there are %d moves and %d sparks, want 3 and 2: %+v", len(moves), sparks, moves)
		}
		p.err = errors.New("away")
		if e := read(); e.Err == nil || st.Failures != 1 || st.Problem != "away" {
			t.Errorf("a failure is remembered as %+v", st)
		}
		p.err = nil
		other := source
		other.URL = "https://river.org/atom"
		if next := r.Once(t.Context(), other, store.FeedState{Key: other.Key()}); next.Failures != 0 || w.Kinds() != "" || last.Added != 0 {
			t.Errorf("the same entries under another address: %+v, told %q", last, w.Kinds())
		}
	})
}

// shelf is a Store in memory, for the loop.
type shelf struct {
	feed.Store
	mu     sync.Mutex
	states map[string]store.FeedState
	fails  int
}

func (s *shelf) FeedStates(context.Context, []string) (map[string]store.FeedState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		return nil, errors.New("the database is away")
	}
	return map[string]store.FeedState{}, nil
}

func (s *shelf) SaveFeed(_ context.Context, st store.FeedState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states[st.Key] = st
	return nil
}

func (s *shelf) StoreFeed(ctx context.Context, r store.FeedRead) (int, int, error) {
	return len(r.Entries), 0, s.SaveFeed(ctx, r.State)
}

func (*shelf) ProjectBySlug(context.Context, string) (store.Project, error) {
	return store.Project{ID: 1}, nil
}

// TestFeedsAreReadWhenDue lets a day pass.
func TestFeedsAreReadWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := &publisher{}, &shelf{states: map[string]store.FeedState{}, fails: 2}
		second := source
		second.URL = "https://river.org/other"
		ctx, stop := context.WithCancel(t.Context())
		r := feed.New(s, p, feed.Options{Sources: []feed.Source{source, second}, Now: time.Now, Rand: func() float64 { return 0.5 }})
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		count := func() int {
			synctest.Wait()
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.asked)
		}
		if n := count(); n != 0 {
			t.Errorf("%d were asked while the database was away", n)
		}
		time.Sleep(time.Minute)
		if n := count(); n != 2 {
			t.Errorf("%d were asked once it was back, want both", n)
		}
		time.Sleep(5 * time.Hour)
		if n := count(); n != 12 {
			t.Errorf("%d were asked after five hours, want 12", n)
		}
		p.mu.Lock()
		p.err = errors.New("away")
		p.mu.Unlock()
		time.Sleep(3 * time.Hour)
		if n := count(); n < 12+2*6 || n > 12+2*9 {
			t.Errorf("%d were asked of servers that fail, want ever fewer", n-12)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
}
