package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

var update = flag.Bool("update", false, "write the man pages")

// manPages is where they are kept, one for each command.
var manPages = filepath.Join("..", "..", "docs", "man")

// TestManPages sees that the man pages say what the commands say. They are
// written here and not by the program, which so carries no generator.
func TestManPages(t *testing.T) {
	if *update {
		if err := os.RemoveAll(manPages); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(manPages, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	wanted := map[string]bool{}
	root := newRoot()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("serve")
	described(t, root, wanted)
	kept, err := os.ReadDir(manPages)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range kept {
		if !wanted[file.Name()] {
			t.Errorf("docs/man/%s describes a command there is not", file.Name())
		}
	}
}

func described(t *testing.T, cmd *cobra.Command, wanted map[string]bool) {
	t.Helper()
	if !cmd.IsAvailableCommand() && cmd.HasParent() || cmd.IsAdditionalHelpTopicCommand() {
		return
	}
	cmd.DisableAutoGenTag = true
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
	wanted[name] = true
	var page bytes.Buffer
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) // a page that changes with the day could not be compared
	if err := doc.GenMan(cmd, &doc.GenManHeader{Section: "1", Source: "sparkbot", Manual: "sparkbot", Date: &day}, &page); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(manPages, name)
	if *update {
		if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(kept, page.Bytes()) {
		t.Errorf("docs/man/%s is not what the command says (%v); go test ./cmd/sparkbot -run TestManPages -update", name, err)
	}
	for _, child := range cmd.Commands() {
		described(t, child, wanted)
	}
}

// TestCompletions asks for each shell's script.
func TestCompletions(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		root := newRoot()
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetArgs([]string{"completion", shell})
		if err := root.ExecuteContext(t.Context()); err != nil || !strings.Contains(out.String(), "sparkbot") {
			t.Errorf("completion %s gives %d bytes (%v)", shell, out.Len(), err)
		}
	}
}
