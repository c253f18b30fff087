package ingest

import (
	"bytes"
	"unicode/utf8"

	"sparkbot/store"
)

const (
	// MaxBody is how many bytes a request's body may have.
	MaxBody = 1 << 20
	// MaxMoves is how many moves a request may bring.
	MaxMoves = 1000
)

// readMoves reads a body that holds one move or an array of them.
func readMoves(body []byte) ([]store.Move, error) {
	s, err := scanBody(body)
	if err != nil {
		return nil, err
	}
	var moves []store.Move
	if start := bytes.TrimLeft(body, " \t\r\n"); len(start) > 0 && start[0] == '[' {
		moves, err = s.moves("", MaxMoves)
	} else {
		moves = make([]store.Move, 1)
		moves[0], err = s.move("")
	}
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return nil, err
	}
	return moves, nil
}

// readProject reads a body that holds the project slug, as an import or an
// answer of the API writes it. What an answer adds is passed over: change and
// trend, and a velocity of which velocity_curated says that it was computed, so
// that a project which was read can be written back.
func readProject(body []byte, slug string) (store.Project, []store.Move, error) {
	s, err := scanBody(body)
	if err != nil {
		return store.Project{}, nil, err
	}
	curated := true
	p, moves, err := s.document("", MaxMoves, func(name, path string) (taken bool, err error) {
		switch name {
		case "change":
			_, err = s.number(path)
		case "trend":
			_, err = s.text(path)
		case "velocity_curated":
			curated, err = s.flag(path)
		default:
			return false, nil
		}
		return true, err
	})
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return store.Project{}, nil, err
	}
	if !curated {
		p.Curated = nil
	}
	if p.Slug == "" {
		p.Slug = slug
	}
	if err := checkProject("", p); err != nil {
		return store.Project{}, nil, err
	}
	if p.Slug != slug {
		return store.Project{}, nil, wrong("slug", "%q is not the slug in the address, which is %q", p.Slug, slug)
	}
	return p, moves, nil
}

// scanBody refuses what the decoder would silently replace.
func scanBody(body []byte) (*scanner, error) {
	if !utf8.Valid(body) {
		return nil, &Error{Reason: "the body is not UTF-8", cause: errUnreadable}
	}
	return newScanner(bytes.NewReader(body)), nil
}
