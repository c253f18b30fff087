package bot

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// shared reports whether two replies share one message.
func shared(a, b Reply) bool { return &a.Message.Blocks[0] == &b.Message.Blocks[0] }

// TestACardIsComposedOnceForMany asks again and again while nothing changes, and after
// each thing that may: then the next card is another at once.
func TestACardIsComposedOnceForMany(t *testing.T) {
	k := newTalk(t)
	before, _ := k.ask("session")
	if again, _ := k.ask("session", func(r *Request) { r.Channel, r.User, r.Button = "C9", "bob", true }); !shared(before, again) || !again.Private {
		t.Error("another member's card was composed anew")
	}
	if exact, _ := k.ask("sess"); !shared(before, exact) {
		t.Error("the card of who typed a part of the name was composed anew")
	}
	for name, change := range map[string]func(*Request){
		"another platform": func(r *Request) { r.Platform = store.Discord },
		"another view":     func(r *Request) { r.Command.View = ViewWhy },
		"another project":  func(r *Request) { r.Command.Project = "river" },
	} {
		if other, _ := k.ask("session", change); shared(before, other) {
			t.Errorf("%s has the same card", name)
		}
	}
	for _, step := range []struct {
		name   string
		change func()
		want   string // in the words of the card
	}{
		{"a move is stored", func() { k.w.Move("session", "Rebuilt") }, "Rebuilt"},
		{"a move is edited", func() { k.w.MustExec("UPDATE moves SET title = 'Rebuilt anew' WHERE title = 'Rebuilt'") }, "Rebuilt anew"},
		{"a move is deleted", func() { k.w.MustExec("DELETE FROM moves WHERE title = 'Rebuilt anew'") }, "Funded"},
		{"the project says where it stands", func() { k.w.MustExec("UPDATE projects SET current_state = 'In testing' WHERE slug = 'session'") }, "In testing"},
		{"a person gives its velocity", func() { k.w.MustExec("UPDATE projects SET velocity = 9.5 WHERE slug = 'session'") }, "9.5"},
		{"a tag is added", func() {
			k.w.MustExec("INSERT INTO project_tags (project_id, tag) SELECT id, 'onion' FROM projects WHERE slug = 'session'")
		}, ""},
		{"its past is told", func() {
			p, err := k.w.DB.ProjectBySlug(t.Context(), "session")
			if err == nil {
				_, err = k.w.DB.KeepSnapshots(t.Context(), []store.Snapshot{{ProjectID: p.ID, Day: k.w.Now.UTC().AddDate(0, 0, -7).Truncate(24 * time.Hour), Score: 1}})
			}
			if err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"a minute goes by", func() { k.w.Now = k.w.Now.Add(time.Minute) }, ""},
	} {
		step.change()
		after, words := k.ask("session")
		if shared(before, after) || !strings.Contains(words, step.want) {
			t.Errorf("%s: the card has not changed, or says\n%s", step.name, words)
		}
		before = after
	}
}

func TestCardsThatAreKeptAreBounded(t *testing.T) {
	k := newTalk(t)
	for page := range 3 * maxCards {
		k.ask("session", func(r *Request) { r.Command.Page = page + 1 })
	}
	if n := len(k.bot.cards.kept); n == 0 || n > maxCards {
		t.Errorf("%d cards are kept, want 1 to %d", n, maxCards)
	}
	k.w.Now = k.w.Now.Add(time.Minute)
	if k.ask("session"); len(k.bot.cards.kept) != 1 {
		t.Errorf("a minute later %d cards are kept, want the one just asked for", len(k.bot.cards.kept))
	}
	for i := range maxFacts {
		k.w.MustExec(`INSERT INTO moves (project_id, title, source_url, occurred_at) SELECT id, $1, $2, $3 FROM projects WHERE slug = 'river'`,
			"a move", fmt.Sprintf("https://example.org/%d", i), k.w.Now.Format(time.RFC3339))
	}
	first, _ := k.ask("river")
	if again, _ := k.ask("river"); !shared(first, again) {
		t.Errorf("a card of %d moves is not kept", maxFacts)
	}
	k.w.Move("river", "one more")
	first, _ = k.ask("river")
	if again, _ := k.ask("river"); shared(first, again) {
		t.Errorf("a card of more than %d moves is kept", maxFacts)
	}
}

func TestASharedReplyIsEncodedOnce(t *testing.T) {
	k := newTalk(t)
	refused, calls := errors.New("refused"), 0
	encode := func(m notify.Message) (notify.Body, error) {
		if calls++; len(m.Blocks) == 0 {
			return notify.Body{}, refused
		}
		return notify.Body{Content: []byte(m.Fallback)}, nil
	}
	first, _ := k.ask("session")
	again, _ := k.ask("session")
	for range 2 {
		for _, r := range []Reply{first, again} {
			if b, err := r.Encode(encode); err != nil || string(b.Content) != first.Message.Fallback {
				t.Errorf("it is encoded as %s, %v", b.Content, err)
			}
		}
	}
	if calls != 1 {
		t.Errorf("one message was encoded %d times", calls)
	}
	words := first.WithoutPictures()
	if len(words.Message.Blocks) >= len(first.Message.Blocks) {
		t.Fatal("the card had no picture, or still has it")
	}
	if _, err := words.Encode(encode); err != nil || calls != 2 {
		t.Errorf("in words alone it is another message, which was encoded %d times (%v)", calls-1, err)
	}
	broken := Reply{Message: first.Message, encoded: &encoded{}}
	func() {
		defer func() { _ = recover() }()
		_, _ = broken.Encode(func(notify.Message) (notify.Body, error) { panic("no") })
	}()
	if b, err := broken.Encode(encode); err == nil {
		t.Errorf("after a panic it is encoded as %q", b.Content)
	}
	if _, err := (Reply{}).Encode(encode); !errors.Is(err, refused) {
		t.Errorf("a message that does not fit gives %v", err)
	}
}
