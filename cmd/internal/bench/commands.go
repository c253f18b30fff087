package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	commandsPerSecond = 500
	commandsRounds    = 5
)

// measureCommands asks for a card 500 times a second, signed as Slack signs,
// while nothing else happens, while a fan-out is paced by Discord's limit, and
// while fan-outs go as fast as they can. The floor is a program that verifies
// the signature, looks the project up in the same database and answers.
func measureCommands(ctx context.Context, b *bench) error {
	for _, kind := range b.databases {
		if err := b.commands(ctx, kind); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

func (b *bench) commands(ctx context.Context, kind string) error {
	n := b.size(10_000)
	d, bot, err := b.stage(ctx, kind, n, n)
	if err != nil {
		return err
	}
	defer d.close()
	defer func() { _, _ = bot.stop() }()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	floor, err := b.start(self, []string{roleEnv + "=floor", "SPARKBOT_BENCH_URL=" + d.url})
	if err != nil {
		return err
	}
	defer func() { _, _ = floor.stop() }()

	lowest, err := b.load(ctx, floor.url)
	if err != nil {
		return err
	}
	idle, err := b.load(ctx, bot.url)
	if err != nil {
		return err
	}
	var unpaced spread
	if err := b.while(ctx, func(ctx context.Context) error { _, err := b.fanOut(ctx, d, n); return err }, func() (err error) {
		unpaced, err = b.load(ctx, bot.url)
		return err
	}); err != nil {
		return err
	}
	if _, _, err := d.spark(ctx, paced); err != nil {
		return err
	}
	during, err := b.load(ctx, bot.url)
	if err != nil {
		return err
	}
	label := "commands_" + kind
	b.table.note(label+"_floor_p99_ms", ms(lowest.p99), "p50 %s", rounded(lowest.p50))
	for _, one := range []struct {
		name string
		s    spread
		goal float64
	}{{"idle", idle, 1.5}, {"paced", during, 2}, {"unpaced", unpaced, 6}} {
		b.table.atMost(label+"_"+one.name+"_p99_over_floor", one.s.p99.Seconds()/lowest.p99.Seconds(), one.goal,
			"p99 %s, p50 %s; the floor's %s and %s", rounded(one.s.p99), rounded(one.s.p50), rounded(lowest.p99), rounded(lowest.p50))
	}
	b.table.atMost(label+"_slowest_s", max(idle.most, during.most, unpaced.most).Seconds(), 1, "of %d answers", 3*commandsRounds*commandsPerSecond*b.seconds())
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (b *bench) seconds() int { return b.size(20) }

// while repeats work for as long as measure takes.
func (b *bench) while(ctx context.Context, work func(context.Context) error, measure func() error) error {
	done, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-done:
				ended <- nil
				return
			default:
			}
			if err := work(ctx); err != nil {
				ended <- err
				return
			}
		}
	}()
	err := measure()
	close(done)
	return errors.Join(err, <-ended)
}

// spread is how long answers took: the medians of several rounds, and the
// slowest of all.
type spread struct{ p50, p99, most time.Duration }

// load asks for the card at a fixed rate, round after round.
func (b *bench) load(ctx context.Context, base string) (spread, error) {
	var p50s, p99s []time.Duration
	var s spread
	for range commandsRounds {
		all, err := b.ask(ctx, base+"/slack/commands")
		if err != nil {
			return s, err
		}
		p50s, p99s = append(p50s, percentile(all, 50)), append(p99s, percentile(all, 99))
		s.most = max(s.most, percentile(all, 100))
	}
	s.p50, s.p99 = middle(p50s), middle(p99s)
	return s, nil
}

// ask sends commands at their appointed times, whether earlier ones are answered
// or not, and measures each from its appointed time, so that a pause counts for
// everybody who would have met it.
func (b *bench) ask(ctx context.Context, address string) ([]time.Duration, error) {
	n := commandsPerSecond * b.seconds()
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 512}}
	defer client.CloseIdleConnections()
	all, problems := make([]time.Duration, n), make([]error, n)
	var asking sync.WaitGroup
	begun := time.Now()
	for i := range n {
		due := begun.Add(time.Duration(i) * time.Second / commandsPerSecond)
		time.Sleep(time.Until(due))
		asking.Go(func() {
			problems[i] = command(ctx, client, address, i)
			all[i] = time.Since(due)
		})
		if ctx.Err() != nil {
			break
		}
	}
	asking.Wait()
	return all, errors.Join(problems...)
}

// command asks for one card, signed.
func command(ctx context.Context, client *http.Client, address string, i int) error {
	body := url.Values{
		"command": {"/spark"}, "text": {"session"}, "team_id": {team}, "channel_id": {channelName(0)}, "user_id": {"U1"},
		"trigger_id": {fmt.Sprintf("%d.%d", time.Now().UnixNano(), i)}, "response_url": {"https://hooks.slack.com/commands/none"},
	}.Encode()
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("make a command: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", sign(stamp, body))
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode == http.StatusOK && len(text) == 0 {
		return nil // promised for later: it took longer than is asked of it, and counts as that
	}
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(text), "Session") {
		return fmt.Errorf("the answer is %d %.200s: %w", resp.StatusCode, text, err)
	}
	return nil
}

// sign signs as https://docs.slack.dev/authentication/verifying-requests-from-slack says.
func sign(stamp, body string) string {
	mac := hmac.New(sha256.New, []byte(signingSecret))
	_, _ = io.WriteString(mac, "v0:"+stamp+":"+body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// serveFloor is the least a program can do for the same question: verify, look
// up, answer.
func serveFloor(ctx context.Context) error {
	address := os.Getenv("SPARKBOT_BENCH_URL")
	driver := "postgres"
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, address = "sqlite", path+"?_pragma=busy_timeout(10000)&mode=ro"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxIdleConns(8)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		form, parseErr := url.ParseQuery(string(body))
		if errors.Join(err, parseErr) != nil || !hmac.Equal([]byte(r.Header.Get("X-Slack-Signature")), []byte(sign(r.Header.Get("X-Slack-Request-Timestamp"), string(body)))) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var name, tagline string
		if err := db.QueryRowContext(r.Context(), "SELECT name, tagline FROM projects WHERE slug = $1", form.Get("text")).Scan(&name, &tagline); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"text": name + ": " + tagline})
	})}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	_, _ = fmt.Fprintf(os.Stdout, "http://%s\n", listener.Addr())
	if err := server.Serve(listener); ctx.Err() == nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
