package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"sparkbot/cmd/internal/app"
	"sparkbot/config"
)

func demoCommand() *cobra.Command {
	var o app.DemoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job with no account, token or database server",
		Long: "Runs the bot against a Discord and a Slack inside this program, with sample projects\n" +
			"in a temporary database, stores a spark and shows who hears of it. A page shows both\n" +
			"channels, takes slash commands, and has levers: store a move, move the clock, break a\n" +
			"platform. Nothing leaves this machine, and nothing stays unless --keep says where.",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Reset && o.Keep == "" {
				return &usageError{errors.New("--reset empties what --keep DIR has kept; without --keep every demo starts anew")}
			}
			if o.Once && o.Keep != "" {
				return &usageError{errors.New("--once tells the story from the beginning; it goes without --keep")}
			}
			level := "warn"
			if o.Verbose {
				level = "debug"
			}
			o.Out = cmd.OutOrStdout()
			o.Log = app.NewLog(config.Log{Level: level, Format: "auto"}, os.Stderr)
			return app.Demo(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.Once, "once", false, "play the story, print the card of Session as text, and exit")
	cmd.Flags().StringVar(&o.Data, "data", "", "begin with the projects and moves of this import file instead of the sample; - is standard input")
	cmd.Flags().StringVar(&o.Keep, "keep", "", "keep the database and both platforms in this directory from one run to the next")
	cmd.Flags().BoolVar(&o.Reset, "reset", false, "with --keep: forget what earlier runs left there, and start anew")
	cmd.Flags().BoolVar(&o.Verbose, "verbose", false, "log what the bot does")
	return cmd
}
