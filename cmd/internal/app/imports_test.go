package app

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms says which rooms of ours each room may import. A room that is not
// listed may not exist. Tests may import more, so they are not read.
var rooms = map[string][]string{
	"config":           {},
	"store":            {},
	"notify":           {},
	"store/sqlstore":   {"store", "store/pulse"},
	"store/storetest":  {"store", "store/sqlstore"},
	"store/vault":      {"store"},
	"store/ingest":     {"store"},
	"store/feed":       {"store"},
	"store/heartbeat":  {"store", "store/pulse"},
	"store/lease":      {"store", "store/heartbeat"},
	"store/pulse":      {},
	"notify/zone":      {},
	"notify/velocity":  {"store"},
	"notify/digest":    {"notify/chart", "notify/velocity", "notify/zone", "store", "store/pulse"},
	"notify/compose":   {"notify", "notify/digest", "notify/velocity", "notify/zone", "store"},
	"notify/chart":     {"notify/velocity", "store"},
	"notify/momentum":  {"notify/velocity", "store"},
	"notify/fanout":    {"notify/velocity", "store", "store/pulse"},
	"notify/deliver":   {"notify", "notify/chart", "notify/compose", "notify/digest", "notify/pace", "notify/velocity", "store", "store/pulse"},
	"bot":              {"notify", "notify/chart", "notify/compose", "notify/digest", "notify/velocity", "notify/zone", "store"},
	"notify/pace":      {"store", "store/heartbeat"},
	"notify/yield":     {},
	"bot/bottest":      {"bot", "notify", "notify/chart", "notify/compose", "notify/digest", "notify/velocity", "store"},
	"bot/replay":       {},
	"bot/wire":         {},
	"bot/discord":      {"bot", "bot/replay", "bot/wire", "notify", "notify/pace", "store"},
	"bot/slack":        {"bot", "bot/replay", "bot/wire", "notify", "notify/pace", "store"},
	"bot/sandbox":      {},
	"cmd/internal/app": {"*"},
	"cmd/sparkbot":     {"cmd/internal/app", "config", "store", "store/ingest", "store/sqlstore"},

	// It measures the program from outside, but for the digests of one minute.
	"cmd/internal/bench": {
		"bot/discord", "bot/sandbox", "bot/slack", "notify", "notify/compose", "notify/digest", "store", "store/sqlstore", "store/storetest",
	},
}

// vendors says which room alone may import a library whose types would
// otherwise spread through the house.
var vendors = map[string][]string{
	"github.com/bwmarrin/discordgo": {"bot/discord"},
	"github.com/slack-go/slack":     {"bot/slack", "cmd/internal/bench"},
	"github.com/jmoiron/sqlx":       {"store/sqlstore"},
	"github.com/lib/pq":             {"store/sqlstore", "store/storetest", "cmd/internal/bench"},
	"modernc.org/sqlite":            {"store/sqlstore", "store/storetest", "cmd/internal/bench"},
	"github.com/pressly/goose/v3":   {"store/sqlstore"},
	"database/sql":                  {"store/sqlstore", "store/storetest", "cmd/internal/app", "cmd/internal/bench"},
	"github.com/spf13/cobra":        {"cmd/sparkbot"},
	"golang.org/x/image":            {"notify/chart"},
	"github.com/mmcdole/gofeed":     {"store/feed"},
	"github.com/valyala/fasthttp":   {"bot/wire"},

	"github.com/prometheus/client_golang": {"cmd/internal/app"}, // rooms are given hooks
}

// TestImportMap reads the import lines of every file itself. Asking the go tool
// would let a cached result pass a file that has changed since.
func TestImportMap(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || name == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		room := filepath.ToSlash(rel)
		seen[room] = true
		checkFile(t, room, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range rooms {
		if !seen[room] {
			t.Errorf("the map names room %s, which does not exist", room)
		}
	}
}

func checkFile(t *testing.T, room, path string) {
	t.Helper()
	allowed, known := rooms[room]
	if !known {
		t.Errorf("%s stands in room %s, which is not in the map", path, room)
		return
	}
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if ours, ok := strings.CutPrefix(imported, "sparkbot/"); ok && !slices.Contains(allowed, ours) && !slices.Contains(allowed, "*") {
			t.Errorf("%s: room %s may not import %s", path, room, ours)
		}
		for vendor, only := range vendors {
			if (imported == vendor || strings.HasPrefix(imported, vendor+"/")) && !slices.Contains(only, room) {
				t.Errorf("%s: %s belongs to %s alone", path, vendor, strings.Join(only, ", "))
			}
		}
	}
}
