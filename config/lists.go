package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// list is a key that holds records, each a mapping with the columns. It stands
// in the file, or as the same YAML in the environment.
type list struct {
	key     string
	grow    func(c *Config) // adds an empty record, which the columns then fill
	columns []column
}

// column is one member of a record.
type column struct {
	name     string // sparks.words is the member words of the mapping sparks
	required bool
	secret   bool // shown redacted, and read from a file through …_file
	many     bool // takes a list of texts, or one
	// set stores a text in the last record, or says what is wrong with it. It is
	// called for each text of many.
	set func(c *Config, text string) error
}

func isList(key string) bool {
	return slices.ContainsFunc(lists, func(l list) bool { return l.key == key })
}

// env gives the environment variable of the list.
func (l list) env() string { return setting{key: l.key}.env() }

// parseList reads the text of an environment variable. The text is not repeated
// in an error: it may hold tokens.
func parseList(env, text string) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) != 1 {
		return nil, fmt.Errorf("%s must be a list in YAML or JSON, as it stands in the file", env)
	}
	return doc.Content[0], nil
}

// load fills c with the records of v and gives what config print shows of them.
func (l list) load(c *Config, v given) (values []Value, err error) {
	node := follow(v.node)
	if node == nil || node.Tag == "!!null" || (node.Kind == yaml.SequenceNode && len(node.Content) == 0) {
		return []Value{{Key: l.key, Env: l.env(), Origin: v.origin}}, nil
	}
	if node.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("%s: %s must be a list; begin each of its records with a hyphen", v.origin, l.key)
	}
	var problems []error
	for i, record := range node.Content {
		l.grow(c)
		r := recordReader{list: l, config: c, given: v, path: fmt.Sprintf("%s[%d]", l.key, i), seen: map[string]bool{}}
		r.read(follow(record))
		values = append(values, r.values...)
		problems = append(problems, r.problems...)
	}
	return values, joinLines(problems)
}

// recordReader reads one record.
type recordReader struct {
	list     list
	config   *Config
	given    given
	path     string // such as sources[2]
	seen     map[string]bool
	values   []Value
	problems []error
}

// place is where a node stands, in words for people.
func (r *recordReader) place(n *yaml.Node) string {
	if r.given.file == "" {
		return r.given.origin
	}
	return fmt.Sprintf("%s:%d", r.given.file, n.Line)
}

func (r *recordReader) problem(n *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf(r.place(n)+": "+r.path+format, args...))
}

func (r *recordReader) read(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.problem(n, " must be a mapping with %s", strings.Join(r.list.names(), ", "))
		return
	}
	r.members(n, "")
	for _, c := range r.list.columns {
		switch {
		case !c.required || r.seen[c.name]:
		case c.secret:
			r.problem(n, ".%s is missing; give it or %s_file", c.name, c.name)
		default:
			r.problem(n, ".%s is missing", c.name)
		}
	}
}

// members reads a mapping, and those nested in it.
func (r *recordReader) members(n *yaml.Node, within string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], follow(n.Content[i+1])
		name := strings.TrimPrefix(within+"."+key.Value, ".")
		switch at := slices.IndexFunc(r.list.columns, func(c column) bool { return c.name == name || c.secret && c.name+"_file" == name }); {
		case at >= 0:
			r.column(r.list.columns[at], name, key, value)
		case value.Kind == yaml.MappingNode && r.list.section(name):
			r.members(value, name)
		default:
			r.problem(key, ": %w", unknown("key", name, r.list.names()))
		}
	}
}

// column stores what stands under one name.
func (r *recordReader) column(c column, name string, key, value *yaml.Node) {
	if r.seen[c.name] {
		r.problem(key, ".%s is set twice; keep one of them", c.name)
		return
	}
	texts, err := texts(value, c.many)
	if err != nil {
		r.seen[c.name] = true
		r.problem(value, ".%s %w", name, err)
		return
	}
	if len(texts) == 0 {
		return
	}
	r.seen[c.name] = true
	shown := strings.Join(texts, ", ")
	origin := r.place(value)
	if name != c.name { // the text stands in a file of its own
		var g given
		if g, err = fromSecretFile(r.path+"."+name, texts[0]); err != nil {
			r.problems = append(r.problems, fmt.Errorf("%s: %w", origin, err))
			return
		}
		origin += " (" + texts[0] + ")"
		texts = []string{g.text}
	}
	for _, text := range texts {
		if err := c.set(r.config, text); err != nil {
			r.problem(value, ".%s %w", name, err)
		}
	}
	if c.secret {
		shown = redacted
	}
	r.values = append(r.values, Value{Key: r.path + "." + c.name, Env: r.list.env(), Text: shown, Origin: origin})
}

// texts gives the text of a scalar, or those of a list where many are allowed.
func texts(n *yaml.Node, many bool) ([]string, error) {
	switch {
	case n.Tag == "!!null":
		return nil, nil
	case n.Kind == yaml.ScalarNode:
		return []string{n.Value}, nil
	case n.Kind != yaml.SequenceNode || !many:
		return nil, errors.New("must be a single value")
	}
	var all []string
	for _, item := range n.Content {
		item = follow(item)
		if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
			return nil, errors.New("must be a list of single values")
		}
		all = append(all, item.Value)
	}
	return all, nil
}

// section reports whether columns begin with name and a dot.
func (l list) section(name string) bool {
	return slices.ContainsFunc(l.columns, func(c column) bool { return strings.HasPrefix(c.name, name+".") })
}

func (l list) names() []string {
	var names []string
	for _, c := range l.columns {
		names = append(names, c.name)
	}
	return names
}

// follow gives what an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
