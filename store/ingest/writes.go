package ingest

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"sparkbot/store"
)

// body reads all of a request's body.
func (c *call) body() ([]byte, error) {
	if e := c.r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, trouble(http.StatusUnsupportedMediaType, "encoding", "a body is sent as it is, not as %s", e)
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, MaxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); err != nil && !large {
		return nil, trouble(http.StatusBadRequest, "unreadable", "the body ended before all of it arrived")
	}
	return text, err
}

// put answers PUT /api/v1/projects/{slug}: the project becomes what the body says,
// and the moves in it are stored beside those there are.
func (a *API) put(c *call) error {
	if _, err := parameters(c.r); err != nil {
		return err
	}
	text, err := c.body()
	if err != nil {
		return err
	}
	p, moves, err := readProject(text, c.slug)
	if err != nil {
		return err
	}
	if err := c.token.forbid(p); err != nil {
		return err
	}
	var sum Summary
	err = a.within(c, func(tx Transaction) error {
		if err := a.unchanged(c, tx); err != nil {
			return err
		}
		d := &reader{to: tx, progress: func(Summary) {}}
		if err := d.put(c.r.Context(), "", p, moves); err != nil {
			return err
		}
		sum = d.summary
		return nil
	})
	if err != nil {
		return err
	}
	a.o.Log.Info("the API stored a project", "request", c.id, "token", c.token.Name, "project", c.slug,
		"created", sum.ProjectsCreated > 0, "added", sum.MovesAdded, "edited", sum.MovesEdited)
	stored, err := a.store.ProjectBySlug(c.r.Context(), c.slug)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if sum.ProjectsCreated > 0 {
		status = http.StatusCreated
		c.w.Header().Set("Location", "/api/v1/projects/"+c.slug)
	}
	return a.show(c, a.store, stored, fewMoves, status)
}

// unchanged holds the project for the transaction, if it is there, and refuses
// when the token does not reach it or it is not as If-Match and If-None-Match ask.
func (a *API) unchanged(c *call, tx Transaction) error {
	ifMatch, ifNone := c.r.Header.Values("If-Match"), c.r.Header.Values("If-None-Match")
	old, err := tx.ProjectBySlug(c.r.Context(), c.slug)
	switch {
	case errors.Is(err, store.ErrNotFound) && len(ifMatch) > 0:
		return trouble(http.StatusPreconditionFailed, "changed", "there is no project %q, so it is not as If-Match says", c.slug)
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	if err := c.token.forbid(old); err != nil {
		return err
	}
	if len(ifMatch) == 0 && len(ifNone) == 0 {
		return nil
	}
	all, err := a.look(c.r.Context(), tx, []store.Project{old}, 0)
	if err != nil {
		return err
	}
	state := all[0].state()
	if len(ifMatch) > 0 && !matches(stripMoves(ifMatch), `"`+state+`"`, false) {
		return trouble(http.StatusPreconditionFailed, "changed", "the project has changed since it was read; read it again and repeat the change")
	}
	if len(ifNone) > 0 && matches(stripMoves(ifNone), `"`+state+`"`, true) {
		return trouble(http.StatusPreconditionFailed, "exists", "the project %q is there already", c.slug)
	}
	return nil
}

// stripMoves takes from entity tags how many moves the answer showed.
func stripMoves(values []string) (states []string) {
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			t = strings.TrimSpace(t)
			if state, _, shown := strings.Cut(t, "."); shown {
				t = state + `"`
			}
			states = append(states, t)
		}
	}
	return states
}

// post answers POST /api/v1/projects/{slug}/moves with one move or an array.
func (a *API) post(c *call) error {
	if _, err := parameters(c.r); err != nil {
		return err
	}
	text, err := c.body()
	if err != nil {
		return err
	}
	moves, err := readMoves(text)
	if err != nil {
		return err
	}
	var result written
	err = a.within(c, func(tx Transaction) error {
		p, err := a.project(c, tx)
		if err != nil {
			return err
		}
		result = written{}
		if len(moves) == 0 {
			return nil
		}
		if result.Added, result.Edited, err = tx.PutMoves(c.r.Context(), p.ID, moves); err != nil {
			return failed("", err)
		}
		result.Unchanged = len(moves) - result.Added - result.Edited
		return nil
	})
	if err != nil {
		return err
	}
	a.o.Log.Info("the API stored moves", "request", c.id, "token", c.token.Name, "project", c.slug,
		"added", result.Added, "edited", result.Edited, "unchanged", result.Unchanged)
	body, err := encodeJSON(result)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if result.Added > 0 {
		status = http.StatusCreated
	}
	header := c.w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body) // a reader that went away needs no answer
	return nil
}

// within runs do in a transaction, and once more when another request stored the
// same at the same time: then the second look finds it there.
func (a *API) within(c *call, do func(Transaction) error) error {
	err := a.store.Within(c.r.Context(), do)
	if errors.Is(err, store.ErrConflict) {
		err = a.store.Within(c.r.Context(), do)
	}
	return err
}
