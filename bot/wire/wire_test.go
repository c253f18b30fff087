package wire

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen has every connection of a host handled until the test ends, and gives the
// host's address.
func listen(t *testing.T, handle func(conn *net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			all.Go(func() {
				defer conn.Close()
				handle(conn.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return "http://" + l.Addr().String()
}

// hear reads one request with its body, and gives nil when there is none any more.
func hear(in *bufio.Reader) *http.Request {
	r, err := http.ReadRequest(in)
	if err != nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil
	}
	return r
}

// says answers every request with the same text.
func says(text string) func(*net.TCPConn) {
	return func(conn *net.TCPConn) {
		for in := bufio.NewReader(conn); hear(in) != nil; {
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
	}
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

func post(address string) Request {
	return Request{Method: http.MethodPost, URL: address + "/api/chat.postMessage", ContentType: "application/json", Authorization: "Bearer hunter2", Body: []byte(`{"text":"hello"}`)}
}

func client(t *testing.T) *Client {
	t.Helper()
	c := New()
	t.Cleanup(c.CloseIdle)
	return c
}

func TestAnswersAsTheyCome(t *testing.T) {
	long := strings.Repeat("x", MaxAnswer+1)
	once := func(text string, then func(*net.TCPConn)) func(*net.TCPConn) {
		return func(conn *net.TCPConn) {
			if hear(bufio.NewReader(conn)) != nil {
				io.WriteString(conn, text)
				then(conn)
			}
		}
	}
	end := func(*net.TCPConn) {}
	reset := func(conn *net.TCPConn) { conn.SetLinger(0) }
	for _, tc := range []struct {
		name   string
		handle func(*net.TCPConn)
		status int
		body   string
		broken string
	}{
		{"with a length", says(fine), 200, "{}", ""},
		{"in chunks", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), 200, "{}", ""},
		{"without a length", once("HTTP/1.1 200 OK\r\n\r\n{}", end), 200, "{}", ""},
		{"of an old server", once("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", end), 200, "{}", ""},
		{"after a hint", says("HTTP/1.1 103 Early Hints\r\n\r\n" + fine), 200, "{}", ""},
		{"without a body", says("HTTP/1.1 204 No Content\r\n\r\n"), 204, "", ""},
		{"a page of the network in front", says("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>"), 502, "<html>", ""},
		{"somewhere else", says("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"), 302, "", ""},
		{"too long", once("HTTP/1.1 503 No\r\nContent-Length: "+fmt.Sprint(len(long))+"\r\n\r\n"+long, end), 503, "", ""},
		{"too long and without a length", once("HTTP/1.1 200 OK\r\n\r\n"+long, end), 200, "", ""},
		{"none", once("", end), 0, "", errEnded.Error()},
		{"none, and a reset after the body was taken", once("", reset), 0, "", "reset"},
		{"half a head", once("HTTP/1.1 200 OK\r\nContent-", end), 0, "", errEnded.Error()},
		{"half a body", once("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", end), 0, "", errEnded.Error()},
		{"half a chunk", once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{", end), 0, "", errEnded.Error()},
		{"nothing of HTTP", says("SSH-2.0-hunter2\r\n\r\n"), 0, "", errOdd.Error()},
		{"more headers than anybody needs", says("HTTP/1.1 200 OK\r\nX: " + long[:inBuffer] + "\r\n\r\n"), 0, "", errOdd.Error()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, err := client(t).Do(t.Context(), post(listen(t, tc.handle)))
			if tc.broken == "" && (err != nil || a.Status != tc.status || string(a.Body) != tc.body) {
				t.Errorf("the answer is %d %.20q, %v", a.Status, a.Body, err)
			}
			if tc.broken == "" {
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.broken) {
				t.Fatalf("the error is %v, want %s", err, tc.broken)
			}
			if Unsent(err) {
				t.Error("a request that arrived is said to be unsent")
			}
			if said := err.Error(); strings.Contains(said, "hunter2") || strings.Contains(said, "chat.postMessage") {
				t.Errorf("the error tells too much: %s", said)
			}
		})
	}
}

func TestHeadersGoBothWays(t *testing.T) {
	heard := make(chan *http.Request, 2)
	address := listen(t, func(conn *net.TCPConn) {
		for in := bufio.NewReader(conn); ; {
			r := hear(in)
			if r == nil {
				return
			}
			heard <- r
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nretry-after: 7\r\nX-OAuth-Scopes:  commands,chat:write \r\nDate: Sat, 28 Nov 2026 18:00:00 GMT\r\nContent-Length: 2\r\n\r\n{}")
		}
	})
	c, r := client(t), post(address)
	r.URL, r.Agent = address+"/api/a?b=c%20d", "bot"
	a, err := c.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Retry-After": "7", "X-OAuth-Scopes": "commands,chat:write", "Date": "Sat, 28 Nov 2026 18:00:00 GMT", "X-Ratelimit-Scope": "", "Retry": ""} {
		if got := a.Header(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	got := <-heard
	if got.Method != "POST" || got.RequestURI != "/api/a?b=c%20d" || "http://"+got.Host != address || got.Header.Get("Authorization") != "Bearer hunter2" ||
		got.Header.Get("Content-Type") != "application/json" || got.UserAgent() != "bot" || got.ContentLength != int64(len(r.Body)) {
		t.Errorf("the host heard %+v", got)
	}
	if a, err := c.Do(t.Context(), Request{Method: http.MethodGet, URL: address + "/a b#c"}); err != nil || a.Status != 200 {
		t.Errorf("the answer is %d, %v", a.Status, err)
	}
	if got := <-heard; got.RequestURI != "/a%20b" || len(got.Header) != 1 || got.UserAgent() != "sparkbot" {
		t.Errorf("the host heard %q, %v", got.RequestURI, got.Header)
	}
}

func TestAConnectionIsKept(t *testing.T) {
	var made atomic.Int32
	address := listen(t, func(conn *net.TCPConn) {
		made.Add(1)
		says(fine)(conn)
	})
	c := client(t)
	for range 3 {
		if _, err := c.Do(t.Context(), post(address)); err != nil {
			t.Fatal(err)
		}
	}
	if made.Load() != 1 {
		t.Errorf("%d connections were made", made.Load())
	}
	h := c.hosts[address]
	h.kept[0].since = h.kept[0].since.Add(-idleFor)
	if h.expire(); len(h.kept) != 0 || h.timer != nil {
		t.Errorf("%d connections are still kept", len(h.kept))
	}
	if _, err := c.Do(t.Context(), post(address)); err != nil || made.Load() != 2 {
		t.Errorf("%d connections were made, %v", made.Load(), err)
	}
}

// A server may close what is kept, with or without a word, at any time between two
// requests. That is no doubt, because nothing has left.
func TestAConnectionThatWasClosedMeanwhileIsNoDoubt(t *testing.T) {
	for name, last := range map[string]string{"silently": "", "with a farewell": "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{})
			var turn atomic.Int32
			address := listen(t, func(conn *net.TCPConn) {
				in := bufio.NewReader(conn)
				for hear(in) != nil {
					io.WriteString(conn, fine)
					if turn.Add(1)%2 == 0 {
						io.WriteString(conn, last)
						conn.Close()
						closed <- struct{}{}
						return
					}
				}
			})
			c := client(t)
			for i := range 20 {
				if a, err := c.Do(t.Context(), post(address)); err != nil || a.Status != http.StatusOK {
					t.Fatalf("request %d: %d, %v", i, a.Status, err)
				}
				if i%2 == 1 {
					<-closed
				}
			}
		})
	}
}

func TestACancelledRequestEnds(t *testing.T) {
	heard, gone := make(chan struct{}), make(chan struct{})
	address := listen(t, func(conn *net.TCPConn) { // half-open: it takes and never answers
		in := bufio.NewReader(conn)
		hear(in)
		heard <- struct{}{}
		hear(in)
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-heard; cancel() }()
	_, err := client(t).Do(ctx, post(address))
	if !errors.Is(err, context.Canceled) || Unsent(err) {
		t.Errorf("the error is %v, unsent: %v", err, Unsent(err))
	}
	<-gone

	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	silent := listen(t, func(conn *net.TCPConn) { io.Copy(io.Discard, conn) })
	if _, err := client(t).Do(ctx, post(silent)); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, errLate) || Unsent(err) {
		t.Errorf("the error is %v, unsent: %v", err, Unsent(err))
	}
}

func TestMoreRequestsThanConnectionsWait(t *testing.T) {
	var now, peak atomic.Int32
	var once sync.Once
	full := make(chan struct{})
	address := listen(t, func(conn *net.TCPConn) {
		n := now.Add(1)
		defer now.Add(-1)
		for in := bufio.NewReader(conn); hear(in) != nil; {
			if n >= most {
				once.Do(func() { close(full) })
			}
			<-full
			peak.Store(max(peak.Load(), n))
			io.WriteString(conn, fine)
		}
	})
	c := client(t)
	var all sync.WaitGroup
	for range 2*most + 44 {
		all.Go(func() {
			if _, err := c.Do(t.Context(), post(address)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if peak.Load() != most {
		t.Errorf("%d connections at once, want %d", peak.Load(), most)
	}
}

func TestARefusalBeforeTheBodyWasReadIsHeard(t *testing.T) {
	address := listen(t, func(conn *net.TCPConn) {
		in := bufio.NewReader(conn)
		if r, err := http.ReadRequest(in); err == nil {
			io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			conn.CloseWrite()
			io.Copy(io.Discard, r.Body)
		}
	})
	r := post(address)
	r.Body = make([]byte, 8<<20)
	if a, err := client(t).Do(t.Context(), r); err != nil || a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("the answer is %d, %v", a.Status, err)
	}
}
