package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"sparkbot/store/sqlstore"
)

func backupCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy an SQLite database to a new file while the bot runs, and check the copy",
		Long: "Writes the database as it stands at one instant to FILE, which must not be there yet,\n" +
			"while the bot goes on, and checks the copy before it gets its name. To restore, stop the\n" +
			"bot and put the file in the database's place, without the -wal and -shm files beside it.\n" +
			"A PostgreSQL database is backed up with pg_dump.",
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withStore(func(cmd *cobra.Command, db *sqlstore.Store) error {
				size, err := db.Backup(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d bytes, checked\n", args[0], size)
				return err
			})(cmd, args)
		},
	}
}
