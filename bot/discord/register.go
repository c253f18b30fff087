package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/bot"
)

// option makes one option of a command.
func option(kind dgo.ApplicationCommandOptionType, name, description string, change ...func(*dgo.ApplicationCommandOption)) *dgo.ApplicationCommandOption {
	o := &dgo.ApplicationCommandOption{Type: kind, Name: name, Description: description}
	for _, f := range change {
		f(o)
	}
	return o
}

func required(o *dgo.ApplicationCommandOption) { o.Required = true }
func suggested(o *dgo.ApplicationCommandOption) {
	o.Autocomplete = true
	o.MaxLength = 100
}

func choices(values ...string) func(*dgo.ApplicationCommandOption) {
	return func(o *dgo.ApplicationCommandOption) {
		for _, v := range values {
			o.Choices = append(o.Choices, &dgo.ApplicationCommandOptionChoice{Name: v, Value: v})
		}
	}
}

func between(least, most float64) func(*dgo.ApplicationCommandOption) {
	return func(o *dgo.ApplicationCommandOption) { o.MinValue, o.MaxValue = &least, most }
}

func channels(o *dgo.ApplicationCommandOption) {
	o.ChannelTypes = []dgo.ChannelType{
		dgo.ChannelTypeGuildText, dgo.ChannelTypeGuildNews,
		dgo.ChannelTypeGuildPublicThread, dgo.ChannelTypeGuildPrivateThread, dgo.ChannelTypeGuildNewsThread,
	}
}

const (
	textOption   = dgo.ApplicationCommandOptionString
	numberOption = dgo.ApplicationCommandOptionInteger
	flagOption   = dgo.ApplicationCommandOptionBoolean
	subOption    = dgo.ApplicationCommandOptionSubCommand
	groupOption  = dgo.ApplicationCommandOptionSubCommandGroup
)

// commands are what the application registers, in the words of the contract.
// /sparkbot is for members who may manage the server; the rest is for everyone.
func commands() []*dgo.ApplicationCommand {
	manage := int64(dgo.PermissionManageGuild)
	guilds := []dgo.InteractionContextType{dgo.InteractionContextGuild}
	sub := func(name, description string, options ...*dgo.ApplicationCommandOption) *dgo.ApplicationCommandOption {
		return option(subOption, name, description, func(o *dgo.ApplicationCommandOption) { o.Options = options })
	}
	return []*dgo.ApplicationCommand{
		{
			Name: "spark", Description: "Show a project's card", Type: dgo.ChatApplicationCommand, Contexts: &guilds,
			Options: []*dgo.ApplicationCommandOption{
				option(textOption, "project", "Which project; without it, what this channel hears of", suggested),
				option(textOption, "view", "Which side of it: everything, or one part", choices("card", "moves", "outlook", "why")),
				option(flagOption, "share", "Post it for all to see (the default), or only for you"),
			},
		},
		{
			Name: "sparks", Description: "List all projects, fastest first", Type: dgo.ChatApplicationCommand, Contexts: &guilds,
			Options: []*dgo.ApplicationCommandOption{
				option(textOption, "category", "Only projects of this category", suggested),
				option(textOption, "tag", "Only projects with this tag", suggested),
				option(textOption, "sort", "What comes first", choices("velocity", "change", "name")),
			},
		},
		{
			Name: "movers", Description: "What sped up or slowed down most, with a picture", Type: dgo.ChatApplicationCommand, Contexts: &guilds,
			Options: []*dgo.ApplicationCommandOption{option(textOption, "window", "Over how many days (7d without it)", choices("7d", "28d"))},
		},
		{
			Name: "sparkbot", Description: "Manage what this channel hears of", Type: dgo.ChatApplicationCommand, Contexts: &guilds,
			DefaultMemberPermissions: &manage,
			Options: []*dgo.ApplicationCommandOption{
				sub("subscribe", "Hear of a project, a category, a tag or everything",
					option(textOption, "project", "Which project", suggested),
					option(textOption, "category", "A whole category", suggested),
					option(textOption, "tag", "Every project with this tag", suggested),
					option(flagOption, "everything", "Every project there is"),
					option(textOption, "except", "Projects to leave out, with commas between", suggested),
					option(dgo.ApplicationCommandOptionChannel, "channel", "Another channel than this one", channels),
					option(dgo.ApplicationCommandOptionRole, "role", "A role that alerts mention"),
					option(flagOption, "sparks", "The moves that matter most"),
					option(flagOption, "moves", "Every move"),
					option(flagOption, "trend", "When a project starts to surge, wakes or goes quiet"),
					option(flagOption, "digest", "The weekly digest")),
				sub("unsubscribe", "Hear of something no more",
					option(textOption, "subscription", "Which subscription, or all", suggested, required)),
				sub("list", "Show what is heard of",
					option(textOption, "scope", "This channel, or the whole server", choices("here", "server"))),
				sub("mute", "Hold alerts for a while",
					option(textOption, "for", "How long: 1h, 1d, 1w, until-monday or a duration such as 3d", required, func(o *dgo.ApplicationCommandOption) { o.MaxLength = 20 }),
					option(textOption, "project", "Only this project", suggested),
					option(flagOption, "drop", "Drop what comes meanwhile instead of telling it afterwards")),
				sub("unmute", "Let alerts come again"),
				sub("quiet", "Hours without alerts, every day; without any option, there are none",
					option(textOption, "from", "When they begin, such as 20:00", func(o *dgo.ApplicationCommandOption) { o.MaxLength = 10 }),
					option(textOption, "to", "When they end, such as 08:00", func(o *dgo.ApplicationCommandOption) { o.MaxLength = 10 }),
					option(textOption, "timezone", "In which time zone, such as Europe/Berlin", suggested),
					option(flagOption, "drop", "Drop what comes meanwhile instead of telling it afterwards")),
				sub("only", "Hear of a project's sparks, no more of all its moves",
					option(textOption, "project", "Which project", suggested, required)),
				sub("log", "Show what was sent here, what not, and why",
					option(textOption, "project", "Why its moves came, or did not", suggested),
					option(numberOption, "days", "How far back: 7 days, or as many as 30", between(1, bot.MaxLogDays))),
				sub("test", "Send a test message here", option(textOption, "kind", "What to send", choices("alert", "digest"))),
				option(groupOption, "digest", "The weekly digest of this channel", func(o *dgo.ApplicationCommandOption) {
					o.Options = []*dgo.ApplicationCommandOption{
						sub("set", "Choose when it comes; what you leave out stays as it is",
							option(textOption, "day", "Which day of the week", choices("mon", "tue", "wed", "thu", "fri", "sat", "sun")),
							option(textOption, "time", "At what time, such as 09:00", func(o *dgo.ApplicationCommandOption) { o.MaxLength = 10 }),
							option(textOption, "timezone", "In which time zone, such as Europe/Berlin", suggested),
							option(textOption, "when-quiet", "What becomes of a week in which nothing moves", choices("skip", "one-line"))),
						sub("show", "Say when it comes"),
						sub("preview", "Show me what it would say now"),
						sub("now", "Post the last seven days here"),
						sub("off", "Stop it"),
						sub("on", "Let it come again"),
					}
				}),
				sub("help", "Explain a command", option(textOption, "topic", "Which command", choices(helpTopics()...))),
			},
		},
	}
}

// Register makes Discord's commands ours. It overwrites them only when they
// differ, because every overwrite takes a minute to reach the clients and counts
// against a daily limit.
func (c *Client) Register(ctx context.Context) error {
	app, err := c.application(ctx)
	if err != nil {
		return fmt.Errorf("ask for the application: %w", err)
	}
	path := "/applications/" + app + "/commands"
	var present []any
	if err := c.get(ctx, path, &present); err != nil {
		return fmt.Errorf("read the registered commands: %w", err)
	}
	wanted, err := definitions()
	if err != nil {
		return fmt.Errorf("encode the commands: %w", err)
	}
	if same(present, wanted) {
		return nil
	}
	body, err := json.Marshal(wanted)
	if err != nil {
		return fmt.Errorf("encode the commands: %w", err)
	}
	a, err := c.request(ctx, http.MethodPut, path, body)
	if err != nil {
		return fmt.Errorf("register the commands: %w", err)
	}
	if a.Status >= http.StatusMultipleChoices {
		return fmt.Errorf("register the commands: %w", failure(a))
	}
	c.log.Info("registered the slash commands with Discord")
	return nil
}

// definitions are the commands as Discord's API describes them: permissions as a
// number, where the library writes a text.
func definitions() ([]any, error) {
	body, err := json.Marshal(commands())
	if err != nil {
		return nil, err
	}
	var list []any
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}
	for _, one := range list {
		command, _ := one.(map[string]any)
		if text, ok := command["default_member_permissions"].(string); ok {
			number, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, err
			}
			command["default_member_permissions"] = float64(number)
		}
	}
	return list, nil
}

// same compares commands by what we say of them; Discord adds ids, versions and
// defaults of its own.
func same(present, wanted []any) bool {
	if len(present) != len(wanted) {
		return false
	}
	byName := map[any]any{}
	for _, p := range present {
		if m, ok := p.(map[string]any); ok {
			byName[m["name"]] = p
		}
	}
	for _, w := range wanted {
		m, _ := w.(map[string]any)
		if !covers(byName[m["name"]], w) {
			return false
		}
	}
	return true
}

// covers reports whether all of want stands in have. What is empty, false or
// zero on one side may be missing on the other.
func covers(have, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		have, _ := have.(map[string]any)
		for _, key := range union(have, want) {
			if !covers(have[key], want[key]) {
				return false
			}
		}
		return true
	case []any:
		list, _ := have.([]any)
		if len(list) != len(want) {
			return false
		}
		for i := range want {
			if !covers(list[i], want[i]) {
				return false
			}
		}
		return true
	case nil, bool, float64: // Discord answers with permissions as a text
		return reflect.DeepEqual(have, want) || blank(have) && blank(want) || have != nil && fmt.Sprint(have) == fmt.Sprint(want)
	default:
		return reflect.DeepEqual(have, want)
	}
}

// ours are the members of a command that we set; others are Discord's.
var ours = map[string]bool{
	"name": true, "description": true, "options": true, "type": true, "required": true, "choices": true, "autocomplete": true,
	"channel_types": true, "max_length": true, "min_value": true, "max_value": true, "default_member_permissions": true, "contexts": true, "value": true,
}

func union(a, b map[string]any) []string {
	var keys []string
	for key := range ours {
		_, inA := a[key]
		_, inB := b[key]
		if inA || inB {
			keys = append(keys, key)
		}
	}
	return keys
}

func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	default:
		return false
	}
}
