package ingest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sparkbot/store"
)

// FuzzBody reads anything as moves and as a project. What is accepted is written
// as an answer writes it and read back the same; what is refused has a place.
func FuzzBody(f *testing.F) {
	f.Add(`{"occurred_at":"2026-01-01T00:00:00Z","title":"T","source_url":"https://x.org"}`)
	f.Add(`[{"key":"k","occurred_at":"2026-01-01T01:00:00+02:00","title":"T\u0000","source_url":"https://x.org","spark":null}]`)
	f.Add(`{"name":"A","velocity":3.8,"velocity_curated":false,"trend":"new","moves":[{}]}`)
	f.Add(`{"a.b[\"0\"]/~":[[[[`)
	f.Fuzz(func(t *testing.T, body string) {
		moves, err := readMoves([]byte(body))
		placed(t, err)
		if err == nil {
			written := encode(testProject, moves).Moves
			text, err := json.Marshal(written)
			if err != nil {
				t.Fatal(err)
			}
			again, err := readMoves(text)
			if err != nil || !cmp.Equal(moves, again) {
				t.Errorf("%s is written as %s and read back as %+v, %v", body, text, again, err)
			}
		}
		p, moves, err := readProject([]byte(body), testProject.Slug)
		placed(t, err)
		if err == nil {
			text, err := json.Marshal(encode(p, moves))
			if err != nil {
				t.Fatal(err)
			}
			again, _, err := readProject(text, testProject.Slug)
			if err != nil || !cmp.Equal(p.Name, again.Name) || !cmp.Equal(p.Curated, again.Curated) {
				t.Errorf("%s is written as %s and read back as %+v, %v", body, text, again, err)
			}
		}
	})
}

var testProject = store.Project{Slug: "a", Name: "A"}

func placed(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	wrong, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("an error that names no place: %v", err)
	}
	if p := wrong.Pointer(); p != "" && !strings.HasPrefix(p, "/") {
		t.Errorf("%q is the pointer of %q", p, wrong.Path)
	}
}
