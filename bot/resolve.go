package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/sahilm/fuzzy"

	"sparkbot/notify"
	"sparkbot/store"
)

// maxSuggestions is how many projects are offered when a name fits none.
const maxSuggestions = 3

// resolve finds the project a name means: exactly its slug or name, else the
// only one whose slug or name begins with it. Case does not matter. When that
// fails it gives at most three projects that may be meant, and whether they all
// begin with the name.
func resolve(projects []store.Project, name string) (p store.Project, suggestions []store.Project, ambiguous, found bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" {
		return store.Project{}, nil, false, false
	}
	var beginning []store.Project
	for _, p := range projects {
		slug, full := p.Slug, strings.ToLower(p.Name)
		if slug == name || full == name {
			return p, nil, false, true
		}
		if strings.HasPrefix(slug, name) || strings.HasPrefix(full, name) {
			beginning = append(beginning, p)
		}
	}
	switch {
	case len(beginning) == 1:
		return beginning[0], nil, false, true
	case len(beginning) > 1:
		return store.Project{}, beginning[:min(maxSuggestions, len(beginning))], true, false
	}
	near := nearest(projects, name)
	return store.Project{}, near[:min(maxSuggestions, len(near))], false, false
}

// nearest gives the projects that a mistyped name may mean, best first: few
// letters differ, or all of its letters stand in the name in order.
func nearest(projects []store.Project, name string) []store.Project {
	type candidate struct {
		project  store.Project
		distance int
	}
	var near []candidate
	seen := map[string]bool{}
	for _, p := range projects {
		d := min(levenshtein.ComputeDistance(name, p.Slug), levenshtein.ComputeDistance(name, strings.ToLower(p.Name)))
		if d <= max(2, len(name)/3) {
			near, seen[p.Slug] = append(near, candidate{p, d}), true
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	out := make([]store.Project, 0, len(near))
	for _, c := range near {
		out = append(out, c.project)
	}
	names := make([]string, len(projects))
	for i, p := range projects {
		names[i] = p.Slug + " " + strings.ToLower(p.Name)
	}
	if len(name) > 2 {
		for _, m := range fuzzy.Find(name, names) {
			if p := projects[m.Index]; !seen[p.Slug] {
				out = append(out, p)
			}
		}
	}
	return out
}

// project finds the one project a command names. When there is none, reply is
// what to tell the member, with a button for each that may be meant.
func (b *Bot) project(ctx context.Context, c Command) (p store.Project, reply Reply, found bool, err error) {
	if slug, whole := slugOf(c); whole {
		p, err = b.store.ProjectBySlug(ctx, slug)
		if !errors.Is(err, store.ErrNotFound) {
			return p, Reply{}, err == nil, err
		}
	}
	return b.guess(ctx, c)
}

// slugOf gives the slug in full that a command may name, which is what buttons and most
// people give, and which is found without reading every project.
func slugOf(c Command) (slug string, whole bool) {
	slug = strings.ToLower(strings.TrimSpace(c.Project))
	return slug, store.ValidSlug(slug)
}

// guess finds the project among all of them.
func (b *Bot) guess(ctx context.Context, c Command) (p store.Project, reply Reply, found bool, err error) {
	projects, err := b.store.Projects(ctx)
	if err != nil {
		return p, reply, false, err
	}
	p, suggestions, ambiguous, found := resolve(projects, c.Project)
	if found {
		return p, reply, true, nil
	}
	reply = private(noProject(c.Project, suggestions, ambiguous, len(projects)))
	var buttons []notify.Button
	for _, s := range suggestions {
		again := c
		again.Project = s.Slug
		if text := again.String(); len(text) <= 90 {
			buttons = append(buttons, notify.Button{Label: notify.Cut(s.Name, 40), Command: text})
		}
	}
	if len(buttons) > 0 {
		reply.Message.Blocks = append(reply.Message.Blocks, notify.Actions{Buttons: buttons})
	}
	return p, reply, false, nil
}

func noProject(name string, suggestions []store.Project, ambiguous bool, known int) string {
	name = notify.Cut(name, 80)
	slugs := make([]string, len(suggestions))
	for i, s := range suggestions {
		slugs[i] = s.Slug
	}
	list := strings.Join(slugs, ", ")
	switch {
	case known == 0:
		return "No project is stored yet; `sparkbot import` brings the first."
	case ambiguous:
		return fmt.Sprintf("Several projects begin with “%s”: %s. Which one?", name, list)
	case len(suggestions) > 0:
		return fmt.Sprintf("There is no project “%s”. Did you mean %s?", name, strings.Join(slugs, " or "))
	default:
		return fmt.Sprintf("There is no project “%s”. The list of all projects shows what there is.", name)
	}
}
