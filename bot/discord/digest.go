package discord

import (
	"strings"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/bot"
)

// grouped gives the only subcommand of a group, and the group's name.
func grouped(list []*dgo.ApplicationCommandInteractionDataOption) (group string, sub *dgo.ApplicationCommandInteractionDataOption, ok bool) {
	if len(list) != 1 || list[0] == nil || list[0].Type != groupOption {
		return "", nil, false
	}
	inner := list[0].Options
	if len(inner) != 1 || inner[0] == nil || inner[0].Type != subOption {
		return "", nil, false
	}
	return list[0].Name, inner[0], true
}

// digestCommand puts the options into the words of the grammar, which checks
// them.
func digestCommand(sub *dgo.ApplicationCommandInteractionDataOption) (bot.Command, error) {
	if sub.Name != string(bot.DigestSet) {
		return bot.Parse(string(bot.Digest) + " " + sub.Name)
	}
	o := optionsOf(sub.Options)
	words := []string{string(bot.Digest), string(bot.DigestSet), o.text("day"), o.text("time")}
	if where := strings.ReplaceAll(o.text("timezone"), `"`, ""); where != "" {
		words = append(words, `"`+where+`"`)
	}
	if quiet := o.text("when-quiet"); quiet != "" {
		words = append(words, "when-quiet", quiet)
	}
	return bot.Parse(strings.Join(words, " "))
}
