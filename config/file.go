package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v4"
)

// fromFile reads a YAML file. A file that nobody named may be missing.
func fromFile(path string, named bool) (map[string]given, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	return parseFile(path, text)
}

// parseFile flattens the document to keys such as http.listen. Every problem is
// reported with its line.
func parseFile(path string, text []byte) (map[string]given, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s is not readable YAML; check quotes and indentation (%s)", path, firstLine(err))
	}
	layer := map[string]given{}
	if len(doc.Content) == 0 {
		return layer, nil
	}
	var problems []error
	flatten(doc.Content[0], "", func(key string, at, value *yaml.Node) {
		place := fmt.Sprintf("%s:%d", path, at.Line)
		switch {
		case !known(key):
			problems = append(problems, fmt.Errorf("%s: %w", place, unknown("key", key, keys())))
		case isList(key):
			if _, twice := layer[key]; twice {
				problems = append(problems, fmt.Errorf("%s: %s is set twice; keep one of them", place, key))
			}
			layer[key] = given{origin: place, node: value, file: path}
		case value.Kind != yaml.ScalarNode:
			problems = append(problems, fmt.Errorf("%s: %s must be a single value", place, key))
		default:
			if _, twice := layer[key]; twice {
				problems = append(problems, fmt.Errorf("%s: %s is set twice; keep one of them", place, key))
			}
			if value.Tag != "!!null" {
				layer[key] = given{text: value.Value, origin: place}
			}
		}
	})
	return layer, joinLines(problems)
}

// flatten calls visit for every leaf of a mapping, and for whatever stands
// where a mapping was expected.
func flatten(n *yaml.Node, path string, visit func(key string, at, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		if path == "" && n.Tag == "!!null" {
			return
		}
		visit(path, n, n)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := strings.TrimPrefix(path+"."+key.Value, ".")
		if value.Kind == yaml.MappingNode && isSection(name) {
			flatten(value, name, visit)
		} else {
			visit(name, key, value)
		}
	}
}

// isSection reports whether keys begin with name and a dot.
func isSection(name string) bool {
	for _, s := range settings {
		if strings.HasPrefix(s.key, name+".") {
			return true
		}
	}
	return slices.ContainsFunc(lists, func(l list) bool { return strings.HasPrefix(l.key, name+".") })
}

func keys() []string {
	var all []string
	for _, s := range settings {
		all = append(all, s.key)
	}
	for _, l := range lists {
		all = append(all, l.key)
	}
	return all
}

// unknown says that a name means nothing, and which one may have been meant.
func unknown(what, name string, names []string) error {
	best, distance := "", 4
	for _, k := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return fmt.Errorf("unknown %s %s; `sparkbot config print` lists all there are", what, name)
	}
	return fmt.Errorf("unknown %s %s; did you mean %s?", what, name, best)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
