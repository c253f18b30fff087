package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThreatModelNamesTestsThatExist sees that whoever is told that a test holds
// a line finds that test, and that no line is without one.
func TestThreatModelNamesTestsThatExist(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	written := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			written[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	model, err := os.ReadFile(filepath.Join(root, "docs", "threat-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	lines := 0
	for line := range strings.Lines(string(model)) {
		if !strings.HasPrefix(line, "| **") && !strings.HasPrefix(line, "| …") {
			continue
		}
		lines++
		tests := named.FindAllStringSubmatch(line, -1)
		if len(tests) == 0 {
			t.Errorf("no test holds this line: %s", line)
		}
		for _, m := range tests {
			if !written[m[1]] {
				t.Errorf("there is no test %s, which is to hold: %s", m[1], line)
			}
		}
	}
	if lines < 15 {
		t.Errorf("the threat model has only %d lines", lines)
	}
}

// TestTheImageIsBuiltOfEveryRoom sees that what .dockerignore lets in is what the
// program is made of.
func TestTheImageIsBuiltOfEveryRoom(t *testing.T) {
	ignored := strings.Split(document(t, ".dockerignore"), "\n")
	if !slices.Contains(ignored, "*") {
		t.Error(".dockerignore lets in what it does not name")
	}
	for room := range rooms {
		top, _, _ := strings.Cut(room, "/")
		if !slices.Contains(ignored, "!"+top) {
			t.Errorf(".dockerignore keeps %s out, so the image cannot be built", room)
		}
	}
}
