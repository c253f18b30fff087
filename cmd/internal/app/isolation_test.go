package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sparkbot/bot"
	"sparkbot/bot/sandbox"
	"sparkbot/store"
	"sparkbot/store/storetest"
)

// tries are what a stranger types after /spark for each verb, with {id} for each
// of the owner's ids in turn. A verb that is not here fails the test: whoever
// adds one says here how a stranger would misuse it.
var tries = map[bot.Verb][]string{
	bot.Overview:       {""},
	bot.Show:           {"show session", "show session moves", "show session why", "show {id}", "show session page:{id}"},
	bot.All:            {"all", "all category:{id}", "all tag:{id}"},
	bot.Subscribe:      {"subscribe session", "subscribe {id}", "subscribe tag:{id}", "subscribe everything -{id}"},
	bot.Unsubscribe:    {"unsubscribe session", "unsubscribe everything", "unsubscribe {id}", "unsubscribe all"},
	bot.List:           {"list", "list workspace", "list {id}", "list workspace {id}"},
	bot.Mute:           {"mute 2h", "mute 2h session", "mute 2h {id}"},
	bot.Unmute:         {"unmute", "unmute {id}"},
	bot.Test:           {"test", "test digest", "test {id}"},
	bot.Help:           {"help", "help {id}"},
	bot.Verb("digest"): {"digest", "digest mon 09:00 Europe/Berlin", "digest preview", "digest now", "digest off", "digest {id}"},
	bot.Verb("movers"): {"movers", "movers 28d", "movers {id}"},
	bot.Only:           {"only sparks session", "only sparks {id}"},
	bot.Verb("quiet"):  {"quiet", "quiet 20:00-08:00 Europe/Berlin", "quiet off", "quiet {id}"},
	bot.Verb("log"):    {"log", "log session", "log {id}", "log why {id}", "log session 30d"},
}

// TestNothingOfAWorkspaceIsVisibleToAnother tries every command and every button
// with another's ids, on both platforms: no answer may hold anything of the
// owner's, and nothing of the owner's may have changed.
func TestNothingOfAWorkspaceIsVisibleToAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := houseTwo(t, url)
		buttons := map[store.Platform][]string{}
		each(h.owner, func(p store.Platform, o tenant) { buttons[p] = h.furnish(p, o) })
		eventually(t, "the owner's messages have come", 20*time.Second, func() bool {
			return h.settled(store.Discord, h.owner[store.Discord]) && h.settled(store.Slack, h.owner[store.Slack])
		})
		for _, p := range platforms {
			t.Run(string(p), func(t *testing.T) {
				i := &intruder{t: t, tenants: h, p: p, owner: h.owner[p], stranger: h.stranger[p]}
				i.look()
				i.provesItWouldSee()
				i.typesEverything()
				i.pressesEverything(buttons[p])
				i.leavesNoTrace()
			})
		}
	})
}

// furnish fills the owner's workspace with all there can be of it, and gives
// what the buttons on its messages stand for.
func (h *tenants) furnish(p store.Platform, o tenant) (buttons []string) {
	h.t.Helper()
	commands := []string{
		"subscribe session", "subscribe everything sparks -session", "mute 2h", "unmute", "test", "list", "list workspace", "show session", "all", "help",
	}
	for _, c := range commands {
		text := "/spark " + c
		if p == store.Discord {
			text = discordWords[c]
		}
		for _, b := range h.mustSay(p, o, text).Message.Buttons {
			buttons = append(buttons, b.Value)
		}
	}
	storeSpark(h.t, h.url, "session", "furnished-"+string(p))
	eventually(h.t, "the owner hears of a spark", 20*time.Second, func() bool {
		return mentions(h.posted(p, o), "furnished-"+string(p)) == 1
	})
	for _, m := range h.posted(p, o) {
		for _, b := range m.Buttons {
			buttons = append(buttons, b.Value)
		}
	}
	slices.Sort(buttons)
	return slices.DeleteFunc(slices.Compact(buttons), func(b string) bool { return b == "" })
}

// discordWords are furnish's commands in Discord's words.
var discordWords = map[string]string{
	"subscribe session":                    "/sparkbot subscribe project:session",
	"subscribe everything sparks -session": "/sparkbot subscribe everything:true except:session sparks:true",
	"mute 2h":                              "/sparkbot mute for:2h",
	"unmute":                               "/sparkbot unmute",
	"test":                                 "/sparkbot test",
	"list":                                 "/sparkbot list",
	"list workspace":                       "/sparkbot list scope:server",
	"show session":                         "/spark project:session",
	"all":                                  "/sparks",
	"help":                                 "/sparkbot help",
}

// intruder is a member of the stranger's workspace who knows the owner's ids.
type intruder struct {
	t *testing.T
	*tenants
	p               store.Platform
	owner, stranger tenant
	ids             []string // the owner's
	secrets         []string // no answer may hold one of them
	before          string
	messages        int
	answers         int
}

// look notes what there is of the owner's.
func (i *intruder) look() {
	place, err := i.app.db.PlaceAt(i.t.Context(), i.p, i.owner.workspace, i.owner.channel)
	if err != nil {
		i.t.Fatal(err)
	}
	subs, err := i.app.db.Subscriptions(i.t.Context(), place.ID)
	if err != nil || len(subs) != 2 {
		i.t.Fatalf("the owner has %d subscriptions (%v)", len(subs), err)
	}
	owed, err := i.app.db.Deliveries(i.t.Context(), place.ID, 10)
	if err != nil || len(owed) < 2 {
		i.t.Fatalf("the owner was owed %d messages (%v)", len(owed), err)
	}
	i.secrets = []string{i.owner.channel, i.owner.name + "-" + string(i.p) + "-room", i.owner.workspace, subs[0].CreatedBy}
	i.ids = []string{i.owner.channel, i.owner.workspace, subs[0].CreatedBy, strconv.FormatInt(place.ID, 10), strconv.FormatInt(subs[0].ID, 10)}
	for _, d := range owed {
		i.ids = append(i.ids, strconv.FormatInt(d.ID, 10), d.MessageID)
		if d.MessageID != "" {
			i.secrets = append(i.secrets, d.MessageID)
		}
	}
	i.before, i.messages = i.kept(i.p, i.owner), delivered(i.posted(i.p, i.owner))
}

// provesItWouldSee sees that the owner's own listing holds what is looked for.
func (i *intruder) provesItWouldSee() {
	text := "/spark list workspace"
	if i.p == store.Discord {
		text = "/sparkbot list scope:server"
	}
	a := i.mustSay(i.p, i.owner, text)
	if leak(a, i.secrets) == "" {
		i.t.Fatalf("the owner's own listing holds nothing that would be noticed: %s", a.Message.Body)
	}
}

// leak gives the first secret an answer holds.
func leak(a sandbox.Answer, secrets []string) string {
	said := a.Message.Text + string(a.Message.Body)
	if a.Modal != nil {
		said += string(a.Modal.Body)
	}
	for _, s := range secrets {
		if strings.Contains(said, s) {
			return s
		}
	}
	return ""
}

// check looks through one answer. A request nobody answers is no leak, but too
// many of them would prove nothing.
func (i *intruder) check(what string, typed string, a sandbox.Answer, err error) {
	i.t.Helper()
	if err != nil {
		return
	}
	i.answers++
	secrets := i.secrets
	if typed != "" { // what the stranger typed may be said back
		secrets = slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return strings.Contains(typed, s) })
	}
	if s := leak(a, secrets); s != "" {
		i.t.Errorf("%s shows the owner's %s:\n%s", what, s, a.Message.Text)
	}
}

// typesEverything tries every verb, from the stranger's own channel and, as a
// shared channel would allow on Slack, from the owner's.
func (i *intruder) typesEverything() {
	for _, verb := range append(bot.Verbs(), bot.Overview) {
		if len(tries[verb]) == 0 {
			i.t.Errorf("the verb %q has no tries: add how a stranger would misuse it", verb)
		}
	}
	if i.p == store.Discord {
		i.discordOptions()
		return
	}
	shared := i.stranger
	shared.channel = i.owner.channel
	for _, texts := range tries {
		for _, text := range texts {
			for _, id := range i.fill(text) {
				for _, from := range []tenant{i.stranger, shared} {
					line := strings.TrimSpace("/spark " + strings.ReplaceAll(text, "{id}", id))
					a, err := i.say(i.p, from, line)
					typed := line
					if from == shared {
						typed += " " + i.owner.channel // where the stranger is
					}
					i.check(line, typed, a, err)
				}
			}
		}
	}
}

// fill gives the ids to put into a text; one that takes none is tried once.
func (i *intruder) fill(text string) []string {
	if !strings.Contains(text, "{id}") {
		return []string{""}
	}
	return i.ids
}

// registered is a command or an option as Discord keeps it.
type registered struct {
	Type         int          `json:"type"`
	Name         string       `json:"name"`
	Required     bool         `json:"required"`
	Autocomplete bool         `json:"autocomplete"`
	Options      []registered `json:"options"`
	Choices      []struct {
		Value any `json:"value"`
	} `json:"choices"`
}

// discordOptions puts every id of the owner's into every option of every
// registered command, one at a time.
func (i *intruder) discordOptions() {
	var all []registered
	if err := json.Unmarshal(i.world.Discord().Commands(), &all); err != nil || len(all) == 0 {
		i.t.Fatalf("the registered commands are not readable: %v", err)
	}
	for _, c := range all {
		i.discordCommand("/"+c.Name, c.Options)
	}
}

func (i *intruder) discordCommand(name string, options []registered) {
	if len(options) > 0 && options[0].Type <= 2 { // subcommands and groups of them
		for _, sub := range options {
			i.discordCommand(name+" "+sub.Name, sub.Options)
		}
		return
	}
	var needed string
	for _, o := range options {
		if o.Required {
			needed += " " + o.Name + ":" + usual(o)
		}
	}
	lines := []string{name + needed}
	for _, o := range options {
		for _, id := range i.ids {
			if len(o.Choices) > 0 || o.Type == 5 {
				id = usual(o)
			}
			rest := strings.ReplaceAll(needed, " "+o.Name+":"+usual(o), "")
			lines = append(lines, name+rest+" "+o.Name+":"+id, name+rest+" project:session "+o.Name+":"+id)
		}
	}
	for _, o := range options {
		if o.Autocomplete {
			i.completes(name+needed, o.Name)
		}
	}
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		a, err := i.say(i.p, i.stranger, line)
		i.check(line, line, a, err)
	}
}

// completes types into an option and looks through what is suggested.
func (i *intruder) completes(line, option string) {
	inv, err := i.world.Discord().ParseInvocation(i.stranger.name, i.stranger.channel, line)
	if err != nil {
		i.t.Fatal(err)
	}
	for _, typed := range []string{"", "s", i.owner.name} {
		inv.Options[option] = typed
		choices, err := i.world.Discord().Complete(i.t.Context(), inv, option)
		i.check("completing "+option, typed, sandbox.Answer{Message: sandbox.Message{Text: fmt.Sprint(choices)}}, err)
	}
}

// usual is a value an option takes.
func usual(o registered) string {
	switch {
	case len(o.Choices) > 0:
		return fmt.Sprint(o.Choices[0].Value)
	case o.Type == 5:
		return "true"
	case o.Name == "for":
		return "2h"
	case o.Name == "subscription":
		return "all"
	default:
		return "session"
	}
}

// pressesEverything presses what stood on the owner's messages and what any verb
// would mean on a button.
func (i *intruder) pressesEverything(buttons []string) {
	if len(buttons) < 5 {
		i.t.Fatalf("only %d buttons are known", len(buttons))
	}
	for _, texts := range tries {
		for _, text := range texts {
			for _, id := range i.fill(text) {
				buttons = append(buttons, strings.ReplaceAll(text, "{id}", id))
			}
		}
	}
	for _, value := range buttons {
		if value == "" {
			continue
		}
		if i.p == store.Discord {
			a, err := i.world.Discord().PressForged(i.t.Context(), i.stranger.name, i.stranger.channel, marked(value))
			i.check("the button "+value, value, a, err)
			continue
		}
		for _, channel := range []string{i.stranger.channel, i.owner.channel} {
			a, err := i.world.Slack().PressForged(i.t.Context(), i.stranger.workspace, i.stranger.name, channel, value)
			i.check("the button "+value, value+" "+channel, a, err)
		}
	}
}

// marked puts Discord's mark in front of a button that has none.
func marked(value string) string {
	if strings.HasPrefix(value, "v1 ") {
		return value
	}
	return "v1 " + value
}

// delivered counts the messages that came through the queue. Answers to commands
// carry no nonce, and in a shared channel the stranger may ask for a card.
func delivered(all []sandbox.Message) (n int) {
	for _, m := range all {
		if m.Nonce != "" && m.Nonce != "null" {
			n++
		}
	}
	return n
}

// leavesNoTrace sees that the owner's workspace is as it was.
func (i *intruder) leavesNoTrace() {
	i.t.Logf("%d tries were answered", i.answers)
	if i.answers < 100 {
		i.t.Errorf("only %d tries were answered, which proves little", i.answers)
	}
	if after := i.kept(i.p, i.owner); after != i.before {
		i.t.Errorf("what is kept of the owner's changed from\n%s\nto\n%s", i.before, after)
	}
	if n := delivered(i.posted(i.p, i.owner)); n != i.messages {
		i.t.Errorf("%d messages were delivered to the owner's channel, and %d before", n, i.messages)
	}
	if i.p == store.Slack {
		if err := i.world.Slack().OpenHome(i.t.Context(), i.stranger.workspace, i.stranger.name); err != nil {
			i.t.Fatal(err)
		}
		home, there := i.world.Slack().Home(i.stranger.workspace, i.stranger.name)
		if s := leak(sandbox.Answer{Message: home}, i.secrets); !there || s != "" {
			i.t.Errorf("the stranger's home shows the owner's %s:\n%s", s, home.Text)
		}
	}
}
