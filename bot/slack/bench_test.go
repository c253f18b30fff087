//go:build unix

package slack

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sparkbot/bot/wire"
	"sparkbot/notify"
)

// BenchmarkPost posts to a server in a process of its own, so that what that takes is
// not counted: over net/http with nothing around it, over bot/wire with nothing around
// it, and as the adapter posts. A ratio is to the first.
func BenchmarkPost(b *testing.B) {
	address := sinkProcess(b) + "/api/"
	c, err := New(Options{BotToken: "xoxb-hunter2", APIURL: address})
	if err != nil {
		b.Fatal(err)
	}
	defer c.wire.CloseIdle()
	bare := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConns: 128, MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	defer bare.CloseIdleConnections()
	content := []byte(`{"text":"` + strings.Repeat("x", 1500) + `"}`)
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()

	ways := []struct {
		name string
		post func() error
	}{
		{"bare", func() error {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"chat.postMessage", bytes.NewReader(content))
			if err != nil {
				return err
			}
			req.Header.Set("Content-Type", "application/json; charset=utf-8")
			req.Header.Set("Authorization", "Bearer xoxb-hunter2")
			resp, err := bare.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		}},
		{"wire", func() error {
			_, err := c.wire.Do(ctx, wire.Request{
				Method: http.MethodPost, URL: address + "chat.postMessage", ContentType: "application/json; charset=utf-8", Authorization: "Bearer xoxb-hunter2", Body: content,
			})
			return err
		}},
		{"post", func() error {
			_, err := c.Post(ctx, notify.Envelope{Workspace: "T1", Channel: "C0123456789", Nonce: "8c0a7f0e-1"}, notify.Body{Content: content})
			return err
		}},
	}
	var yardstick float64
	for _, w := range ways {
		spent(b, 64, 64, w.post) // opens the connections
		took := spent(b, 64, b.N, w.post)
		if yardstick == 0 {
			yardstick = float64(took)
		}
		b.ReportMetric(float64(took.Nanoseconds())/1000/float64(b.N), w.name+"-cpu-µs")
		b.ReportMetric(float64(took)/yardstick, w.name+"/bare")
	}
}

// spent has workers do n posts and gives the processor time that this process took.
func spent(b *testing.B, workers, n int, post func() error) time.Duration {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	before := processorTime()
	for range workers {
		all.Go(func() {
			for next.Add(1) <= int64(n) {
				if err := post(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return processorTime() - before
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const sinkVariable = "SPARKBOT_TEST_SLACK_SINK"

// sinkProcess starts this program again as a server that takes everything.
func sinkProcess(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), sinkVariable+"=1")
	stop, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stop.Close()
		cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(address)
}

// sink serves until its standard input ends.
func sink() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("http://" + l.Addr().String())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		io.WriteString(w, `{"ok":true,"channel":"C0123456789","ts":"1800000000.000100"}`)
	})}
	go server.Serve(l)
	io.Copy(io.Discard, os.Stdin)
	server.Close()
}

func init() {
	if os.Getenv(sinkVariable) != "" {
		sink()
		os.Exit(0)
	}
}
