package bottest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// Hostile are titles that would do harm if any character of them were markup.
func Hostile() []string {
	return []string{
		"@everyone look", "@here look", "<!channel> look", "<!everyone> look", "<@123456> look", "<@U0SPARKBOT> look", "<@&123456> look", "<#123456> look",
		"[click](http://evil.example)", "<http://evil.example|click>", "http://evil.example in a title", "**bold** __under__ ~~strike~~ ||spoiler||",
		"*bold* _italic_ ~strike~ `code`", "```block```", "> quote", ">>> quote", "# heading", "-# small", "- list", "1. list", "\\*not escaped\\*",
		"<t:0:R>", "<!date^0^{ago}|never>", "&lt;!channel&gt; &amp;", ":tada: emoji", "שלום \"x\" 'y'", "a|b]c[d)e(f", `back\slash\\`, "</sparkbot:1>", "**", "`",
	}
}

// Now is the time at which the suite's messages are composed.
var Now = time.Date(2026, 8, 10, 12, 0, 0, 0, time.UTC)

// Project is a project with the given texts everywhere.
func Project(text string) (store.Project, []store.Move) {
	p := store.Project{
		Slug: "session", Name: notify.Cut(text, 60), Category: "COMMS", Tagline: text, Headline: text, Tags: []string{"privacy", notify.Cut(text, 30)},
		CurrentState: text, Heading: text, Prediction: text, URL: "https://example.org/?a=1&b=(2)|3", IconURL: "https://example.org/icon.png?a=1&b=2",
	}
	var moves []store.Move
	for i := range 20 {
		moves = append(moves, store.Move{
			ID: int64(i + 1), Title: text, Summary: text, SourceURL: "https://example.org/" + strings.Repeat("x", i), Spark: i%5 == 0,
			OccurredAt: Now.AddDate(0, 0, -11*i), Revision: 1,
		})
	}
	return p, moves
}

// Messages are all that is ever said about a project with the given texts.
func Messages(text string) map[string]notify.Message {
	p, moves := Project(text)
	reading := velocity.Read(p, moves, Now)
	card := compose.Card{Project: p, Moves: moves, Reading: reading, Why: velocity.Why(moves, Now, 3)}
	all := map[string]notify.Message{
		"picture":   illustrated(text, picture("velocity.png", text, red)),
		"alert":     compose.AlertMessage(compose.Alert{Project: p, Move: moves[0], Reading: reading}, Now),
		"test":      compose.TestMessage(Now),
		"retracted": compose.AlertMessage(compose.Alert{Project: p, Move: takenBack(moves[0]), Reading: reading}, Now),
	}
	items := make([]compose.Item, 100)
	for i := range items {
		items[i] = compose.Item{Project: p, Move: moves[i%len(moves)]}
		if i%7 == 3 {
			items[i].Move = takenBack(items[i].Move)
		}
	}
	for _, n := range []int{2, 12, 30, 100} {
		all[fmt.Sprintf("bundle of %d", n)] = compose.BundleMessage(compose.Bundle{Items: items[:n], CatchUp: n == 30}, Now)
	}
	for _, view := range []string{compose.ViewCard, compose.ViewMoves, compose.ViewOutlook, compose.ViewWhy} {
		card.View, card.Page = view, 2
		all[view] = compose.CardMessage(card, Now)
	}
	rows := slices.Repeat([]compose.Row{{Project: p, Reading: reading, LastMove: moves[0].OccurredAt}}, compose.PageRows)
	for i := range rows {
		rows[i].Project.Slug += strings.Repeat("x", i)
	}
	all["projects"] = compose.ProjectsMessage(compose.Projects{Title: text, Query: "all", Rows: rows, Page: 2, Pages: 3, Total: 30}, Now)
	return all
}

func hostileTitle(t *testing.T, h Harness, _ *Script) {
	for _, title := range Hostile() {
		p, moves := Project("plain")
		moves[0].Title, moves[0].Summary = title, title
		alert := compose.AlertMessage(compose.Alert{Project: p, Move: moves[0], Reading: velocity.Read(p, moves, Now)}, Now)
		body, err := h.Sender.Encode(alert)
		if err != nil {
			t.Fatal(err)
		}
		before := len(h.Posted())
		_, err = h.Sender.Post(t.Context(), notify.Envelope{Workspace: h.Workspace, Channel: h.Channel}, body)
		if err != nil {
			t.Errorf("%q: %v", title, err)
			continue
		}
		shown := h.Posted()[before]
		if len(shown.Pings) > 0 {
			t.Errorf("%q notifies %v", title, shown.Pings)
		}
		if strings.Count(shown.Text, title) < 2 {
			t.Errorf("%q is not shown literally as title and summary:\n%s", title, shown.Text)
		}
		for _, link := range shown.Links {
			if strings.Contains(link, "evil") {
				t.Errorf("%q forges a link to %s", title, link)
			}
		}
	}
}

func everyMessageFits(t *testing.T, h Harness, _ *Script) {
	for what, text := range map[string]string{
		"long":          strings.Repeat("A long text goes on and on. ", 714),
		"marks":         strings.Repeat("*_~`<>&|[]()#-\\", 1300),
		"emoji":         strings.Repeat("👨‍👩‍👧‍👦", 2000),
		"no spaces":     strings.Repeat("x", 20_000),
		"Chinese":       strings.Repeat("隐私消息", 5000),
		"line breaks":   strings.Repeat("a\n", 10_000),
		"right to left": strings.Repeat("שלום עולם ", 2000),
	} {
		for kind, m := range Messages(text) {
			if _, err := post(t, h, m); err != nil {
				t.Errorf("%s with %s text: %v", kind, what, err)
			}
		}
	}
}

// Session are the alert and the card of a project as it may really stand, for
// the adapters' goldens.
func Session() map[string]notify.Message {
	p := store.Project{
		Slug: "session", Name: "Session", Category: "COMMS", Tags: []string{"community-funded", "encryption", "post-quantum"}, URL: "https://getsession.org",
		Tagline:      "An encrypted messenger without phone numbers or metadata.",
		Headline:     "Session is back: its community pays for the work to go on",
		CurrentState: "First a cofounder wrote that the project might stop; then donations gave it a runway again.",
		Heading:      "Protocol V2 and the Pro beta, as long as donations keep coming.",
		Prediction:   "Work picks up around Protocol V2; the pace follows the donations.",
	}
	move := func(id int64, daysAgo int, spark bool, title, summary string) store.Move {
		return store.Move{
			ID: id, Title: title, Summary: summary, Spark: spark, Revision: 1,
			SourceURL: "https://getsession.org/blog#" + strings.ReplaceAll(strings.ToLower(title[:10]), " ", "-"), OccurredAt: Now.AddDate(0, 0, -daysAgo),
		}
	}
	moves := []store.Move{
		move(1, 19, true, "The Future of Session", "Donations and nodes give Session its runway back."),
		move(2, 91, false, "A Personal Appeal From Cofounder of Session - Chris McCabe", "Without help the project cannot go on."),
		move(3, 183, true, "Session Protocol V2: PFS, Post-Quantum and the Future of Private Messaging", "A rebuilt protocol."),
	}
	reading := velocity.Read(p, moves, Now)
	items := []compose.Item{{Project: p, Move: moves[0]}, {Project: p, Move: moves[1]}, {Project: p, Move: moves[2]}}
	edited := slices.Clone(items)
	edited[1].Move = takenBack(edited[1].Move)
	return map[string]notify.Message{
		"alert":         compose.AlertMessage(compose.Alert{Project: p, Move: moves[0], Reading: reading}, Now),
		"retracted":     compose.AlertMessage(compose.Alert{Project: p, Move: takenBack(moves[0]), Reading: reading}, Now),
		"bundle":        compose.BundleMessage(compose.Bundle{Items: items}, Now),
		"bundle-edited": compose.BundleMessage(compose.Bundle{Items: edited}, Now),
		"catch-up":      compose.BundleMessage(compose.Bundle{Items: items[1:], CatchUp: true}, Now),
		"card":          compose.CardMessage(compose.Card{Project: p, Moves: moves, Reading: reading, Why: velocity.Why(moves, Now, 3)}, Now),
	}
}

// takenBack is a move that was retracted an hour ago.
func takenBack(m store.Move) store.Move {
	m.RetractedAt = Now.Add(-time.Hour)
	return m
}
