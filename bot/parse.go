package bot

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"sparkbot/store"
)

// UsageError is a command that cannot be understood: what is wrong with it, and
// what to type instead, in one sentence for the member.
type UsageError struct{ What, Mend string }

// Error gives the sentence.
func (e *UsageError) Error() string { return e.What + "; " + e.Mend + "." }

func misused(mend, what string, args ...any) error {
	return &UsageError{fmt.Sprintf(what, args...), mend}
}

// word is one word of a command. A quoted one is never a keyword.
type word struct {
	text   string
	quoted bool
}

// is reports whether the word is the keyword.
func (w word) is(keyword string) bool { return !w.quoted && strings.EqualFold(w.text, keyword) }

// value gives what follows "name:" in the word.
func (w word) value(name string) (string, bool) {
	if w.quoted || len(w.text) <= len(name) || !strings.EqualFold(w.text[:len(name)+1], name+":") {
		return "", false
	}
	return w.text[len(name)+1:], true
}

// words splits a text at spaces outside double quotes, straight or curled.
func words(text string) []word {
	var all []word
	var current strings.Builder
	inside, quoted := false, false
	flush := func() {
		if s := strings.TrimSpace(current.String()); s != "" {
			all = append(all, word{s, quoted})
		}
		current.Reset()
		quoted = false
	}
	for _, r := range text {
		switch {
		case r == '"' || r == '“' || r == '”' || r == '„':
			// Quotes after a name such as tag: hold its value together and leave
			// the word a keyword.
			if !inside && current.Len() == 0 {
				quoted = true
			}
			inside = !inside
		case unicode.IsSpace(r) && !inside:
			flush()
		case unicode.IsControl(r):
			current.WriteRune(' ')
		default:
			current.WriteRune(r)
		}
	}
	flush()
	return all
}

// Parse reads a command in the grammar of Slack's /spark, without the slash
// command itself. An error is a *UsageError.
func Parse(text string) (Command, error) {
	all := words(text)
	if len(all) == 0 {
		return Command{Verb: Overview}, nil
	}
	first, rest := all[0], all[1:]
	if first.quoted {
		return parseShow(all)
	}
	switch Verb(strings.ToLower(first.text)) {
	case Show:
		return parseShow(rest)
	case All:
		return parseAll(rest)
	case Subscribe:
		return parseSubscribe(rest)
	case Unsubscribe:
		return parseUnsubscribe(rest)
	case Movers:
		return parseMovers(rest)
	case List:
		return parseList(rest)
	case Mute:
		return parseMute(rest)
	case Unmute:
		return alone(Unmute, rest)
	case Quiet:
		return parseQuiet(rest)
	case Only:
		return parseOnly(rest)
	case Test:
		return parseTest(rest)
	case Digest:
		return parseDigest(rest)
	case Log:
		return parseLog(rest)
	case Help:
		return Command{Verb: Help, Topic: strings.ToLower(join(rest))}, nil
	case "everything":
		return Command{}, misused("write /spark subscribe everything, or /spark all for the list", "everything alone does nothing")
	default:
		return parseShow(all)
	}
}

func join(all []word) string {
	texts := make([]string, len(all))
	for i, w := range all {
		texts[i] = w.text
	}
	return strings.Join(texts, " ")
}

func alone(v Verb, rest []word) (Command, error) {
	if len(rest) > 0 {
		return Command{}, misused(fmt.Sprintf("write /spark %s", v), "%s takes nothing after it, but %q follows", v, rest[0].text)
	}
	return Command{Verb: v}, nil
}

func parseTest(rest []word) (Command, error) {
	if len(rest) == 1 && rest[0].is(string(Digest)) {
		return Command{Verb: Test, Digest: DigestWish{Action: DigestNow}}, nil
	}
	if len(rest) > 0 {
		return Command{}, misused("write /spark test, or /spark test digest", "test does not know %q", join(rest))
	}
	return Command{Verb: Test}, nil
}

func parseShow(rest []word) (Command, error) {
	c := Command{Verb: Show, View: ViewCard}
	rest, page, err := takePage(rest)
	if err != nil {
		return c, err
	}
	c.Page = page
	if n := len(rest); n > 1 {
		if view, ok := viewOf(rest[n-1]); ok {
			c.View, rest = view, rest[:n-1]
		}
	}
	if len(rest) == 0 {
		return c, misused("write /spark show session, for example", "show needs a project")
	}
	c.Project = join(rest)
	return c, nil
}

func viewOf(w word) (View, bool) {
	for _, v := range []View{ViewCard, ViewMoves, ViewOutlook, ViewWhy} {
		if w.is(string(v)) {
			return v, true
		}
	}
	return "", false
}

// takePage takes page:N out of the words.
func takePage(all []word) (rest []word, page int, err error) {
	for _, w := range all {
		text, ok := w.value("page")
		if !ok {
			rest = append(rest, w)
			continue
		}
		if page, err = strconv.Atoi(text); err != nil || page < 1 || page > 100_000 {
			return nil, 0, misused("write page:2, for example", "%q is no page", text)
		}
	}
	return rest, page, nil
}

func parseAll(rest []word) (Command, error) {
	c := Command{Verb: All}
	rest, page, err := takePage(rest)
	if err != nil {
		return c, err
	}
	c.Page = page
	for _, w := range rest {
		if v, ok := w.value("category"); ok && v != "" {
			c.Category = v
		} else if v, ok := w.value("tag"); ok && v != "" {
			c.Tag = v
		} else if v, ok := w.value("sort"); ok {
			if v = strings.ToLower(v); v != "velocity" && v != "change" && v != "name" {
				return c, misused("it is velocity, change or name", "%q is no order", v)
			}
			c.Sort = v
		} else {
			return c, misused("write /spark all category:COMMS or /spark all tag:privacy", "all does not know %q", w.text)
		}
	}
	return c, nil
}

func parseList(rest []word) (Command, error) {
	switch {
	case len(rest) == 0, len(rest) == 1 && rest[0].is("here"):
		return Command{Verb: List}, nil
	case len(rest) == 1 && (rest[0].is("workspace") || rest[0].is("server")):
		return Command{Verb: List, Wide: true}, nil
	default:
		return Command{}, misused("write /spark list, or /spark list workspace", "list does not know %q", join(rest))
	}
}

func parseMute(rest []word) (Command, error) {
	const mend = "write /spark mute 2h, 3d, 1w or until mon, and a project's name if only that one should be silent"
	c := Command{Verb: Mute}
	rest, c.Drop = takeDrop(rest)
	switch {
	case len(rest) == 0:
		return c, misused(mend, "mute needs a time")
	case rest[0].is("until") && len(rest) > 1:
		c.For, rest = "until "+strings.ToLower(rest[1].text), rest[2:]
	default:
		c.For, rest = strings.ToLower(rest[0].text), rest[1:]
	}
	if !validFor(c.For) {
		return c, misused(mend, "%q is no time", c.For)
	}
	c.Project = join(rest)
	return c, nil
}

// target reads what a subscription is about; it takes one word.
func target(w word) store.Target {
	if v, ok := w.value("category"); ok && v != "" {
		return store.Target{Kind: store.TargetCategory, Value: v}
	}
	if v, ok := w.value("tag"); ok && v != "" {
		return store.Target{Kind: store.TargetTag, Value: v}
	}
	if w.is(string(store.TargetEverything)) {
		return store.Target{Kind: store.TargetEverything}
	}
	return store.Target{Kind: store.TargetProject, Value: w.text}
}

const subscribeMend = "write /spark subscribe session, category:COMMS, tag:privacy or everything, then any of sparks, moves, trend, digest"

func parseSubscribe(rest []word) (Command, error) {
	c := Command{Verb: Subscribe}
	if len(rest) == 0 {
		return c, misused(subscribeMend, "subscribe needs something to hear of")
	}
	c.Target = target(rest[0])
	name := c.Target.Kind == store.TargetProject && !rest[0].quoted // may go on for several words
	for _, w := range rest[1:] {
		event, isEvent := store.ParseEvent(strings.ToLower(w.text))
		switch {
		case isEvent && !w.quoted:
			c.Events |= event
			name = false
		case !w.quoted && len(w.text) > 1 && w.text[0] == '-':
			c.Except = append(c.Except, strings.ToLower(w.text[1:]))
			name = false
		case name:
			c.Target.Value += " " + w.text
		default:
			return c, misused(subscribeMend, "subscribe does not know %q", w.text)
		}
	}
	if c.Target.Kind == store.TargetProject && len(c.Except) > 0 {
		return c, misused("leave out with -name only from everything, a category or a tag", "nothing can be left out of one project")
	}
	return c, nil
}

func parseUnsubscribe(rest []word) (Command, error) {
	c := Command{Verb: Unsubscribe}
	switch {
	case len(rest) == 0:
		return c, misused("write /spark unsubscribe session, or /spark unsubscribe all", "unsubscribe needs to know from what")
	case len(rest) == 1 && rest[0].is("all"):
		c.Everywhere = true
		return c, nil
	}
	c.Target = target(rest[0])
	if len(rest) > 1 {
		if c.Target.Kind != store.TargetProject {
			return c, misused("write /spark unsubscribe and one of what /spark list shows", "unsubscribe does not know %q", rest[1].text)
		}
		c.Target.Value = join(rest)
	}
	return c, nil
}
