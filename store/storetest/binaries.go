package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
)

// embedded is the pinned npm package that carries PostgreSQL's programs.
const embedded = "15.15.0-beta.16"

// binaries gives the folder with initdb and postgres.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Sort(found)
	slices.Reverse(found)
	for _, dir := range found {
		if complete(dir) {
			return dir, nil
		}
	}
	return fromNPM()
}

func complete(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// fromNPM fetches the package once and keeps it in a folder that every user may
// read, since the server does not run as root. Test binaries that run at the
// same time wait for the first.
func fromNPM() (string, error) {
	arch, known := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	if !known || runtime.GOOS != "linux" {
		return "", errors.New("no PostgreSQL on PATH or in /usr/lib/postgresql, and no package of it for this machine")
	}
	root := filepath.Join(os.TempDir(), "sparkbot-postgres-"+embedded)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	unlock, err := exclusive(filepath.Join(root, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	native := filepath.Join(root, "package", "native")
	bin := filepath.Join(native, "bin")
	if _, err := os.Stat(filepath.Join(root, "complete")); err == nil {
		return bin, nil
	}
	name := "@embedded-postgres/linux-" + arch + "@" + embedded
	for _, command := range [][]string{
		{"npm", "pack", "--ignore-scripts", "--silent", name},
		{"sh", "-c", "tar xzf embedded-postgres-linux-*.tgz && rm embedded-postgres-linux-*.tgz && chmod -R a+rX package"},
	} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("no PostgreSQL on PATH or in /usr/lib/postgresql, and fetching %s failed: %w\n%s", name, err, out)
		}
	}
	if err := relink(native); err != nil {
		return "", err
	}
	return bin, os.WriteFile(filepath.Join(root, "complete"), nil, 0o644)
}

// relink makes the symbolic links that an npm package cannot hold; the package
// lists them.
func relink(native string) error {
	text, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		target := filepath.Join(filepath.Dir(native), l.Target)
		source, err := filepath.Rel(filepath.Dir(target), filepath.Join(filepath.Dir(native), l.Source))
		if err != nil {
			return err
		}
		if err := os.Symlink(source, target); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// exclusive takes a lock that ends with the process at the latest.
func exclusive(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
