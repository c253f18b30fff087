package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"sparkbot/cmd/internal/app"
	"sparkbot/store/ingest"
)

func importCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE…",
		Short: "Store projects and moves from JSON files; - is standard input",
		Long: "Stores projects and moves from JSON files; - is standard input.\n\n" +
			"Importing the same file twice changes nothing. A mistake stops the file with its\n" +
			"place and reason, and nothing of that file is stored. The moves of a project that\n" +
			"is new to the store are history: they are scored, but alert nobody.",
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
			c, log, err := s.open(cmd)
			if err != nil {
				return err
			}
			db, err := app.OpenStore(cmd.Context(), c, log)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			for _, name := range files {
				sum, err := importFile(cmd, db, name)
				if err != nil {
					return err
				}
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", name, sum)
			}
			return nil
		},
	}
}

// importFile stores one file, with a progress bar when a person watches.
func importFile(cmd *cobra.Command, db app.Importer, name string) (ingest.Summary, error) {
	file, size := io.NopCloser(cmd.InOrStdin()), int64(-1)
	if name != "-" {
		opened, err := os.Open(name)
		if err != nil {
			return ingest.Summary{}, fmt.Errorf("import: %w", err)
		}
		if info, err := opened.Stat(); err == nil {
			size = info.Size()
		}
		file = opened
	}
	defer func() { _ = file.Close() }()
	bar := newProgress(os.Stderr, size)
	sum, err := app.Import(cmd.Context(), db, bar.reader(file))
	bar.done()
	if err != nil {
		return sum, fmt.Errorf("import %s: %w; nothing of this file was stored", name, err)
	}
	return sum, nil
}

func exportCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Write all projects and moves as JSON that import takes back",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, log, err := s.open(cmd)
			if err != nil {
				return err
			}
			db, err := app.OpenStore(cmd.Context(), c, log)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			return ingest.Write(cmd.Context(), cmd.OutOrStdout(), db)
		},
	}
}
