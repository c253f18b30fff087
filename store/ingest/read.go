package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sparkbot/store"
)

// batch is how many moves are handed to the Writer at a time.
const batch = 1000

// reader is one document on its way into a Writer.
type reader struct {
	*scanner
	to       Writer
	summary  Summary
	slugs    map[string]string // slug → path of the project that has it
	progress func(Summary)
}

// Read stores the document r holds. progress, when not nil, is told after every
// batch. A mistake in the document is an *Error; what was written before it is
// for the caller to discard. At most one project's moves are in memory at once.
func Read(ctx context.Context, r io.Reader, to Writer, progress func(Summary)) (Summary, error) {
	if progress == nil {
		progress = func(Summary) {}
	}
	d := &reader{scanner: newScanner(r), to: to, slugs: map[string]string{}, progress: progress}
	given := false
	err := d.object("", `{"projects": […]}`, func(name, path string) error {
		if name != "projects" {
			return wrong(path, "is unknown; a document holds projects and nothing else")
		}
		given = true
		return d.array(path, "projects", func(path string) error { return d.project(ctx, path) })
	})
	if err == nil {
		err = d.end()
	}
	if err == nil && !given {
		err = wrong("projects", "is missing; a document is {\"projects\": […]}")
	}
	return d.summary, err
}

// project reads one project and its moves and hands them on.
func (d *reader) project(ctx context.Context, path string) error {
	p, moves, err := d.document(path, 0, nil)
	if err != nil {
		return err
	}
	if err := checkProject(path, p); err != nil {
		return err
	}
	if other, taken := d.slugs[p.Slug]; taken {
		return wrong(member(path, "slug"), "%q is already the slug of %s; each project has its own", p.Slug, other)
	}
	d.slugs[p.Slug] = path
	return d.put(ctx, path, p, moves)
}

// document reads the members of a project, and at most limit moves of it (0: any
// number). other, when not nil, is asked about members that an import does not
// know, and says whether it took one.
func (d *scanner) document(path string, limit int, other func(name, path string) (taken bool, err error)) (p store.Project, moves []store.Move, err error) {
	err = d.object(path, "a project", func(name, path string) (err error) {
		switch name {
		case "slug":
			p.Slug, err = d.text(path)
		case "name":
			p.Name, err = d.text(path)
		case "category":
			p.Category, err = d.text(path)
		case "tagline":
			p.Tagline, err = d.text(path)
		case "headline":
			p.Headline, err = d.text(path)
		case "tags":
			p.Tags, err = d.tags(path)
		case "current_state":
			p.CurrentState, err = d.text(path)
		case "heading":
			p.Heading, err = d.text(path)
		case "prediction":
			p.Prediction, err = d.text(path)
		case "url":
			p.URL, err = d.text(path)
		case "icon_url":
			p.IconURL, err = d.text(path)
		case "velocity":
			p.Curated, err = d.number(path)
		case "moves":
			moves, err = d.moves(path, limit)
		default:
			taken := false
			if other != nil {
				taken, err = other(name, path)
			}
			if !taken && err == nil {
				err = wrong(path, "is unknown; a project holds %s", "slug, name, category, tagline, headline, tags, current_state, heading, prediction, url, icon_url, velocity and moves")
			}
		}
		return err
	})
	return p, moves, err
}

// put hands a checked project and its moves to the Writer.
func (d *reader) put(ctx context.Context, path string, p store.Project, moves []store.Move) error {
	id, put, err := d.to.PutProject(ctx, p)
	if err != nil {
		return failed(path, err)
	}
	switch put {
	case store.Created:
		d.summary.ProjectsCreated++
	case store.Updated:
		d.summary.ProjectsUpdated++
	default:
		d.summary.ProjectsUnchanged++
	}
	for len(moves) > 0 {
		n := min(batch, len(moves))
		added, edited, err := d.to.PutMoves(ctx, id, moves[:n])
		if err != nil {
			return failed(member(path, "moves"), err)
		}
		d.summary.MovesAdded += added
		d.summary.MovesEdited += edited
		d.summary.MovesUnchanged += n - added - edited
		moves = moves[n:]
		d.progress(d.summary)
	}
	d.progress(d.summary)
	return nil
}

// failed gives an error of the Writer its place in the document.
func failed(path string, err error) error {
	if errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrConflict) {
		return &Error{Path: path, Reason: err.Error(), cause: err}
	}
	return fmt.Errorf("store %s: %w", path, err)
}

func (d *scanner) tags(path string) ([]string, error) {
	var tags []string
	err := d.array(path, "tags", func(path string) error {
		tag, err := d.text(path)
		if err == nil {
			err = checkText(path, tag, 1, store.MaxTag)
		}
		tags = append(tags, tag)
		return err
	})
	return tags, err
}
