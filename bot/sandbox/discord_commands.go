package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// definition is a registered command or one of its options.
type definition struct {
	ID           string       `json:"id,omitempty"`
	Type         int          `json:"type"`
	Name         string       `json:"name"`
	Description  string       `json:"description"`
	Required     bool         `json:"required,omitempty"`
	Autocomplete bool         `json:"autocomplete,omitempty"`
	Options      []definition `json:"options,omitempty"`
	Choices      []struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	} `json:"choices,omitempty"`
	MinValue    float64 `json:"min_value,omitempty"`
	MaxValue    float64 `json:"max_value,omitempty"`
	Permissions any     `json:"default_member_permissions,omitempty"` // a text or a number
}

// Types of options.
const (
	optionSub     = 1
	optionGroup   = 2
	optionString  = 3
	optionInteger = 4
	optionBoolean = 5
	optionChannel = 7
	optionRole    = 8
)

var commandName = regexp.MustCompile(`^[-_\p{Ll}\p{N}]{1,32}$`)

// check enforces the rules of
// https://discord.com/developers/docs/interactions/application-commands.
func (d definition) check(depth int) error {
	if !commandName.MatchString(d.Name) {
		return fmt.Errorf("%q: a name is 1 to 32 lower-case letters, digits, - and _", d.Name)
	}
	if n := len([]rune(d.Description)); n < 1 || n > 100 {
		return fmt.Errorf("%s: the description has %d characters; 1 to 100 are allowed", d.Name, n)
	}
	if len(d.Options) > 25 || len(d.Choices) > 25 {
		return fmt.Errorf("%s: more than 25 options or choices", d.Name)
	}
	if d.Autocomplete && len(d.Choices) > 0 {
		return fmt.Errorf("%s: autocomplete and choices exclude each other", d.Name)
	}
	optional := false
	for _, o := range d.Options {
		if o.Required && optional {
			return fmt.Errorf("%s: required options come first", d.Name)
		}
		optional = optional || !o.Required
		if depth > 2 {
			return errors.New("options are nested too deep")
		}
		if err := o.check(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

func (d *Discord) getCommands(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, d.Commands())
}

func (d *Discord) putCommands(w http.ResponseWriter, r *http.Request) {
	var list []json.RawMessage
	if _, ok := read(w, r, &list); !ok {
		return
	}
	stored := make([]json.RawMessage, len(list))
	for i, text := range list {
		var def definition
		var full map[string]any
		err := errors.Join(json.Unmarshal(text, &def), json.Unmarshal(text, &full))
		if err == nil {
			err = def.check(0)
		}
		if err != nil {
			d.refuse(w, "", err)
			return
		}
		full["id"], full["application_id"], full["version"] = d.id(), d.app, d.id()
		if stored[i], err = json.Marshal(full); err != nil {
			d.refuse(w, "", err)
			return
		}
	}
	d.mu.Lock()
	d.commands = stored
	d.registrations++
	d.mu.Unlock()
	answerJSON(w, http.StatusOK, stored)
}

// definition finds a registered command.
func (d *Discord) definition(name string) (definition, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, text := range d.commands {
		var def definition
		if err := json.Unmarshal(text, &def); err != nil {
			return def, err
		}
		if def.Name == name {
			return def, nil
		}
	}
	return definition{}, fmt.Errorf("there is no command /%s", name)
}

// Invocation is a slash command as a member gives it.
type Invocation struct {
	User    string // a name; anything
	Channel string
	Command string
	Sub     []string          // subcommands, outermost first
	Options map[string]string // as typed
	// Guest takes the permission Manage Server from the member, who has it
	// otherwise.
	Guest bool
}

// String is the command as Discord shows it: /sparkbot mute for:3d.
func (inv Invocation) String() string {
	parts := append([]string{"/" + inv.Command}, inv.Sub...)
	for _, name := range slices.Sorted(maps.Keys(inv.Options)) {
		parts = append(parts, name+":"+inv.Options[name])
	}
	return strings.Join(parts, " ")
}

// ParseInvocation reads a command as typed: /spark project:session view:moves. A
// value goes on until the next known option.
func (d *Discord) ParseInvocation(user, channel, text string) (Invocation, error) {
	words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(text), "/"))
	if len(words) == 0 {
		return Invocation{}, errors.New("type a command, such as /spark project:session")
	}
	inv := Invocation{User: user, Channel: channel, Command: words[0], Options: map[string]string{}}
	def, err := d.definition(inv.Command)
	if err != nil {
		return inv, err
	}
	words = words[1:]
	for len(words) > 0 {
		next, ok := def.option(words[0])
		if !ok || next.Type != optionSub && next.Type != optionGroup {
			break
		}
		def, words = next, words[1:]
		inv.Sub = append(inv.Sub, def.Name)
	}
	current := ""
	for _, w := range words {
		name, value, found := strings.Cut(w, ":")
		if _, known := def.option(name); found && known {
			current = name
			inv.Options[name] = value
		} else if current != "" {
			inv.Options[current] += " " + w
		} else {
			return inv, fmt.Errorf("/%s has no option %q", inv.Command, w)
		}
	}
	return inv, nil
}

func (d definition) option(name string) (definition, bool) {
	for _, o := range d.Options {
		if o.Name == name {
			return o, true
		}
	}
	return definition{}, false
}

// data makes the interaction's data, each value in its option's type, and
// refuses what Discord's client would not let a member send.
func (d *Discord) data(inv Invocation, focused string) (map[string]any, error) {
	def, err := d.definition(inv.Command)
	if err != nil {
		return nil, err
	}
	if def.Permissions != nil && inv.Guest {
		return nil, fmt.Errorf("/%s is not shown to members without its permission", inv.Command)
	}
	data := map[string]any{"id": def.ID, "name": def.Name, "type": 1}
	into := data
	for _, name := range inv.Sub {
		sub, ok := def.option(name)
		if !ok {
			return nil, fmt.Errorf("/%s has no subcommand %s", inv.Command, name)
		}
		child := map[string]any{"name": name, "type": sub.Type}
		into["options"] = []any{child}
		def, into = sub, child
	}
	options := []any{}
	for _, o := range def.Options {
		text, given := inv.Options[o.Name]
		switch {
		case o.Type == optionSub || o.Type == optionGroup:
			return nil, fmt.Errorf("/%s needs a subcommand", inv.Command)
		case !given && o.Required && focused == "":
			return nil, fmt.Errorf("the option %s is required", o.Name)
		case !given:
			continue
		}
		value, err := o.value(text, focused != "")
		if err != nil {
			return nil, err
		}
		option := map[string]any{"name": o.Name, "type": o.Type, "value": value}
		if o.Name == focused {
			option["focused"] = true
		}
		options = append(options, option)
	}
	for name := range inv.Options {
		if _, known := def.option(name); !known {
			return nil, fmt.Errorf("/%s has no option %s", inv.Command, name)
		}
	}
	into["options"] = options
	return data, nil
}

// value puts a typed text into the option's type.
func (d definition) value(text string, typing bool) (any, error) {
	if d.Type == optionBoolean {
		b, err := strconv.ParseBool(strings.ToLower(text))
		if err != nil {
			return nil, fmt.Errorf("the option %s is True or False", d.Name)
		}
		return b, nil
	}
	if d.Type == optionInteger {
		n, err := strconv.Atoi(text)
		if err != nil || float64(n) < d.MinValue || d.MaxValue > 0 && float64(n) > d.MaxValue {
			return nil, fmt.Errorf("the option %s is a number from %v to %v", d.Name, d.MinValue, d.MaxValue)
		}
		return n, nil
	}
	if len(d.Choices) == 0 || typing {
		return text, nil
	}
	for _, c := range d.Choices {
		if fmt.Sprint(c.Value) == text || c.Name == text {
			return c.Value, nil
		}
	}
	return nil, fmt.Errorf("the option %s has no choice %q", d.Name, text)
}
