package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

const (
	prefix     = "SPARKBOT_"
	testPrefix = "SPARKBOT_TEST_" // for tests only; never read here
	configEnv  = "SPARKBOT_CONFIG"
	// DefaultFile is read when no other file is named and it is there.
	DefaultFile = "sparkbot.yaml"

	originDefault = "default"
)

// Source is where values are looked for.
type Source struct {
	// Flags are keys given on the command line; they win over everything.
	Flags map[string]string
	// File is the path of --config, or empty.
	File string
	// Environ is the environment as os.Environ gives it.
	Environ []string
}

// given is a text, or the node of a list, and where it was found, in words for
// people.
type given struct {
	text, origin string
	node         *yaml.Node // of a list
	file         string     // in which node stands; empty for the environment
}

// Load merges the sources and checks every value. Precedence: flags,
// environment, file, defaults. When anything is wrong it returns all problems
// as one *Invalid.
func Load(src Source) (*Config, error) {
	var problems []string
	report := func(err error) {
		if err != nil {
			problems = append(problems, err.Error())
		}
	}
	env, err := fromEnvironment(src.Environ)
	report(err)
	path, named := src.File, true
	if path == "" {
		path = env[configEnv].text
	}
	if path == "" {
		path, named = DefaultFile, false
	}
	delete(env, configEnv)
	file, err := fromFile(path, named)
	report(err)

	c := &Config{}
	for _, s := range settings {
		v := given{text: s.fallback, origin: originDefault}
		for _, layer := range []map[string]given{file, env, fromFlags(src.Flags)} {
			if g, ok := layer[s.key]; ok {
				v = g
			}
		}
		if v.text != "" {
			if err := s.set(c, v.text); err != nil {
				report(fmt.Errorf("%s (%s) %w", s.key, v.origin, err))
			}
		}
		c.values = append(c.values, Value{Key: s.key, Env: s.env(), Text: s.show(v.text), Origin: v.origin})
	}
	for _, l := range lists {
		v := given{origin: originDefault}
		for _, layer := range []map[string]given{file, env} {
			if g, ok := layer[l.key]; ok {
				v = g
			}
		}
		values, err := l.load(c, v)
		report(err)
		c.values = append(c.values, values...)
	}
	report(c.checkLists())
	problems = append(problems, c.together()...)
	if len(problems) > 0 {
		return nil, &Invalid{Problems: problems}
	}
	return c, nil
}

// Invalid lists everything that is wrong with a configuration.
type Invalid struct{ Problems []string }

// Error gives one problem a line.
func (e *Invalid) Error() string {
	if len(e.Problems) == 1 {
		return "configuration: " + e.Problems[0]
	}
	return "configuration:\n  " + strings.Join(e.Problems, "\n  ")
}

func fromFlags(flags map[string]string) map[string]given {
	layer := make(map[string]given, len(flags))
	for key, text := range flags {
		layer[key] = given{text: text, origin: "flag --" + strings.NewReplacer(".", "-", "_", "-").Replace(key)}
	}
	return layer
}

// fromEnvironment reads the SPARKBOT_ variables. Those that are not known are
// errors, because a misspelt one would otherwise be silently without effect.
func fromEnvironment(environ []string) (map[string]given, error) {
	vars := map[string]string{}
	for _, pair := range environ {
		if name, text, _ := strings.Cut(pair, "="); strings.HasPrefix(name, prefix) && !strings.HasPrefix(name, testPrefix) {
			vars[name] = text
		}
	}
	layer := map[string]given{}
	var problems []error
	if path, ok := vars[configEnv]; ok {
		layer[configEnv] = given{text: path, origin: configEnv}
		delete(vars, configEnv)
	}
	for _, s := range settings {
		text, plain := vars[s.env()]
		delete(vars, s.env())
		if plain && text != "" {
			layer[s.key] = given{text: text, origin: s.env()}
		}
		if !s.secret {
			continue
		}
		fileEnv := s.env() + "_FILE"
		path, named := vars[fileEnv]
		delete(vars, fileEnv)
		switch {
		case !named || path == "":
		case plain && text != "":
			problems = append(problems, fmt.Errorf("%s and %s are both set; keep one of them", s.env(), fileEnv))
		default:
			g, err := fromSecretFile(fileEnv, path)
			problems = append(problems, err)
			layer[s.key] = g
		}
	}
	for _, l := range lists {
		text, set := vars[l.env()]
		delete(vars, l.env())
		if set && text != "" {
			node, err := parseList(l.env(), text)
			problems = append(problems, err)
			layer[l.key] = given{origin: l.env(), node: node}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		problems = append(problems, unknown("environment variable", name, envNames()))
	}
	return layer, joinLines(problems)
}

func fromSecretFile(env, path string) (given, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return given{}, fmt.Errorf("%s: %w", env, err)
	}
	return given{text: strings.TrimRight(string(text), "\r\n"), origin: env + " (" + path + ")"}, nil
}

func envNames() []string {
	names := []string{configEnv}
	for _, s := range settings {
		names = append(names, s.env())
	}
	for _, l := range lists {
		names = append(names, l.env())
	}
	return names
}

// joinLines makes one error of many, a line each, or nil of none.
func joinLines(errs []error) error {
	var lines []string
	for _, err := range errs {
		if err != nil {
			lines = append(lines, err.Error())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "\n  "))
}
