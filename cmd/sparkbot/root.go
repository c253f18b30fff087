package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sparkbot/cmd/internal/app"
	"sparkbot/config"
)

// usageError is a command line that cannot be meant.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// settings are the flags every command takes.
type settings struct {
	file      string
	overrides map[string]*string // key → flag
}

// flagged are the keys that have a flag of their own; the rest are set by
// environment or file.
var flagged = map[string]string{
	"database.url": "sqlite:PATH or postgres://…",
	"http.listen":  "address of the HTTP server, or off",
	"log.level":    "debug, info, warn or error",
	"log.format":   "auto, text or json",
}

func newRoot() *cobra.Command {
	s := &settings{overrides: map[string]*string{}}
	root := &cobra.Command{
		Use:           "sparkbot",
		Short:         "Tells Discord and Slack channels when an open project moves",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usage(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; `%s --help` lists the flags", err, cmd.CommandPath())}
	})
	flags := root.PersistentFlags()
	flags.StringVar(&s.file, "config", "", "configuration file (default ./"+config.DefaultFile+" if there)")
	for key, text := range flagged {
		s.overrides[key] = flags.String(strings.NewReplacer(".", "-", "_", "-").Replace(key), "", text)
	}
	root.AddCommand(
		demoCommand(), serveCommand(s), importCommand(s), exportCommand(s),
		migrateCommand(s), backupCommand(s), doctorCommand(s), configCommand(s), secretsCommand(s), healthcheckCommand(s), versionCommand(),
	)
	return root
}

// load gives the configuration in force for the command.
func (s *settings) load(cmd *cobra.Command) (*config.Config, error) {
	flags := map[string]string{}
	for key, value := range s.overrides {
		name := strings.NewReplacer(".", "-", "_", "-").Replace(key)
		if cmd.Flags().Changed(name) {
			flags[key] = *value
		}
	}
	return config.Load(config.Source{Flags: flags, File: s.file, Environ: os.Environ()})
}

// open gives the configuration and a log on standard error.
func (s *settings) open(cmd *cobra.Command) (*config.Config, *slog.Logger, error) {
	c, err := s.load(cmd)
	if err != nil {
		return nil, nil, err
	}
	return c, app.NewLog(c.Log, os.Stderr), nil
}

// usage marks what an argument check refuses as wrong usage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &usageError{fmt.Errorf("%w; `%s --help` shows how it is used", err, cmd.CommandPath())}
		}
		return nil
	}
}
