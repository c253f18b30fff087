package compose_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sparkbot/bot"
	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/store"
)

// TestEveryButtonIsACommand holds the buttons to the grammar that members type.
func TestEveryButtonIsACommand(t *testing.T) {
	now := time.Date(2026, 8, 10, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		p := store.Project{
			Slug:         rapid.StringMatching(`[a-z0-9][a-z0-9-]{0,63}`).Filter(func(s string) bool { return !store.Reserved(s) }).Draw(t, "slug"),
			Name:         "A project",
			CurrentState: strings.Repeat("It goes on. ", rapid.IntRange(0, 90).Draw(t, "state")),
		}
		moves := make([]store.Move, rapid.IntRange(1, 40).Draw(t, "moves"))
		for i := range moves {
			moves[i] = store.Move{ID: int64(i), Title: "A move", SourceURL: fmt.Sprint("https://x.org/", i), OccurredAt: now}
		}
		query := bot.Command{
			Verb: bot.All, Category: rapid.StringMatching(`[A-Z][A-Z ]{0,39}`).Draw(t, "category"), Tag: rapid.StringMatching(`[a-zé-]{1,60}`).Draw(t, "tag"),
		}.String()
		list := compose.Projects{Title: "All", Query: query, Rows: []compose.Row{{Project: p}}, Page: 2, Pages: 3, Total: 30}
		messages := []notify.Message{compose.AlertMessage(compose.Alert{Project: p, Move: moves[0]}, now), compose.ProjectsMessage(list, now)}
		for _, view := range []string{compose.ViewCard, compose.ViewMoves, compose.ViewOutlook, compose.ViewWhy} {
			messages = append(messages, compose.CardMessage(compose.Card{Project: p, Moves: moves, View: view, Page: 2}, now))
		}
		for _, m := range messages {
			for _, b := range buttons(m) {
				checkCommand(t, b, p.Slug)
			}
		}
	})
}

func buttons(m notify.Message) []notify.Button {
	var all []notify.Button
	for _, b := range m.Blocks {
		switch b := b.(type) {
		case notify.Actions:
			all = append(all, b.Buttons...)
		case notify.Text:
			if b.Button != nil {
				all = append(all, *b.Button)
			}
		}
	}
	return all
}

func checkCommand(t *rapid.T, b notify.Button, slug string) {
	if b.URL != "" {
		return
	}
	c, err := bot.Parse(b.Command)
	switch {
	case err != nil:
		t.Fatalf("[%s] asks for %q: %v", b.Label, b.Command, err)
	case len(b.Command) > 90:
		t.Fatalf("[%s] asks for %q, %d bytes", b.Label, b.Command, len(b.Command))
	case c.Verb != bot.All && c.Project != slug:
		t.Fatalf("[%s] asks for %q, which names the project %q", b.Label, b.Command, c.Project)
	}
}
