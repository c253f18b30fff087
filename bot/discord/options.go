package discord

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/bot"
	"sparkbot/store"
)

// options are the values of one command by name. They are read with care for
// their type, because nothing that came over the network is trusted to have it.
type options map[string]*dgo.ApplicationCommandInteractionDataOption

func optionsOf(list []*dgo.ApplicationCommandInteractionDataOption) options {
	o := options{}
	for _, one := range list {
		if one != nil {
			o[one.Name] = one
		}
	}
	return o
}

// text gives a text, an id or a number as text; empty when it is not there.
func (o options) text(name string) string {
	one, ok := o[name]
	if !ok {
		return ""
	}
	switch v := one.Value.(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return ""
	}
}

// number gives a whole number, or 0 when it is not there.
func (o options) number(name string) int {
	if one, ok := o[name]; ok {
		if v, ok := one.Value.(float64); ok && v == float64(int(v)) {
			return int(v)
		}
	}
	return 0
}

// flag gives a boolean, or the fallback when it is not there.
func (o options) flag(name string, fallback bool) bool {
	if one, ok := o[name]; ok {
		if v, ok := one.Value.(bool); ok {
			return v
		}
	}
	return fallback
}

// command turns an application command into ours. An error is a
// *bot.UsageError.
func command(d dgo.ApplicationCommandInteractionData) (bot.Command, error) {
	o := optionsOf(d.Options)
	switch d.Name {
	case "spark":
		return showCommand(o)
	case "sparks":
		return bot.Command{Verb: bot.All, Category: o.text("category"), Tag: o.text("tag"), Sort: o.text("sort")}, nil
	case "movers":
		return bot.Parse(string(bot.Movers) + " " + o.text("window"))
	case "sparkbot":
		if len(d.Options) == 1 && d.Options[0] != nil && d.Options[0].Type == subOption {
			return manageCommand(d.Options[0].Name, optionsOf(d.Options[0].Options))
		}
		if name, sub, ok := grouped(d.Options); ok && name == string(bot.Digest) {
			return digestCommand(sub)
		}
	}
	return bot.Command{}, &bot.UsageError{What: "this version does not know that command", Mend: "try /sparkbot help"}
}

func showCommand(o options) (bot.Command, error) {
	c := bot.Command{Verb: bot.Show, Project: o.text("project"), View: bot.View(o.text("view")), Private: !o.flag("share", true)}
	if c.Project == "" {
		return bot.Command{Verb: bot.Overview}, nil
	}
	if c.View == "" {
		c.View = bot.ViewCard
	}
	if !slices.Contains([]bot.View{bot.ViewCard, bot.ViewMoves, bot.ViewOutlook, bot.ViewWhy}, c.View) {
		return c, &bot.UsageError{What: fmt.Sprintf("there is no view %q", c.View), Mend: "choose card, moves, outlook or why"}
	}
	return c, nil
}

func manageCommand(name string, o options) (bot.Command, error) {
	switch bot.Verb(name) {
	case bot.Subscribe:
		return subscribeCommand(o)
	case bot.Unsubscribe:
		return bot.Parse(string(bot.Unsubscribe) + " " + asTarget(o.text("subscription")))
	case bot.List:
		return bot.Command{Verb: bot.List, Wide: o.text("scope") == "server"}, nil
	case bot.Mute:
		c, err := bot.Parse(string(bot.Mute) + " " + o.text("for"))
		c.Project, c.Drop = o.text("project"), o.flag("drop", false)
		return c, err
	case bot.Unmute:
		return bot.Command{Verb: bot.Unmute}, nil
	case bot.Quiet:
		return quietCommand(o)
	case bot.Only:
		return bot.Command{Verb: bot.Only, Project: o.text("project")}, nil
	case bot.Test:
		if o.text("kind") == string(bot.Digest) {
			return bot.Parse(string(bot.Test) + " " + string(bot.Digest))
		}
		return bot.Command{Verb: bot.Test}, nil
	case bot.Log:
		c, err := bot.Parse(string(bot.Log))
		c.Project, c.Days = o.text("project"), o.number("days")
		return c, err
	case bot.Help:
		return bot.Command{Verb: bot.Help, Topic: o.text("topic")}, nil
	default:
		return bot.Command{}, &bot.UsageError{What: fmt.Sprintf("this version does not know /sparkbot %s", name), Mend: "try /sparkbot help"}
	}
}

// quietCommand reads quiet hours; none are quiet hours turned off.
func quietCommand(o options) (bot.Command, error) {
	from, to, where := o.text("from"), o.text("to"), o.text("timezone")
	if from == "" && to == "" && where == "" {
		return bot.Command{Verb: bot.Quiet, Quiet: bot.QuietWish{Action: bot.QuietOff}}, nil
	}
	text := string(bot.Quiet) + " " + from + " - " + to
	if where != "" {
		text += ` "` + strings.ReplaceAll(where, `"`, "") + `"`
	}
	c, err := bot.Parse(text)
	c.Drop = o.flag("drop", false)
	return c, err
}

// asTarget keeps a value with spaces together for the grammar.
func asTarget(s string) string {
	s = strings.ReplaceAll(s, `"`, "")
	kind, value, found := strings.Cut(s, ":")
	switch {
	case !strings.ContainsAny(s, " \t\n"):
		return s
	case found:
		return kind + `:"` + value + `"`
	default:
		return `"` + s + `"`
	}
}

func subscribeCommand(o options) (bot.Command, error) {
	c := bot.Command{Verb: bot.Subscribe, Role: o.text("role"), Channel: o.text("channel")}
	var targets []store.Target
	for _, kind := range []store.TargetKind{store.TargetProject, store.TargetCategory, store.TargetTag} {
		if v := o.text(string(kind)); v != "" {
			targets = append(targets, store.Target{Kind: kind, Value: v})
		}
	}
	if o.flag("everything", false) {
		targets = append(targets, store.Target{Kind: store.TargetEverything})
	}
	if len(targets) != 1 {
		return c, &bot.UsageError{
			What: fmt.Sprintf("subscribe takes one of project, category, tag and everything, not %d", len(targets)),
			Mend: "give exactly one of them; run it again for each",
		}
	}
	c.Target = targets[0]
	for slug := range strings.FieldsFuncSeq(strings.ToLower(o.text("except")), func(r rune) bool { return r == ',' || r == ' ' }) {
		c.Except = append(c.Except, slug)
	}
	if c.Target.Kind == store.TargetProject && len(c.Except) > 0 {
		return c, &bot.UsageError{What: "nothing can be left out of one project", Mend: "use except with everything, a category or a tag"}
	}
	for _, e := range []store.Events{store.Sparks, store.Moves, store.Trends, store.Digests} {
		if o.flag(e.Names()[0], false) {
			c.Events |= e
		}
	}
	if c.Role != "" && !snowflake(c.Role) || c.Channel != "" && !snowflake(c.Channel) {
		return c, &bot.UsageError{What: "that role or channel is not one of this server", Mend: "choose it from the list Discord offers"}
	}
	return c, nil
}

func helpTopics() []string {
	var names []string
	for _, v := range bot.Verbs() {
		names = append(names, string(v))
	}
	return names
}

// focused finds the option a member is typing in.
func focused(list []*dgo.ApplicationCommandInteractionDataOption) (name, typed string, ok bool) {
	for _, o := range list {
		if o == nil {
			continue
		}
		if o.Focused {
			typed, _ := o.Value.(string)
			return o.Name, typed, true
		}
		if name, typed, ok := focused(o.Options); ok {
			return name, typed, true
		}
	}
	return "", "", false
}
