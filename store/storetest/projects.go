package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sparkbot/store"
	"sparkbot/store/sqlstore"
)

func sample() (store.Project, []store.Move) {
	velocity := 3.8
	p := store.Project{
		Slug: "session", Name: "Session", Category: "COMMS", Tagline: "A messenger", Headline: "Back", Tags: []string{"privacy", "p2p"},
		CurrentState: "now", Heading: "on", Prediction: "soon", URL: "https://getsession.org", IconURL: "https://getsession.org/i.png", Curated: &velocity,
	}
	return p, []store.Move{
		{Key: "k1", Title: "Funded", Summary: "Donations ☂ “arrive”", SourceURL: "https://x.org/1", Spark: true, OccurredAt: time.Date(2026, 8, 10, 9, 30, 0, 5e6, time.UTC)},
		{Title: "Appeal", SourceURL: "https://x.org/2", OccurredAt: time.Date(2026, 5, 10, 9, 30, 0, 0, time.UTC)},
	}
}

// put imports a project and its moves.
func put(w *World, p store.Project, moves []store.Move) (state store.Put, added, edited int) {
	w.T.Helper()
	err := w.DB.Import(w.T.Context(), func(tx *sqlstore.Import) error {
		id, s, err := tx.PutProject(w.T.Context(), p)
		if err != nil {
			return err
		}
		state = s
		added, edited, err = tx.PutMoves(w.T.Context(), id, moves)
		return err
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return state, added, edited
}

func projectsComeBack(t *testing.T, w *World) {
	p, moves := sample()
	put(w, p, moves)
	got, err := w.DB.ProjectBySlug(t.Context(), "session")
	if err != nil {
		t.Fatal(err)
	}
	p.Tags = []string{"p2p", "privacy"}
	if diff := cmp.Diff(p, got, cmpopts.IgnoreFields(store.Project{}, "ID", "CreatedAt", "UpdatedAt")); diff != "" {
		t.Errorf("the project came back changed:\n%s", diff)
	}
	if age := w.Now.Sub(got.CreatedAt).Abs(); age > time.Minute {
		t.Errorf("created_at is %s away from now", age)
	}
	stored, err := w.DB.Moves(t.Context(), got.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(moves, stored, cmpopts.IgnoreFields(store.Move{}, "ID", "ProjectID", "StoredAt", "Revision")); diff != "" {
		t.Errorf("the moves came back changed:\n%s", diff)
	}
	w.MustExec("UPDATE moves SET retracted_at = $1 WHERE key = 'k1'", w.Now.Format(time.RFC3339))
	pulse, err := w.DB.Pulse(t.Context(), got.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(pulse[got.ID]) != 1 || pulse[got.ID][0].SourceURL != "https://x.org/2" {
		t.Errorf("the pulse is %+v, want the move that was not retracted", pulse)
	}
	if _, err := w.DB.ProjectBySlug(t.Context(), "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown slug gives %v", err)
	}
}

// aDossierIsWhole reads a project among others, with what was taken back and what was
// told long ago beside the rest.
func aDossierIsWhole(t *testing.T, w *World) {
	session, zulip := w.Project("session", "COMMS", "p2p"), w.Project("zulip", "COMMS")
	for _, title := range []string{"first", "second", "third"} {
		w.Move("session", title)
	}
	w.Move("zulip", "another project's")
	w.MustExec("UPDATE moves SET retracted_at = $1 WHERE title = 'second'", w.Now.Format(time.RFC3339))
	told := []store.Snapshot{
		{ProjectID: session.ID, Day: today.AddDate(0, 0, -1), Score: 3.9},
		{ProjectID: session.ID, Day: today, Score: 4.1},
	}
	long := store.Snapshot{ProjectID: session.ID, Day: today.AddDate(0, 0, -2), Score: 1}
	if _, err := w.DB.KeepSnapshots(t.Context(), append([]store.Snapshot{long, {ProjectID: zulip.ID, Day: today, Score: 9}}, told...)); err != nil {
		t.Fatal(err)
	}
	d, err := w.DB.Dossier(t.Context(), "session", today.AddDate(0, 0, -1))
	if err != nil {
		t.Fatal(err)
	}
	moves, err := w.DB.Moves(t.Context(), session.ID, 0)
	if err != nil || len(moves) != 2 {
		t.Fatalf("%d moves stand, %v", len(moves), err)
	}
	want := store.Dossier{Project: session, Moves: moves, Snapshots: told}
	if diff := cmp.Diff(want, d, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the dossier is another:\n%s", diff)
	}
	bare, err := w.DB.Dossier(t.Context(), "zulip", today.AddDate(0, 0, 1))
	if err != nil || bare.Project.ID != zulip.ID || len(bare.Moves) != 1 || len(bare.Snapshots) != 0 {
		t.Errorf("of one that was not told since it is %+v, %v", bare, err)
	}
	if d, err := w.DB.Dossier(t.Context(), "nobody", today); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown slug gives %+v, %v", d, err)
	}
}

func importIsIdempotent(t *testing.T, w *World) {
	p, moves := sample()
	put(w, p, moves)
	before, err := w.DB.ProjectBySlug(t.Context(), "session")
	if err != nil {
		t.Fatal(err)
	}
	w.Forget()
	if state, added, edited := put(w, p, moves); state != store.Unchanged || added != 0 || edited != 0 {
		t.Errorf("the same again: project %v, %d moves added, %d edited", state, added, edited)
	}
	after, err := w.DB.ProjectBySlug(t.Context(), "session")
	if err != nil {
		t.Fatal(err)
	}
	if !after.UpdatedAt.Equal(before.UpdatedAt) || w.Kinds() != "" {
		t.Errorf("the same again touched updated_at (%s, %s) or the outbox (%q)", before.UpdatedAt, after.UpdatedAt, w.Kinds())
	}
	p.Tags, moves[0].Title, moves[1].Spark = []string{"privacy"}, "Funded again", true
	moves[0].SourceURL = "https://x.org/moved"
	if state, added, edited := put(w, p, moves); state != store.Updated || added != 0 || edited != 2 {
		t.Errorf("two edits: project %v, %d moves added, %d edited", state, added, edited)
	}
	if got := w.Kinds(); got != "edited sparked" {
		t.Errorf("the edits are noticed as %q", got)
	}
}

func importIsAtomic(t *testing.T, w *World) {
	p, moves := sample()
	broken := errors.New("the document breaks off")
	err := w.DB.Import(t.Context(), func(tx *sqlstore.Import) error {
		id, _, err := tx.PutProject(t.Context(), p)
		if err != nil {
			return err
		}
		if _, _, err := tx.PutMoves(t.Context(), id, moves); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("the import gives %v", err)
	}
	if projects, err := w.DB.Projects(t.Context()); err != nil || len(projects) != 0 {
		t.Errorf("a broken import left %d projects (%v)", len(projects), err)
	}
	conflict := []store.Move{{Key: "a", Title: "A", SourceURL: "https://x.org/a", OccurredAt: w.Now}, {Key: "b", Title: "B", SourceURL: "https://x.org/b", OccurredAt: w.Now}}
	put(w, p, conflict)
	err = w.DB.Import(t.Context(), func(tx *sqlstore.Import) error {
		id, _, err := tx.PutProject(t.Context(), p)
		if err != nil {
			return err
		}
		_, _, err = tx.PutMoves(t.Context(), id, []store.Move{{Key: "a", Title: "A", SourceURL: "https://x.org/b", OccurredAt: w.Now}})
		return err
	})
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("a key and a source of two different moves give %v", err)
	}
}

func tablesRefuse(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	move := "INSERT INTO moves (project_id, title, summary, source_url, occurred_at) SELECT id, $1, $2, $3, $4 FROM projects"
	now := w.Now.Format(time.RFC3339)
	for _, tc := range []struct {
		name  string
		query string
		args  []any
	}{
		{"an empty title", move, []any{"", "", "https://x.org", now}},
		{"a title of 1,001 characters", move, []any{strings.Repeat("é", 1001), "", "https://x.org", now}},
		{"a summary of 20,001", move, []any{"T", strings.Repeat("é", 20001), "https://x.org", now}},
		{"an ftp source", move, []any{"T", "", "ftp://x.org", now}},
		{"a script for a source", move, []any{"T", "", "javascript:alert(1)", now}},
		{"a time that is none", move, []any{"T", "", "https://x.org", "soon"}},
		{"a time before Christ", move, []any{"T", "", "https://x.org", map[string]string{"sqlite": "-0044-03-15", "postgres": "0044-03-15 BC"}[w.DB.Dialect()]}},
		{"a time that never comes", move, []any{"T", "", "https://x.org", "infinity"}},
		{"a year of five digits", move, []any{"T", "", "https://x.org", "12000-01-01"}},
		{"a bad slug", "INSERT INTO projects (slug, name) VALUES ($1, 'X')", []any{"Session Two"}},
		{"a slug that begins with a hyphen", "INSERT INTO projects (slug, name) VALUES ($1, 'X')", []any{"-a"}},
		{"a velocity above ten", "INSERT INTO projects (slug, name, velocity) VALUES ('x', 'X', $1)", []any{10.1}},
		{"a slug twice", "INSERT INTO projects (slug, name) VALUES ($1, 'X')", []any{"session"}},
	} {
		if err := w.Exec(tc.query, tc.args...); err == nil {
			t.Errorf("%s was stored", tc.name)
		}
	}
	w.MustExec(move, strings.Repeat("é", 1000), strings.Repeat("é", 20000), "https://x.org", now)
	w.Move("session", "once")
	if err := w.Exec("INSERT INTO moves (project_id, title, source_url, occurred_at) SELECT id, 'again', 'https://example.org/once', $1 FROM projects", now); err == nil {
		t.Error("a project's source was stored twice")
	}
}
