package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The one workspace of the bench, and its app's secrets.
const (
	team          = "T0BENCH"
	botToken      = "xoxb-bench" //nolint:gosec // of a Slack that exists in this program alone
	signingSecret = "bench-signing-secret"
)

// bench is a run: the sink, the program to measure and the figures so far.
type bench struct {
	program   string
	databases []string
	small     bool
	verbose   bool
	largest   int // fan-out, in places
	dir       string
	sink      *child
	postgres  *server // started when first asked for
	table     table
}

func newBench(program string, databases []string, small, verbose bool) (*bench, error) {
	program, err := filepath.Abs(program) // children run in a folder of their own
	if err != nil {
		return nil, fmt.Errorf("the program to measure: %w", err)
	}
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("the program to measure: %w; run `make build`", err)
	}
	dir, err := os.MkdirTemp("", "sparkbot-bench-")
	if err != nil {
		return nil, fmt.Errorf("make room for databases: %w", err)
	}
	b := &bench{program: program, databases: databases, small: small, verbose: verbose, dir: dir}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	if b.sink, err = b.start(self, []string{roleEnv + "=sink"}); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	_, _ = b.sink.stop()
	if b.postgres != nil {
		b.postgres.stop()
	}
	_ = os.RemoveAll(b.dir)
}

// size is n, or a tenth of it in a small run.
func (b *bench) size(n int) int {
	if b.small {
		return max(1, n/10)
	}
	return n
}

// child is a process of the measurement that has printed its address.
type child struct {
	cmd *exec.Cmd
	url string
}

// start runs a program that prints its address as its first line.
func (b *bench) start(program string, environ []string, args ...string) (*child, error) {
	cmd := exec.CommandContext(context.Background(), program, args...) // until stop
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir}, environ...)
	cmd.Dir = b.dir
	cmd.Stderr = io.Discard
	if b.verbose {
		cmd.Stderr = os.Stderr
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", program, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("run %s: %w", program, err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Process.Kill()
		return nil, fmt.Errorf("%s did not say where it is: %w", program, errors.Join(err, cmd.Wait()))
	}
	return &child{cmd, strings.TrimSpace(line)}, nil
}

// stop ends the process in order and gives what it used.
func (c *child) stop() (*syscall.Rusage, error) {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return nil, fmt.Errorf("stop a process: %w", err)
	}
	err := c.cmd.Wait()
	usage, _ := c.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if err != nil && c.cmd.ProcessState.ExitCode() != 0 {
		return usage, fmt.Errorf("a process ended badly: %w", err)
	}
	return usage, nil
}

// serve runs `sparkbot serve` on a database until stop, posting to the sink, and
// returns once it is ready.
func (b *bench) serve(ctx context.Context, database string, more ...string) (*child, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	c := &child{url: "http://127.0.0.1:" + port}
	c.cmd = exec.CommandContext(context.WithoutCancel(ctx), b.program, "serve") // until stop
	c.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir,
		"SPARKBOT_DATABASE_URL=" + database, "SPARKBOT_HTTP_LISTEN=127.0.0.1:" + port,
		"SPARKBOT_SLACK_BOT_TOKEN=" + botToken, "SPARKBOT_SLACK_SIGNING_SECRET=" + signingSecret, "SPARKBOT_SLACK_API_URL=" + b.sink.url + "/api/",
		"SPARKBOT_DISCORD_TOKEN=bench", "SPARKBOT_DISCORD_APPLICATION_ID=1", "SPARKBOT_DISCORD_API_URL=" + b.sink.url,
		"SPARKBOT_DISCORD_PUBLIC_KEY=" + strings.Repeat("0", 64),
		"SPARKBOT_LOG_LEVEL=info",
	}, more...)
	c.cmd.Dir = b.dir
	if b.verbose {
		c.cmd.Stderr = os.Stderr
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("run %s: %w", b.program, err)
	}
	if err := ready(ctx, c.url+"/readyz"); err != nil {
		_ = c.cmd.Process.Kill()
		return nil, errors.Join(err, c.cmd.Wait())
	}
	return c, nil
}

// ready waits until the program says so.
func ready(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if status, _, err := fetch(ctx, address); err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the program did not get ready; run with -v to see why")
		case <-tick.C:
		}
	}
}

func fetch(ctx context.Context, address string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("ask %s: %w", address, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("ask %s: %w", address, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// reset lets the sink begin anew; a channel may be watched.
func (b *bench) reset(ctx context.Context, watch string) error {
	_, _, err := fetch(ctx, b.sink.url+"/sink/reset?watch="+url.QueryEscape(watch))
	return err
}

// await waits until the sink has taken n posts.
func (b *bench) await(ctx context.Context, n int) (sinkState, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	_, text, err := fetch(ctx, b.sink.url+"/sink/wait?count="+strconv.Itoa(n))
	if err != nil {
		return sinkState{}, fmt.Errorf("wait for %d posts: %w", n, err)
	}
	var s sinkState
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("read the sink's answer: %w", err)
	}
	return s, nil
}
