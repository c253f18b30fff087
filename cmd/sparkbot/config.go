package main

import "github.com/spf13/cobra"

func configCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Look at the configuration", Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "print",
		Short: "Show every key in force and where its value came from; secrets stay hidden",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			return c.Print(cmd.OutOrStdout())
		},
	})
	return cmd
}
