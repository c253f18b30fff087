package bot

import (
	"fmt"
	"regexp"
	"strings"

	"sparkbot/store"
)

// String gives the command as it would be typed after /spark, so that Parse
// reads it back. What only Discord's options can say is left out.
func (c Command) String() string {
	parts := []string{string(c.Verb)}
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	switch c.Verb {
	case Show:
		add(quote(c.Project))
		add(string(c.View))
		add(page(c.Page))
	case All:
		add(named("category", c.Category))
		add(named("tag", c.Tag))
		add(named("sort", c.Sort))
		add(page(c.Page))
	case Movers:
		if c.Days > 0 {
			add(fmt.Sprintf("%dd", c.Days))
		}
		add(page(c.Page))
	case Subscribe:
		add(targetText(c.Target))
		for _, name := range c.Events.Names() {
			add(name)
		}
		for _, slug := range c.Except {
			add(`-` + inside(slug))
		}
	case Unsubscribe:
		if c.Everywhere {
			add("all")
		} else {
			add(targetText(c.Target))
		}
	case List:
		if c.Wide {
			add("workspace")
		}
	case Mute:
		add(c.For)
		add(quote(c.Project))
		add(drop(c.Drop))
	case Quiet:
		add(c.Quiet.String())
		add(drop(c.Drop))
	case Only:
		add("sparks")
		add(quote(c.Project))
	case Digest:
		add(c.Digest.String())
		add(page(c.Page))
	case Test:
		if c.Digest.Action == DigestNow {
			add(string(Digest))
		}
	case Log:
		add(quote(c.Project))
		add(days(c.Days))
		add(page(c.Page))
	case Help:
		add(c.Topic)
	default: // the verb says it all
	}
	return strings.Join(parts, " ")
}

func drop(is bool) string {
	if is {
		return dropWord
	}
	return ""
}

func page(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("page:%d", n)
}

func named(name, value string) string {
	if value == "" {
		return ""
	}
	return name + ":" + inside(value)
}

func targetText(t store.Target) string {
	switch t.Kind {
	case store.TargetCategory, store.TargetTag:
		return named(string(t.Kind), t.Value)
	case store.TargetEverything:
		return string(t.Kind)
	default:
		return quote(t.Value)
	}
}

var simple = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// quote puts a name in quotes unless it is a plain slug that is no keyword.
func quote(s string) string {
	if s == "" {
		return ""
	}
	_, view := viewOf(word{text: s})
	_, event := store.ParseEvent(s)
	if simple.MatchString(s) && !view && !event && s != dropWord && !store.Reserved(s) {
		return s
	}
	return `"` + s + `"`
}

// inside puts quotes around a value that holds spaces, behind its name.
func inside(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || r > 127 }) {
		return `"` + s + `"`
	}
	return s
}
