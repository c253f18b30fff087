package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// figure is one measured number beside its goal.
type figure struct {
	name  string
	value float64
	goal  float64
	most  bool   // the goal is an upper bound
	free  bool   // there is no goal
	how   string // what it was measured from, for people
}

func (f figure) verdict() string {
	if f.most && f.value <= f.goal || !f.most && f.value >= f.goal {
		return "ok"
	}
	return "short"
}

// table collects the figures of a run.
type table struct{ figures []figure }

// atLeast adds a figure whose goal is a lower bound.
func (t *table) atLeast(name string, value, goal float64, how string, args ...any) {
	t.figures = append(t.figures, figure{name: name, value: value, goal: goal, how: fmt.Sprintf(how, args...)})
}

// atMost adds a figure whose goal is an upper bound.
func (t *table) atMost(name string, value, goal float64, how string, args ...any) {
	t.figures = append(t.figures, figure{name: name, value: value, goal: goal, most: true, how: fmt.Sprintf(how, args...)})
}

// note adds a figure that has no goal of its own.
func (t *table) note(name string, value float64, how string, args ...any) {
	t.figures = append(t.figures, figure{name: name, value: value, free: true, how: fmt.Sprintf(how, args...)})
}

// print writes the table for people and then a line per figure for scripts.
func (t *table) print(w io.Writer) {
	out := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "figure\tvalue\tgoal\t\tmeasured")
	for _, f := range t.figures {
		goal, verdict := "at least "+number(f.goal), f.verdict()
		if f.most {
			goal = "at most " + number(f.goal)
		}
		if f.free {
			goal, verdict = "", ""
		}
		_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", f.name, number(f.value), goal, verdict, f.how)
	}
	_ = out.Flush()
	_, _ = fmt.Fprintln(w)
	for _, f := range t.figures {
		if f.free {
			continue
		}
		_, _ = fmt.Fprintf(w, "figure %s %s goal %s %s\n", f.name, number(f.value), number(f.goal), f.verdict())
	}
}

// number prints up to four decimals, and none that say nothing.
func number(v float64) string {
	s := strings.TrimRight(fmt.Sprintf("%.4f", v), "0")
	if v >= 10 {
		s = strings.TrimRight(fmt.Sprintf("%.1f", v), "0")
	}
	return strings.TrimSuffix(s, ".")
}
