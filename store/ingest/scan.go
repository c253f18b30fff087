package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// scanner walks a JSON document token by token and knows where it stands, so
// that only one project is in memory at a time and every error has its path.
type scanner struct{ dec *json.Decoder }

func newScanner(r io.Reader) *scanner {
	dec := json.NewDecoder(r)
	dec.UseNumber()
	return &scanner{dec}
}

// token reads the next token of the value at path.
func (s *scanner) token(path string) (json.Token, error) {
	tok, err := s.dec.Token()
	if err == nil {
		return tok, nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &Error{Path: path, Reason: "the document ends here, too early; was it cut off?", cause: errUnreadable}
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, &Error{Path: path, Reason: fmt.Sprintf("not readable as JSON at byte %d: %s", s.dec.InputOffset(), syntax), cause: errUnreadable}
	}
	return nil, err
}

// object calls take for each member of the object at path. A member given
// twice is refused, because only one of its values could be meant.
func (s *scanner) object(path, what string, take func(name, path string) error) error {
	tok, err := s.token(path)
	if err != nil {
		return err
	}
	if tok != json.Delim('{') {
		return wrong(path, "must be an object: %s", what)
	}
	seen := map[string]bool{}
	for s.dec.More() {
		tok, err := s.token(path)
		if err != nil {
			return err
		}
		name := tok.(string) // the decoder admits nothing else as a member's name
		at := member(path, name)
		if seen[name] {
			return wrong(at, "is given twice; keep one of them")
		}
		seen[name] = true
		if err := take(name, at); err != nil {
			return err
		}
	}
	_, err = s.token(path)
	return err
}

// array calls element for each element of the array at path.
func (s *scanner) array(path, what string, element func(path string) error) error {
	tok, err := s.token(path)
	if err != nil {
		return err
	}
	if tok == nil {
		return nil
	}
	if tok != json.Delim('[') {
		return wrong(path, "must be a list of %s", what)
	}
	for i := 0; s.dec.More(); i++ {
		if err := element(item(path, i)); err != nil {
			return err
		}
	}
	_, err = s.token(path)
	return err
}

// text reads a string; null counts as not given.
func (s *scanner) text(path string) (string, error) {
	tok, err := s.token(path)
	if err != nil {
		return "", err
	}
	switch v := tok.(type) {
	case nil:
		return "", nil
	case string:
		if strings.ContainsRune(v, 0) {
			return "", wrong(path, "must not hold the character U+0000")
		}
		return v, nil
	default:
		return "", wrong(path, "must be a text in quotes")
	}
}

// flag reads true or false; null counts as false.
func (s *scanner) flag(path string) (bool, error) {
	tok, err := s.token(path)
	if err != nil {
		return false, err
	}
	switch v := tok.(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	default:
		return false, wrong(path, "must be true or false")
	}
}

// number reads a number; null counts as not given.
func (s *scanner) number(path string) (*float64, error) {
	tok, err := s.token(path)
	if err != nil || tok == nil {
		return nil, err
	}
	if n, ok := tok.(json.Number); ok {
		if f, err := n.Float64(); err == nil {
			return &f, nil
		}
	}
	return nil, wrong(path, "must be a number")
}

// end refuses whatever follows the document.
func (s *scanner) end() error {
	if _, err := s.dec.Token(); errors.Is(err, io.EOF) {
		return nil
	}
	return wrong("", "something follows the end of the document at byte %d; a file holds one document", s.dec.InputOffset())
}
