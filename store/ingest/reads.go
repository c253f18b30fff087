package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sparkbot/store"
)

// How many moves and projects an answer shows.
const (
	fewMoves     = 10 // unless asked otherwise
	mostMoves    = 100
	fewProjects  = 50 // unless asked otherwise
	mostProjects = 200
)

// list answers GET /api/v1/projects.
func (a *API) list(c *call) error {
	ask, err := parameters(c.r, "limit", "after", "category", "tag", "moves")
	if err != nil {
		return err
	}
	limit, err := number(ask, "limit", fewProjects, 1, mostProjects)
	if err != nil {
		return err
	}
	moves, err := number(ask, "moves", fewMoves, 0, mostMoves)
	if err != nil {
		return err
	}
	projects, err := a.store.ProjectsPage(c.r.Context(), store.ProjectQuery{
		After: ask.Get("after"), Limit: limit + 1, Category: ask.Get("category"), Tag: ask.Get("tag"),
		Slugs: c.token.Projects, Categories: c.token.Categories,
	})
	if err != nil {
		return err
	}
	body := page{Projects: []answer{}}
	if len(projects) > limit {
		projects = projects[:limit]
		body.Next = projects[limit-1].Slug
		ask.Set("after", body.Next)
		c.w.Header().Set("Link", fmt.Sprintf(`</api/v1/projects?%s>; rel="next"`, ask.Encode()))
	}
	all, err := a.look(c.r.Context(), a.store, projects, moves)
	if err != nil {
		return err
	}
	for _, t := range all {
		body.Projects = append(body.Projects, t.answer())
	}
	text, err := encodeJSON(body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	return c.reply(http.StatusOK, strconv.Quote(hex.EncodeToString(sum[:16])), text)
}

// get answers GET /api/v1/projects/{slug}.
func (a *API) get(c *call) error {
	ask, err := parameters(c.r, "moves")
	if err != nil {
		return err
	}
	moves, err := number(ask, "moves", fewMoves, 0, mostMoves)
	if err != nil {
		return err
	}
	p, err := a.project(c, a.store)
	if err != nil {
		return err
	}
	return a.show(c, a.store, p, moves, http.StatusOK)
}

// project finds the project of the address, if the token reaches it.
func (a *API) project(c *call, from Library) (store.Project, error) {
	p, err := from.ProjectBySlug(c.r.Context(), c.slug)
	if errors.Is(err, store.ErrNotFound) {
		return p, trouble(http.StatusNotFound, "not-found", "there is no project %q; PUT it first", c.slug)
	}
	if err == nil {
		err = c.token.forbid(p)
	}
	return p, err
}

// show answers with one project.
func (a *API) show(c *call, from Library, p store.Project, moves, status int) error {
	all, err := a.look(c.r.Context(), from, []store.Project{p}, moves)
	if err != nil {
		return err
	}
	text, err := encodeJSON(all[0].answer())
	if err != nil {
		return err
	}
	return c.reply(status, tag(all[0].state(), moves), text)
}

// look reads what is told of projects.
func (a *API) look(ctx context.Context, from Library, projects []store.Project, moves int) ([]told, error) {
	if len(projects) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(projects))
	for i, p := range projects {
		ids[i] = p.ID
	}
	pulse, err := from.Pulse(ctx, ids...)
	if err != nil {
		return nil, err
	}
	recent := map[int64][]store.Move{}
	if moves > 0 {
		if recent, err = from.RecentMoves(ctx, moves, ids...); err != nil {
			return nil, err
		}
	}
	now := a.o.Now()
	past, err := from.Snapshots(ctx, now.UTC().AddDate(0, 0, -7), ids...)
	if err != nil {
		return nil, err
	}
	return a.tell(projects, recent, pulse, past, now), nil
}

// reply sends a body, or 304 to a reader who has it already.
func (c *call) reply(status int, etag string, text []byte) error {
	header := c.w.Header()
	header.Set("ETag", etag)
	header.Set("Cache-Control", "private, no-cache")
	header.Set("Vary", "Authorization")
	reads := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
	if reads && matches(c.r.Header.Values("If-None-Match"), etag, true) {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(text) // a reader that went away needs no answer
	}
	return nil
}

// matches reports whether one of the entity tags in a header is etag, or any. A
// weak comparison passes over the mark of weak tags (RFC 9110, 8.8.3.2).
func matches(values []string, etag string, weak bool) bool {
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			t = strings.TrimSpace(t)
			if weak {
				t = strings.TrimPrefix(t, "W/")
			}
			if t == "*" || t == etag {
				return true
			}
		}
	}
	return false
}

func encodeJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write the answer: %w", err)
	}
	return out.Bytes(), nil
}

// parameters gives those of the query, and refuses what it does not know, because
// a misspelt one would silently be without effect.
func parameters(r *http.Request, names ...string) (url.Values, error) {
	ask, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, trouble(http.StatusBadRequest, "parameter", "the part of the address after the question mark is not readable")
	}
	for name, values := range ask {
		if !slices.Contains(names, name) {
			return nil, trouble(http.StatusBadRequest, "parameter", "the parameter %q is unknown; there are %s", name, strings.Join(names, ", "))
		}
		if len(values) > 1 || strings.ContainsRune(values[0], 0) {
			return nil, trouble(http.StatusBadRequest, "parameter", "the parameter %q takes one text", name)
		}
	}
	return ask, nil
}

func number(ask url.Values, name string, otherwise, least, most int) (int, error) {
	if !ask.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(ask.Get(name))
	if err != nil || n < least || n > most {
		return 0, trouble(http.StatusBadRequest, "parameter", "the parameter %q is a number from %d to %d", name, least, most)
	}
	return n, nil
}
