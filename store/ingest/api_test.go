package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sparkbot/store"
	"sparkbot/store/ingest"
	"sparkbot/store/storetest"
)

const river = `{"name":"River","category":"INFRA","tags":["queue"],"url":"https://river.org",
 "moves":[{"key":"old","occurred_at":"2020-01-01T00:00:00Z","title":"Founded","source_url":"https://river.org/0"}]}`

func TestAProjectAndItsMovesAreWrittenAndRead(t *testing.T) {
	each(t, func(t *testing.T, c *client) {
		c.want(404, "GET", "/api/v1/projects/river", "", `there is no project \"river\"`)
		c.want(201, "PUT", "/api/v1/projects/river", river, `"slug":"river"`, `"trend":"quiet"`, `"velocity":0`, `"title":"Founded"`)
		if got := c.Kinds(); got != "" {
			t.Errorf("the moves of a new project are told as %q, want none: they are history", got)
		}
		now := c.Now.Format(time.RFC3339)
		move := `{"key":"v2","occurred_at":"` + now + `","title":"Rebuilt","source_url":"https://river.org/2","spark":true}`
		c.want(201, "POST", "/api/v1/projects/river/moves", move, `"added":1`)
		if got := c.Kinds(); got != "stored" {
			t.Errorf("a move is told as %q", got)
		}
		c.want(200, "POST", "/api/v1/projects/river/moves", move, `"added":0`, `"unchanged":1`)
		c.want(200, "POST", "/api/v1/projects/river/moves", "["+strings.Replace(move, "Rebuilt", "Rewritten", 1)+"]", `"edited":1`)
		c.want(200, "POST", "/api/v1/projects/river/moves", strings.Replace(move, `"key":"v2",`, "", 1), `"edited":1`)
		c.want(200, "POST", "/api/v1/projects/river/moves", "[]", `"added":0`)

		text := c.want(200, "GET", "/api/v1/projects/river", "", `"velocity":4.6`, `"change":4.6`, `"trend":"surging"`, `"velocity_curated":false`, `"title":"Rebuilt"`)
		c.want(200, "PUT", "/api/v1/projects/river", text, `"velocity_curated":false`, `"velocity":4.6`)
		if got := c.Kinds(); strings.Count(got, "stored") != 1 {
			t.Errorf("sending back what was read is told as %q", got)
		}
		c.want(200, "PUT", "/api/v1/projects/river", `{"name":"River","velocity":9}`, `"velocity":9`, `"velocity_curated":true`, `"title":"Founded"`)
		c.want(200, "GET", "/api/v1/projects/river?moves=0", "", `"moves":[]`)
		c.want(200, "GET", "/api/v1/openapi.json", "", `"openapi": "3.1.0"`)
	})
}

// TestAChangeIsCountedFromWhatWasTold is about a project that was told to be at 6.0
// a week ago, for a move that is taken back since.
func TestAChangeIsCountedFromWhatWasTold(t *testing.T) {
	each(t, func(t *testing.T, c *client) {
		c.want(201, "PUT", "/api/v1/projects/river", river, `"velocity":0`, `"change":0`)
		p, err := c.DB.ProjectBySlug(t.Context(), "river")
		if err != nil {
			t.Fatal(err)
		}
		day := c.Now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -7)
		if _, err := c.DB.KeepSnapshots(t.Context(), []store.Snapshot{{ProjectID: p.ID, Day: day, Score: 6}}); err != nil {
			t.Fatal(err)
		}
		c.want(200, "GET", "/api/v1/projects/river", "", `"velocity":0`, `"change":-6`)
		c.want(200, "GET", "/api/v1/projects", "", `"change":-6`)
	})
}

func TestABatchIsStoredAsAWholeOrNotAtAll(t *testing.T) {
	each(t, func(t *testing.T, c *client) {
		c.Project("river", "INFRA")
		batch := func(n, bad int) string {
			moves := make([]map[string]any, n)
			for i := range moves {
				moves[i] = map[string]any{"occurred_at": "2026-01-01T00:00:00Z", "title": fmt.Sprint("Move ", i), "source_url": fmt.Sprint("https://river.org/", i)}
			}
			if bad >= 0 {
				moves[bad]["title"] = ""
			}
			text, err := json.Marshal(moves)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		c.want(422, "POST", "/api/v1/projects/river/moves", batch(1000, 999), `"pointer":"/999/title"`, "is missing or empty")
		c.want(422, "POST", "/api/v1/projects/river/moves", batch(1001, -1), `"pointer":"/1000"`, "1000 moves")
		if n := len(c.Changes()); n != 0 {
			t.Errorf("%d moves of refused batches are stored", n)
		}
		c.want(201, "POST", "/api/v1/projects/river/moves", batch(1000, -1), `"added":1000`)
		c.want(200, "POST", "/api/v1/projects/river/moves", batch(1000, -1), `"unchanged":1000`)

		c.want(201, "POST", "/api/v1/projects/river/moves", `{"key":"k","occurred_at":"2026-01-01T00:00:00Z","title":"T","source_url":"https://river.org/k"}`)
		c.want(409, "POST", "/api/v1/projects/river/moves", `{"key":"k","occurred_at":"2026-01-01T00:00:00Z","title":"T","source_url":"https://river.org/1"}`, "already taken")
	})
}

// TestImportAndAPISayTheSame gives both the same mistake.
func TestImportAndAPISayTheSame(t *testing.T) {
	c := newClient(t, storetest.SQLite(t), 60_000)
	c.Project("a", "INFRA")
	for name, move := range map[string]string{
		"a link":         `{"occurred_at":"2026-01-01T00:00:00Z","title":"T","source_url":"ftp://x.org"}`,
		"a time":         `{"occurred_at":"yesterday","title":"T","source_url":"https://x.org"}`,
		"a title":        `{"occurred_at":"2026-01-01T00:00:00Z","title":7,"source_url":"https://x.org"}`,
		"a member":       `{"occurred_at":"2026-01-01T00:00:00Z","titel":"T","source_url":"https://x.org"}`,
		"an odd member":  `{"a.b[0]/~":1}`,
		"a long summary": `{"occurred_at":"2026-01-01T00:00:00Z","title":"T","source_url":"https://x.org","summary":"` + strings.Repeat("é", 20001) + `"}`,
	} {
		_, err := ingest.Read(t.Context(), strings.NewReader(`{"projects":[{"slug":"a","name":"A","moves":[`+move+`]}]}`), nothing{}, nil)
		if err == nil {
			t.Fatalf("%s: the import takes it", name)
		}
		sentence := strings.TrimPrefix(err.Error(), "projects[0].moves")
		_, text := c.ask("POST", "/api/v1/projects/a/moves", "["+move+"]")
		var got struct {
			Detail string
			Errors []struct{ Pointer, Detail string }
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if got.Detail != sentence || len(got.Errors) != 1 || !strings.HasPrefix(got.Errors[0].Pointer, "/0/") {
			t.Errorf("%s: the import says %q, the API %+v", name, sentence, got)
		}
	}
	c.want(422, "POST", "/api/v1/projects/a/moves", `{"a.b[0]/~":1}`, `"pointer":"/a.b[0]~1~0"`)
}

// nothing is a Writer that forgets.
type nothing struct{}

func (nothing) PutProject(context.Context, store.Project) (int64, store.Put, error) {
	return 1, store.Created, nil
}
func (nothing) PutMoves(context.Context, int64, []store.Move) (int, int, error) { return 0, 0, nil }

func TestWhatIsRefused(t *testing.T) {
	c := newClient(t, storetest.SQLite(t), 60_000)
	c.Project("river", "INFRA")
	large := `{"name":"` + strings.Repeat("x", ingest.MaxBody) + `"}`
	exact := `{"name":"River","prediction":"` + strings.Repeat("x", 100) + `"}`
	exact += strings.Repeat(" ", ingest.MaxBody-len(exact))
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"no JSON", "POST", "/api/v1/projects/river/moves", `{"title":`, 400, "was it cut off?"},
		{"nothing", "POST", "/api/v1/projects/river/moves", ``, 400, "was it cut off?"},
		{"not UTF-8", "POST", "/api/v1/projects/river/moves", "{\"title\":\"\xff\"}", 400, "not UTF-8"},
		{"two bodies", "POST", "/api/v1/projects/river/moves", `[] []`, 422, "something follows the end"},
		{"another type", "POST", "/api/v1/projects/river/moves", `7`, 422, "must be an object"},
		{"a reserved slug", "PUT", "/api/v1/projects/help", `{"name":"Help"}`, 422, `"pointer":"/slug"`},
		{"another slug", "PUT", "/api/v1/projects/river", `{"name":"River","slug":"session"}`, 422, "is not the slug in the address"},
		{"no name", "PUT", "/api/v1/projects/river", `{}`, 422, `"pointer":"/name"`},
		{"over a MiB", "PUT", "/api/v1/projects/river", large, 413, "at most 1048576 bytes"},
		{"exactly a MiB", "PUT", "/api/v1/projects/river", exact, 200, `"name":"River"`},
		{"an unknown project", "POST", "/api/v1/projects/nobody/moves", `[]`, 404, "PUT it first"},
		{"a wrong page", "GET", "/api/v1/projects?limit=0", ``, 400, "a number from 1 to 200"},
		{"an unknown parameter", "GET", "/api/v1/projects?sort=x", ``, 400, `there are limit, after`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c.T = t
			c.want(tc.status, tc.method, tc.path, tc.body, tc.want)
		})
	}
	c.T = t
	for path, allow := range map[string]string{"/api/v1/projects": "GET, HEAD", "/api/v1/projects/river": "GET, HEAD, PUT", "/api/v1/projects/river/moves": "POST"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, path, nil)
		r.Header.Set("Authorization", "bearer "+full)
		c.api.ServeHTTP(w, r)
		if w.Code != 405 || w.Header().Get("Allow") != allow || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("DELETE %s → %d, Allow %q", path, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestTokens(t *testing.T) {
	each(t, func(t *testing.T, c *client) {
		c.Project("river", "INFRA")
		c.Project("session", "COMMS")
		c.Project("zulip", "COMMS")
		for _, wrong := range []string{"", "x", full + "x", full[1:]} {
			c.token = wrong
			c.want(401, "GET", "/api/v1/projects", "", "Authorization: Bearer")
			c.want(401, "POST", "/api/v1/projects/river/moves", "[]")
		}
		c.token = infra
		text := c.want(200, "GET", "/api/v1/projects", "", `"slug":"river"`, `"slug":"session"`)
		if strings.Contains(text, "zulip") {
			t.Errorf("a limited token sees more than it may: %s", text)
		}
		c.want(200, "POST", "/api/v1/projects/river/moves", "[]")
		c.want(200, "PUT", "/api/v1/projects/session", `{"name":"Session","category":"COMMS"}`)
		c.want(403, "GET", "/api/v1/projects/zulip", "", "limited to the projects session and the categories INFRA")
		c.want(403, "POST", "/api/v1/projects/zulip/moves", "[]")
		c.want(403, "PUT", "/api/v1/projects/zulip", `{"name":"Zulip","category":"INFRA"}`)
		c.want(403, "PUT", "/api/v1/projects/river", `{"name":"River","category":"DATA"}`)
		c.want(403, "PUT", "/api/v1/projects/new", `{"name":"New"}`)
		c.want(201, "PUT", "/api/v1/projects/new", `{"name":"New","category":"infra"}`)

		off := ingest.NewAPI(library{c.DB}, ingest.Options{Now: time.Now, PerMinute: 1})
		w := httptest.NewRecorder()
		off.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/projects/river/moves", strings.NewReader("[]")))
		if w.Code != 404 || !strings.Contains(w.Body.String(), "SPARKBOT_API_TOKEN") {
			t.Errorf("without a token in the configuration: %d %s", w.Code, w.Body)
		}
	})
}

func TestEntityTags(t *testing.T) {
	each(t, func(t *testing.T, c *client) {
		c.want(201, "PUT", "/api/v1/projects/river", river)
		answer, _ := c.ask("GET", "/api/v1/projects/river?moves=1", "")
		etag := answer.Header.Get("ETag")
		if again, text := c.ask("GET", "/api/v1/projects/river?moves=1", "", "If-None-Match: "+`"x", W/`+etag); again.StatusCode != 304 || text != "" {
			t.Errorf("what the reader has is sent again: %d %s", again.StatusCode, text)
		}
		if other, _ := c.ask("GET", "/api/v1/projects/river", "", "If-None-Match: "+etag); other.StatusCode != 200 {
			t.Errorf("an answer with more moves is said to be the same: %d", other.StatusCode)
		}
		if head, text := c.ask("HEAD", "/api/v1/projects/river?moves=1", ""); head.StatusCode != 200 || text != "" || head.Header.Get("ETag") != etag {
			t.Errorf("HEAD: %d %q %s", head.StatusCode, text, head.Header.Get("ETag"))
		}
		if new, _ := c.ask("PUT", "/api/v1/projects/river", `{"name":"R"}`, "If-None-Match: *"); new.StatusCode != 412 {
			t.Errorf("a project that is there is made anew: %d", new.StatusCode)
		}
		if changed, text := c.ask("PUT", "/api/v1/projects/river", strings.Replace(river, "River", "Rivers", 1), "If-Match: "+etag); changed.StatusCode != 200 {
			t.Errorf("the first writer is refused: %d %s", changed.StatusCode, text)
		}
		if late, _ := c.ask("PUT", "/api/v1/projects/river", `{"name":"R"}`, "If-Match: "+etag); late.StatusCode != 412 {
			t.Errorf("the second writer is not refused: %d", late.StatusCode)
		}
		if none, _ := c.ask("PUT", "/api/v1/projects/nobody", `{"name":"N"}`, "If-Match: *"); none.StatusCode != 412 {
			t.Errorf("a project that is not there is as If-Match says: %d", none.StatusCode)
		}
		list, _ := c.ask("GET", "/api/v1/projects", "")
		if again, _ := c.ask("GET", "/api/v1/projects", "", "If-None-Match: "+list.Header.Get("ETag")); again.StatusCode != 304 {
			t.Errorf("the list is sent again: %d", again.StatusCode)
		}
		c.Move("river", "news")
		if again, _ := c.ask("GET", "/api/v1/projects", "", "If-None-Match: "+list.Header.Get("ETag")); again.StatusCode != 200 {
			t.Errorf("a list with news is said to be the same: %d", again.StatusCode)
		}
	})
}

func TestPages(t *testing.T) {
	each(t, func(t *testing.T, c *client) {
		for i := range 7 {
			c.Project(fmt.Sprintf("p-%d", i), []string{"INFRA", "COMMS"}[i%2], "Tag")
			for n := range 3 {
				c.Move(fmt.Sprintf("p-%d", i), fmt.Sprintf("move %d", n))
			}
		}
		var slugs []string
		for path := "/api/v1/projects?limit=2&category=infra&tag=TAG&moves=2"; path != ""; {
			answer, text := c.ask("GET", path, "")
			var got struct {
				Projects []struct {
					Slug  string
					Moves []struct{ Title string }
				}
			}
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatal(err)
			}
			for _, p := range got.Projects {
				slugs = append(slugs, p.Slug)
				if len(p.Moves) != 2 || p.Moves[0].Title != "move 2" {
					t.Errorf("%s shows the moves %v, want the two newest", p.Slug, p.Moves)
				}
			}
			path, _, _ = strings.Cut(strings.TrimPrefix(answer.Header.Get("Link"), "<"), ">")
		}
		if got := strings.Join(slugs, " "); got != "p-0 p-2 p-4 p-6" {
			t.Errorf("the pages hold %s", got)
		}
	})
}

func TestARateIsPerToken(t *testing.T) {
	c := newClient(t, storetest.SQLite(t), 60)
	for range 10 {
		c.want(200, "GET", "/api/v1/projects", "")
	}
	answer, _ := c.ask("GET", "/api/v1/projects", "")
	if answer.StatusCode != 429 || answer.Header.Get("Retry-After") != "1" {
		t.Errorf("the eleventh request at once: %d, Retry-After %q", answer.StatusCode, answer.Header.Get("Retry-After"))
	}
	c.token = infra
	c.want(200, "GET", "/api/v1/projects", "")
	c.token, c.clock = full, c.clock.Add(time.Second)
	c.want(200, "GET", "/api/v1/projects", "")
	c.want(429, "GET", "/api/v1/projects", "", "60 requests a minute")
}

// TestManyWritersOfOneMove sends one move ten times at once.
func TestManyWritersOfOneMove(t *testing.T) {
	each(t, func(t *testing.T, c *client) {
		c.Project("river", "INFRA")
		body := []byte(`{"key":"k","occurred_at":"2026-01-01T00:00:00Z","title":"T","source_url":"https://river.org/k"}`)
		var group sync.WaitGroup
		codes := make(chan int, 10)
		for range 10 {
			group.Go(func() {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/projects/river/moves", bytes.NewReader(body))
				r.Header.Set("Authorization", "Bearer "+full)
				w := httptest.NewRecorder()
				c.api.ServeHTTP(w, r)
				codes <- w.Code
			})
		}
		group.Wait()
		close(codes)
		count := map[int]int{}
		for code := range codes {
			count[code]++
		}
		if count[201] != 1 || count[200] != 9 {
			t.Errorf("the answers are %v, want 201 once and 200 nine times", count)
		}
	})
}
