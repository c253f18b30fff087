package config

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Value is one key of the configuration in force. Text is redacted where the
// value is secret.
type Value struct {
	Key    string
	Env    string
	Text   string
	Origin string // default, an environment variable, file:line or a flag
}

// Values gives every key there is, in a fixed order.
func (c *Config) Values() []Value { return c.values }

// Print writes a table of every key, its value and where it came from.
func (c *Config) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KEY\tVALUE\tFROM\tENVIRONMENT")
	for _, v := range c.values {
		text := v.Text
		if text == "" {
			text = "-"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", v.Key, text, v.Origin, v.Env)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the configuration: %w", err)
	}
	return nil
}

// show gives the text as it may be seen.
func (s setting) show(text string) string {
	switch {
	case s.key == "database.url":
		return DatabaseURL(text).String()
	case s.secret:
		return Secret(text).String()
	default:
		return text
	}
}
