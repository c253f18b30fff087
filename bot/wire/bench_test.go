//go:build unix

package wire

import (
	"bufio"
	"bytes"
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
)

// BenchmarkProcessorTime posts to a server in a process of its own, so that what it
// takes is not counted: first over net/http with nothing around it, then over this
// room. The ratio is how much of the former's time this one takes.
func BenchmarkProcessorTime(b *testing.B) {
	address := sinkProcess(b)
	body := bytes.Repeat([]byte("x"), 1500)
	bare := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConns: 128, MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	defer bare.CloseIdleConnections()
	c := New()
	defer c.CloseIdle()
	overHTTP := func() error {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, address+"/api/chat.postMessage", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		req.Header.Set("Authorization", "Bearer hunter2")
		resp, err := bare.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	overWire := func() error {
		_, err := c.Do(b.Context(), Request{
			Method: http.MethodPost, URL: address + "/api/chat.postMessage", ContentType: "application/json; charset=utf-8", Authorization: "Bearer hunter2", Body: body,
		})
		return err
	}
	spent(b, 64, 1, overHTTP)
	spent(b, 64, 1, overWire)
	b.ResetTimer()
	yardstick, ours := spent(b, 64, b.N, overHTTP), spent(b, 64, b.N, overWire)
	b.ReportMetric(float64(yardstick.Microseconds())/float64(b.N), "bare-cpu-µs/op")
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "wire-cpu-µs/op")
	b.ReportMetric(float64(ours)/float64(yardstick), "ratio")
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

const sinkVariable = "SPARKBOT_TEST_WIRE_SINK"

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
