package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sparkbot/store/sqlstore"
)

func migrateCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database schema up to date, or show where it stands", Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{Use: "up", Short: "Apply what is missing", Args: usage(cobra.NoArgs), RunE: s.withStore(func(cmd *cobra.Command, db *sqlstore.Store) error {
			applied, err := db.Migrate(cmd.Context())
			if err != nil {
				return err
			}
			for _, m := range applied {
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "applied %d %s\n", m.Version, m.Name)
			}
			if len(applied) == 0 {
				_, _ = fmt.Fprintln(cmd.OutOrStdout(), "the schema is up to date")
			}
			return nil
		})},
		&cobra.Command{Use: "status", Short: "Show every migration and when it was applied", Args: usage(cobra.NoArgs), RunE: s.withStore(func(cmd *cobra.Command, db *sqlstore.Store) error {
			all, err := db.MigrationStatus(cmd.Context())
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, m := range all {
				at := "missing"
				if !m.AppliedAt.IsZero() {
					at = m.AppliedAt.UTC().Format(time.RFC3339)
				}
				_, _ = fmt.Fprintf(table, "%d\t%s\t%s\n", m.Version, m.Name, at)
			}
			return table.Flush()
		})},
	)
	return cmd
}

// withStore runs a command on the configured database as it stands, without
// migrating it first.
func (s *settings) withStore(run func(*cobra.Command, *sqlstore.Store) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		c, log, err := s.open(cmd)
		if err != nil {
			return err
		}
		db, err := sqlstore.Open(cmd.Context(), c.Database.URL.Reveal(), sqlstore.Options{Logger: log})
		if err != nil {
			return fmt.Errorf("open %s: %w", c.Database.URL, err)
		}
		defer func() { _ = db.Close() }()
		return run(cmd, db)
	}
}
