package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// startWait bounds how long a new server may take to answer.
const startWait = 60 * time.Second

// careless gives up safety for speed, as a test may.
var careless = []string{"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"}

// process is a PostgreSQL server of our own, which listens on a socket in its
// own folder only.
type process struct {
	dir, bin   string
	settings   []string
	credential *syscall.Credential
	cmd        *exec.Cmd
	exited     chan struct{}
}

func start(bin string, settings ...string) (*process, error) {
	dir, err := os.MkdirTemp("/tmp", "sparkbot-pg-") // short, because a socket's path is limited to 107 bytes
	if err != nil {
		return nil, err
	}
	credential, err := unprivileged(dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	initdb.Dir = dir
	if out, err := initdb.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("initdb in %s: %w\n%s", bin, err, out)
	}
	p := &process{dir: dir, bin: bin, settings: settings, credential: credential}
	if err := p.launch(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return p, nil
}

// launch runs the server on its data and returns when it answers.
func (p *process) launch() error {
	p.exited = make(chan struct{})
	arguments := []string{"-D", filepath.Join(p.dir, "data"), "-k", p.dir, "-c", "listen_addresses=", "-c", "max_connections=300"}
	p.cmd = exec.Command(filepath.Join(p.bin, "postgres"), append(arguments, p.settings...)...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential}
	endWithParent(p.cmd.SysProcAttr)
	p.cmd.Dir = p.dir
	var log bytes.Buffer
	p.cmd.Stdout, p.cmd.Stderr = &log, &log
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
		}
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s/postgres: %w", p.bin, err)
	}
	if err := p.await(); err != nil {
		p.crash()
		return fmt.Errorf("%w\n%s", err, log.String())
	}
	return nil
}

// crash ends the server as a power cut would.
func (p *process) crash() {
	_ = p.cmd.Process.Signal(syscall.SIGQUIT)
	<-p.exited
}

// unprivileged gives the folder away when we are root, as whom PostgreSQL
// refuses to run, and says as whom to run instead.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

func (p *process) url() *url.URL {
	return &url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: url.Values{
		"host": {p.dir}, "user": {"postgres"}, "sslmode": {"disable"},
	}.Encode()}
}

// await returns when the server answers.
func (p *process) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	db, err := sql.Open("postgres", p.url().String())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-look.C:
		case <-p.exited:
			return errors.New("the test server ended at once")
		case <-ctx.Done():
			return fmt.Errorf("the test server does not answer: %w", err)
		}
	}
}

// stop ends the server and removes its folder.
func (p *process) stop() {
	p.crash()
	_ = os.RemoveAll(p.dir)
}
