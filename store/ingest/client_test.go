package ingest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"sparkbot/notify/velocity"
	"sparkbot/store"
	"sparkbot/store/ingest"
	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// library gives the API a database, as the program does.
type library struct{ *sqlstore.Store }

func (l library) Within(ctx context.Context, do func(ingest.Transaction) error) error {
	return l.Import(ctx, func(tx *sqlstore.Import) error { return do(tx) })
}

const (
	full  = "hunter2-may-do-everything"
	infra = "hunter2-only-infra-and-session"
)

var contract = sync.OnceValues(func() (validator.Validator, error) {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	if ok, problems := v.ValidateDocument(); !ok {
		return nil, fmt.Errorf("the description is no OpenAPI 3.1: %v", problems)
	}
	return v, nil
})

// client speaks to an API on a database, and holds every answer against the
// description.
type client struct {
	*storetest.World
	api   *ingest.API
	token string
	clock time.Time
}

func newClient(t *testing.T, url string, perMinute int) *client {
	c := &client{World: storetest.NewWorld(t, url), token: full}
	c.clock = c.Now
	c.api = ingest.NewAPI(library{c.DB}, ingest.Options{
		Tokens:    []ingest.Token{{Name: "all", Secret: full}, {Name: "infra", Secret: infra, Projects: []string{"session"}, Categories: []string{"INFRA"}}},
		PerMinute: perMinute, Now: func() time.Time { return c.clock }, Log: storetest.Log(t),
		Read: func(p store.Project, pulse []store.Move, told []store.Snapshot, at time.Time) ingest.Reading {
			r := velocity.ReadTold(p, pulse, velocity.ToldOf(told), at)
			return ingest.Reading{Velocity: r.Value, Change: r.Change, Trend: string(r.Trend)}
		},
	})
	return c
}

// ask sends one request. headers are "Name: value".
func (c *client) ask(method, path, body string, headers ...string) (*http.Response, string) {
	c.T.Helper()
	r := httptest.NewRequestWithContext(c.T.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	c.api.ServeHTTP(w, r)
	answer := w.Result()
	text := w.Body.String()
	if strings.Contains(text, "hunter2") {
		c.T.Errorf("%s %s shows a token: %s", method, path, text)
	}
	c.conform(r, answer, text)
	return answer, text
}

// conform holds an answer against the description.
func (c *client) conform(r *http.Request, answer *http.Response, text string) {
	c.T.Helper()
	v, err := contract()
	if err != nil {
		c.T.Fatal(err)
	}
	if r.Method == http.MethodHead || answer.StatusCode == http.StatusNotModified {
		return // without a body there is nothing to hold against it
	}
	copied := *answer
	copied.Body = io.NopCloser(strings.NewReader(text))
	ok, problems := v.ValidateHttpResponse(r, &copied)
	for _, p := range problems {
		c.T.Errorf("%s %s → %d breaks the description: %s\n%s", r.Method, r.URL, answer.StatusCode, p.Error(), text)
	}
	if !ok && len(problems) == 0 {
		c.T.Errorf("%s %s → %d breaks the description", r.Method, r.URL, answer.StatusCode)
	}
}

// want asks and checks the status and that the answer holds texts.
func (c *client) want(status int, method, path, body string, texts ...string) string {
	c.T.Helper()
	answer, text := c.ask(method, path, body)
	if answer.StatusCode != status {
		c.T.Errorf("%s %s → %d, want %d: %s", method, path, answer.StatusCode, status, text)
	}
	for _, want := range texts {
		if !strings.Contains(text, want) {
			c.T.Errorf("%s %s → %s, which lacks %q", method, path, text, want)
		}
	}
	return text
}

func each(t *testing.T, story func(t *testing.T, c *client)) {
	storetest.Each(t, func(t *testing.T, url string) { story(t, newClient(t, url, 60_000)) })
}
