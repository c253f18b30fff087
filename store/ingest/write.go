package ingest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"sparkbot/store"
)

// Source is what Write reads from.
type Source interface {
	Projects(ctx context.Context) ([]store.Project, error)
	// Moves gives a project's moves, newest first, without the retracted ones.
	Moves(ctx context.Context, projectID int64, limit int) ([]store.Move, error)
}

// project mirrors the import format, in its order of members.
type project struct {
	Slug         string   `json:"slug"`
	Name         string   `json:"name"`
	Category     string   `json:"category,omitempty"`
	Tagline      string   `json:"tagline,omitempty"`
	Headline     string   `json:"headline,omitempty"`
	Tags         []string `json:"tags,omitempty"`
	CurrentState string   `json:"current_state,omitempty"`
	Heading      string   `json:"heading,omitempty"`
	Prediction   string   `json:"prediction,omitempty"`
	URL          string   `json:"url,omitempty"`
	IconURL      string   `json:"icon_url,omitempty"`
	Velocity     *float64 `json:"velocity,omitempty"`
	Moves        []move   `json:"moves"`
}

type move struct {
	Key        string    `json:"key,omitempty"`
	OccurredAt time.Time `json:"occurred_at"`
	Title      string    `json:"title"`
	Summary    string    `json:"summary,omitempty"`
	SourceURL  string    `json:"source_url"`
	Spark      bool      `json:"spark,omitempty"`
}

// Write exports everything from holds as a document that Read takes back
// unchanged: projects by slug, moves newest first. Retracted moves are left
// out, because the format has no word for them.
func Write(ctx context.Context, w io.Writer, from Source) error {
	projects, err := from.Projects(ctx)
	if err != nil {
		return fmt.Errorf("export projects: %w", err)
	}
	out := bufio.NewWriter(w)
	separator := "{\"projects\": ["
	for _, p := range projects {
		moves, err := from.Moves(ctx, p.ID, 0)
		if err != nil {
			return fmt.Errorf("export the moves of %s: %w", p.Slug, err)
		}
		if _, err := out.WriteString(separator + "\n  "); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("  ", "  ")
		if err := enc.Encode(encode(p, moves)); err != nil {
			return fmt.Errorf("export %s: %w", p.Slug, err)
		}
		separator = ","
	}
	if len(projects) > 0 {
		separator = ""
	}
	if _, err := out.WriteString(separator + "]}\n"); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

func encode(p store.Project, moves []store.Move) project {
	out := project{
		Slug: p.Slug, Name: p.Name, Category: p.Category, Tagline: p.Tagline, Headline: p.Headline, Tags: p.Tags,
		CurrentState: p.CurrentState, Heading: p.Heading, Prediction: p.Prediction, URL: p.URL, IconURL: p.IconURL,
		Velocity: p.Curated, Moves: make([]move, len(moves)),
	}
	for i, m := range moves {
		out.Moves[i] = move{m.Key, m.OccurredAt.UTC(), m.Title, m.Summary, m.SourceURL, m.Spark}
	}
	return out
}
