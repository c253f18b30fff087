package main

import (
	"errors"

	"github.com/spf13/cobra"

	"sparkbot/cmd/internal/app"
)

func doctorCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, database and tokens, and say how to mend each",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			if !app.Doctor(cmd.Context(), c, cmd.OutOrStdout()) {
				return errors.New("something above needs mending")
			}
			return nil
		},
	}
}
