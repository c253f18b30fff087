package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"sparkbot/cmd/internal/app"
	"sparkbot/store/sqlstore"
)

func secretsCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "secrets", Short: "Look after what is stored encrypted", Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "rotate",
		Short: "Encrypt the workspaces' tokens with the first key of SPARKBOT_SECRET_KEY",
		Long: "Encrypts the workspaces' tokens with the first key of SPARKBOT_SECRET_KEY.\n\n" +
			"To change the key: set SPARKBOT_SECRET_KEY to NEW,OLD and restart every serve; run this\n" +
			"command; set it to NEW alone and restart again. It can be run while serve runs, and again.",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.load(cmd)
			if err != nil {
				return err
			}
			return s.withStore(func(cmd *cobra.Command, db *sqlstore.Store) error {
				r, err := app.RotateSecrets(cmd.Context(), c, db, nil)
				if err != nil {
					return fmt.Errorf("rotate: %w", err)
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "key %s: %d tokens encrypted anew, %d were already, %d were stored anew meanwhile\n",
					r.Key, r.Resealed, r.Present, r.Replaced)
				return err
			})(cmd, args)
		},
	})
	return cmd
}
