package main

import (
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
			"channels and takes slash commands. Nothing leaves this machine.",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
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
	cmd.Flags().BoolVar(&o.Verbose, "verbose", false, "log what the bot does")
	return cmd
}
