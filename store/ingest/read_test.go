package ingest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"sparkbot/store"
)

// memory is a Writer that keeps what it is given.
type memory struct {
	projects []store.Project
	moves    map[string][]store.Move
}

func (m *memory) PutProject(_ context.Context, p store.Project) (int64, store.Put, error) {
	m.projects = append(m.projects, p)
	return int64(len(m.projects)), store.Created, nil
}

func (m *memory) PutMoves(_ context.Context, id int64, moves []store.Move) (int, int, error) {
	if m.moves == nil {
		m.moves = map[string][]store.Move{}
	}
	slug := m.projects[id-1].Slug
	m.moves[slug] = append(m.moves[slug], moves...)
	return len(moves), 0, nil
}

const good = `{"projects":[{"moves":[{"key":"k1","occurred_at":"2026-08-10T11:00:00+02:00","title":"Funded","summary":null,
"source_url":"https://example.org/1","spark":true}],"slug":"session","name":"Session","velocity":3.8,"tags":["privacy"]},
{"slug":"river","name":"River"}]}`

func TestReadTakesMembersInAnyOrder(t *testing.T) {
	to := &memory{}
	sum, err := Read(t.Context(), strings.NewReader(good), to, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "2 projects (2 new, 0 changed), 1 moves (1 new, 0 changed)"; sum.String() != want {
		t.Errorf("summary %q, want %q", sum, want)
	}
	m := to.moves["session"][0]
	if m.OccurredAt.Format("15:04 MST") != "09:00 UTC" || !m.Spark || m.Key != "k1" {
		t.Errorf("the move became %+v", m)
	}
}

func TestEveryMistakeHasItsPathAndWhatIsAllowed(t *testing.T) {
	project := func(members string) string { return `{"projects":[{"slug":"a","name":"A"` + members + `}]}` }
	move := func(members string) string { return project(`,"moves":[{` + members + `}]`) }
	const at, source = `"occurred_at":"2026-01-01T00:00:00Z"`, `"source_url":"https://x.org"`
	for _, tc := range []struct{ name, in, want string }{
		{"nothing", ``, "too early"},
		{"no document", `[]`, "must be an object"},
		{"no projects", `{}`, "projects: is missing"},
		{"another member", `{"project":[]}`, "project: is unknown"},
		{"cut off", `{"projects":[{"slug":"a"`, "projects[0]: the document ends here"},
		{"not JSON", `{"projects":[{"slug":'a'}]}`, "projects[0].slug: not readable as JSON at byte"},
		{"two documents", `{"projects":[]} {}`, "a file holds one document"},
		{"a member twice", project(`,"name":"B"`), "projects[0].name: is given twice"},
		{"an unknown member", project(`,"colour":"red"`), "projects[0].colour: is unknown; a project holds slug"},
		{"no slug", `{"projects":[{"name":"A"}]}`, "projects[0].slug: is missing"},
		{"a bad slug", `{"projects":[{"slug":"A b","name":"A"}]}`, `projects[0].slug: "A b" is no slug`},
		{"a reserved slug", `{"projects":[{"slug":"help","name":"A"}]}`, `projects[0].slug: "help" is a command`},
		{"a slug twice", `{"projects":[{"slug":"a","name":"A"},{"slug":"a","name":"B"}]}`, `projects[1].slug: "a" is already the slug of projects[0]`},
		{"an empty name", `{"projects":[{"slug":"a","name":" "}]}`, "projects[0].name: is missing or empty"},
		{"a number for a text", project(`,"tagline":7`), "projects[0].tagline: must be a text"},
		{"an object for a text", project(`,"tagline":{}`), "projects[0].tagline: must be a text"},
		{"tags that are no list", project(`,"tags":"x"`), "projects[0].tags: must be a list of tags"},
		{"an empty tag", project(`,"tags":["a",""]`), "projects[0].tags[1]: is missing or empty"},
		{"velocity out of range", project(`,"velocity":10.5`), "projects[0].velocity: is 10.5; it must lie between 0 and 10"},
		{"a long headline", project(`,"headline":"` + strings.Repeat("é", 1001) + `"`), "projects[0].headline: has 1001 characters; at most 1000"},
		{"a script for an icon", project(`,"icon_url":"javascript:alert(1)"`), "projects[0].icon_url: "},
		{"no title", move(at + `,` + source), "projects[0].moves[0].title: is missing"},
		{"no time", move(`"title":"T",` + source), "projects[0].moves[0].occurred_at: is missing"},
		{"a bad time", move(`"title":"T","occurred_at":"10 August",` + source), `projects[0].moves[0].occurred_at: "10 August" is not a time`},
		{"no source", move(at + `,"title":"T"`), "projects[0].moves[0].source_url: is missing"},
		{"an ftp source", move(at + `,"title":"T","source_url":"ftp://x.org"`), "is not an http or https address"},
		{"a long summary", move(at + `,"title":"T",` + source + `,"summary":"` + strings.Repeat("x", 20001) + `"`), "projects[0].moves[0].summary: has 20001"},
		{"a spark that is no flag", move(at + `,"title":"T",` + source + `,"spark":"yes"`), "projects[0].moves[0].spark: must be true or false"},
		{"U+0000", move(at + `,"title":"\u0000",` + source), "must not hold the character U+0000"},
		{"a source twice", project(`,"moves":[{` + at + `,"title":"T",` + source + `},{` + at + `,"title":"U",` + source + `}]`), "projects[0].moves[1].source_url: is already the source of projects[0].moves[0]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Read(t.Context(), strings.NewReader(tc.in), &memory{}, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want one with %q", err, tc.want)
			}
			if !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%v is not marked as a mistake in the data", err)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(good)
	f.Add(`{"projects":[{"slug":"a","name":"A","moves":[{}]}]}`)
	f.Add(`{"projects":null}`)
	f.Fuzz(func(t *testing.T, in string) {
		to := &memory{}
		if _, err := Read(t.Context(), strings.NewReader(in), to, nil); err != nil {
			return
		}
		for _, p := range to.projects {
			if !store.ValidSlug(p.Slug) || store.Reserved(p.Slug) || p.Name == "" {
				t.Errorf("accepted project %+v", p)
			}
		}
		var out strings.Builder
		if err := Write(t.Context(), &out, to); err != nil {
			t.Fatal(err)
		}
		again := &memory{}
		if _, err := Read(t.Context(), strings.NewReader(out.String()), again, nil); err != nil {
			t.Fatalf("the export is refused: %v\n%s", err, out.String())
		}
		if len(again.projects) != len(to.projects) {
			t.Errorf("%d projects went out, %d came back", len(to.projects), len(again.projects))
		}
	})
}

func (m *memory) Projects(context.Context) ([]store.Project, error) {
	projects := make([]store.Project, len(m.projects))
	for i, p := range m.projects {
		p.ID = int64(i + 1)
		projects[i] = p
	}
	return projects, nil
}

func (m *memory) Moves(_ context.Context, id int64, _ int) ([]store.Move, error) {
	return m.moves[m.projects[id-1].Slug], nil
}
