package main

import (
	"github.com/spf13/cobra"

	"sparkbot/cmd/internal/app"
)

func serveCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the bot: watch moves, deliver alerts, answer commands",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, log, err := s.open(cmd)
			if err != nil {
				return err
			}
			for _, hint := range app.Hints(c) {
				log.Warn(hint)
			}
			bot, err := app.New(cmd.Context(), c, app.Options{Log: log})
			if err != nil {
				return err
			}
			defer func() { _ = bot.Close() }()
			tuneCollector(cmd.Context(), c.Database.URL.Postgres(), bot.Asked)
			log.Info("sparkbot starts", "version", buildVersion(), "database", c.Database.URL)
			if err := bot.Run(cmd.Context()); err != nil {
				return err
			}
			log.Info("sparkbot stopped")
			return nil
		},
	}
}
