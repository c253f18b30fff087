package zone

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	for _, tc := range []struct{ typed, want, near string }{
		{"Europe/Berlin", "Europe/Berlin", ""},
		{"europe/berlin", "Europe/Berlin", ""},
		{"AMERICA/NEW YORK", "America/New_York", ""},
		{"berlin", "Europe/Berlin", ""},
		{"new york", "America/New_York", ""},
		{"utc", "UTC", ""},
		{"cet", "CET", ""},
		{"Europe/Berln", "", "Europe/Berlin"},
		{"Asia/Calcuta", "", "Asia/Calcutta"},
		{"America/Londn", "", "Europe/London"},
		{"pst", "", "America/Los_Angeles"},
		{"ist", "", "Asia/Kolkata Europe/Dublin Asia/Jerusalem"},
		{"louisville", "", "America/Kentucky/Louisville America/Louisville"},
		{"GMT+25", "", ""},
		{"zz", "", ""},
		{"", "", ""},
		{"nowhere at all", "", ""},
	} {
		name, near, ok := Find(tc.typed)
		if name != tc.want || ok != (tc.want != "") {
			t.Errorf("Find(%q) = %q, %v, want %q", tc.typed, name, ok, tc.want)
		}
		if tc.want == "" && !strings.HasPrefix(strings.Join(near, " "), tc.near) || tc.want != "" && len(near) > 0 {
			t.Errorf("in place of %q it offers %v, want %q first", tc.typed, near, tc.near)
		}
		if len(near) > maxNear {
			t.Errorf("in place of %q it offers %d", tc.typed, len(near))
		}
	}
}

func TestMatching(t *testing.T) {
	for typed, want := range map[string]string{
		"":            "UTC",
		"berl":        "Europe/Berlin",
		"europe/b":    "Europe/Belfast",
		"york":        "America/New_York",
		"pst":         "America/Los_Angeles",
		"etc/gmt":     "",
		"Europe/Pari": "Europe/Paris",
		"Tokio":       "Asia/Tokyo",
	} {
		got := Matching(typed, 25)
		if len(got) > 25 || want != "" && (len(got) == 0 || got[0] != want) || want == "" && len(got) > 0 {
			t.Errorf("%q completes to %v, want %q first", typed, got, want)
		}
	}
}

// TestEveryNameIsAZone holds the list to the database that Go carries, so that a
// new release of it is not forgotten.
func TestEveryNameIsAZone(t *testing.T) {
	for _, n := range append(Names(), populous...) {
		l, err := Load(n)
		if err != nil {
			t.Error(err)
			continue
		}
		if again, err := Load(n); err != nil || again != l {
			t.Errorf("%s is read twice (%v)", n, err)
		}
		if found, _, ok := Find(n); !ok || found != n {
			t.Errorf("%s is found as %q", n, found)
		}
	}
	for _, known := range habits {
		for _, n := range known {
			if !slices.Contains(names, n) {
				t.Errorf("%s is offered and no zone", n)
			}
		}
	}
	for _, n := range []string{"Local", "", "../etc/passwd", "europe/berlin"} {
		if l, err := Load(n); err == nil {
			t.Errorf("%q is loaded as %v", n, l)
		}
	}
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Logf("\n*** THE LIST OF ZONES IS NOT COMPARED: %v", err)
		return
	}
	defer func() { _ = archive.Close() }()
	var all []string
	for _, f := range archive.File {
		if !f.FileInfo().IsDir() && f.Name != "Factory" {
			all = append(all, f.Name)
		}
	}
	slices.Sort(all)
	if diff := cmp.Diff(all, names); diff != "" {
		t.Errorf("the list differs from Go's database (-database +list):\n%s", diff)
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"Europe/Berlin", "new  york", "İstanbul", "\xff", "a/b/c", "//"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if len(typed) > 200 {
			return
		}
		name, near, ok := Find(typed)
		if ok != (name != "") || ok && len(near) > 0 {
			t.Fatalf("Find(%q) = %q, %v, %v", typed, name, near, ok)
		}
		for _, n := range append(append(near, Matching(typed, 25)...), name) {
			if n == "" {
				continue
			}
			if _, err := time.LoadLocation(n); err != nil {
				t.Fatalf("Find(%q) names %q, which is no zone: %v", typed, n, err)
			}
		}
	})
}
