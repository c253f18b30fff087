package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// behind has a client go through a proxy.
func behind(t *testing.T, address string) *Client {
	t.Helper()
	c := client(t)
	via, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c.proxy = http.ProxyURL(via)
	return c
}

func TestWhatSurelyDidNotLeave(t *testing.T) {
	nowhere := func(t *testing.T) string { // an address that was let go
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return "http://" + l.Addr().String()
	}
	short := func(t *testing.T) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	for _, tc := range []struct {
		name string
		do   func(t *testing.T) error
	}{
		{"nobody listens", func(t *testing.T) error { return try(t.Context(), client(t), nowhere(t)) }},
		{"no address", func(t *testing.T) error { return try(t.Context(), client(t), "http://hunter2 /") }},
		{"no address of the web", func(t *testing.T) error { return try(t.Context(), client(t), "file:///hunter2") }},
		{"a context that is over", func(t *testing.T) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return try(ctx, client(t), listen(t, says(fine)))
		}},
		{"a certificate of nobody known", func(t *testing.T) error {
			server := httptest.NewUnstartedServer(nil)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			return try(t.Context(), client(t), server.URL)
		}},
		{"a handshake that never ends", func(t *testing.T) error {
			silent := listen(t, func(conn *net.TCPConn) { io.Copy(io.Discard, conn) })
			return try(short(t), client(t), strings.Replace(silent, "http:", "https:", 1))
		}},
		{"a proxy that is not there", func(t *testing.T) error {
			return try(t.Context(), behind(t, strings.Replace(nowhere(t), "//", "//me:hunter2@", 1)), "https://slack.com")
		}},
		{"a proxy that refuses", func(t *testing.T) error {
			proxy := listen(t, says("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"))
			return try(t.Context(), behind(t, strings.Replace(proxy, "//", "//me:hunter2@", 1)), "https://slack.com")
		}},
		{"a proxy that says nothing", func(t *testing.T) error {
			return try(short(t), behind(t, listen(t, func(conn *net.TCPConn) { io.Copy(io.Discard, conn) })), "https://slack.com")
		}},
		{"a proxy of an odd kind", func(t *testing.T) error {
			return try(t.Context(), behind(t, "gopher://hunter2"), "https://slack.com")
		}},
		{"a proxy whose address is none", func(t *testing.T) error {
			c := client(t)
			c.proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("hunter2") }
			return try(t.Context(), c, "https://slack.com")
		}},
		{"no free connection", func(t *testing.T) error {
			c, address := client(t), listen(t, says(fine))
			h, _, err := c.to(address + "/")
			if err != nil {
				t.Fatal(err)
			}
			for range most {
				h.slots <- struct{}{}
			}
			return try(short(t), c, address)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.do(t)
			if err == nil || !Unsent(err) {
				t.Fatalf("the error is %v", err)
			}
			if said := err.Error(); strings.Contains(said, "hunter2") || strings.Contains(said, "chat.postMessage") {
				t.Errorf("the error tells too much: %s", said)
			}
		})
	}
}

func try(ctx context.Context, c *Client, address string) error {
	_, err := c.Do(ctx, post(address))
	return err
}

// A page over TLS is reached directly and through proxies of all kinds, and over one
// connection each.
func TestRoutes(t *testing.T) {
	var made atomic.Int32
	page := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto+" "+r.RequestURI) }))
	page.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			made.Add(1)
		}
	}
	page.EnableHTTP2 = true
	page.StartTLS()
	t.Cleanup(page.Close)
	trust := page.Client().Transport.(*http.Transport).TLSClientConfig

	forward := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth(); user+":"+password != "me:hunter2" {
			http.Error(w, "who are you", http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect {
			io.WriteString(w, "by proxy "+r.RequestURI)
			return
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 Connected\r\n\r\n")
		join(conn, there)
	})
	plain, over := httptest.NewServer(forward), httptest.NewUnstartedServer(forward)
	over.TLS = &tls.Config{Certificates: page.TLS.Certificates}
	over.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(over.Close)
	socks := listen(t, sock)

	withName := func(address string) string { return strings.Replace(address, "//", "//me:hunter2@", 1) }
	for _, tc := range []struct{ name, via, to, want string }{
		{"directly", "", page.URL, "HTTP/1.1 /api/chat.postMessage"},
		{"through a proxy", withName(plain.URL), page.URL, "HTTP/1.1 /api/chat.postMessage"},
		{"through a proxy over TLS", withName(over.URL), page.URL, "HTTP/1.1 /api/chat.postMessage"},
		{"through SOCKS", strings.Replace(socks, "http:", "socks5:", 1), page.URL, "HTTP/1.1 /api/chat.postMessage"},
		{"without TLS through a proxy", withName(plain.URL), "http://example.com", "by proxy http://example.com/api/chat.postMessage"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			made.Store(0)
			c := client(t)
			if tc.via != "" {
				c = behind(t, tc.via)
			}
			c.tls = trust
			for range 3 {
				if a, err := c.Do(t.Context(), post(tc.to)); err != nil || string(a.Body) != tc.want {
					t.Fatalf("the answer is %d %q, %v", a.Status, a.Body, err)
				}
			}
			if made.Load() > 1 {
				t.Errorf("%d connections were made", made.Load())
			}
		})
	}
}

// Over TLS a server says farewell before it closes, which is unread data.
func TestAConnectionOverTLSThatWasClosedMeanwhileIsNoDoubt(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }))
	t.Cleanup(server.Close)
	c := client(t)
	c.tls = server.Client().Transport.(*http.Transport).TLSClientConfig
	for range 5 {
		if err := try(t.Context(), c, server.URL); err != nil {
			t.Fatal(err)
		}
		server.CloseClientConnections()
	}
}

// join carries bytes between two connections until both ends are closed.
func join(a, b net.Conn) {
	done := make(chan struct{})
	go func() {
		io.Copy(a, b)
		a.Close()
		close(done)
	}()
	io.Copy(b, a)
	b.Close()
	<-done
}

// sock is a SOCKS 5 proxy that asks for no name.
func sock(conn *net.TCPConn) {
	in := bufio.NewReader(conn)
	hello := make([]byte, 3)
	if _, err := io.ReadFull(in, hello); err != nil {
		return
	}
	conn.Write([]byte{5, 0})
	ask := make([]byte, 10) // an address of IPv4
	if _, err := io.ReadFull(in, ask); err != nil {
		return
	}
	there, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: ask[4:8], Port: int(ask[8])<<8 | int(ask[9])})
	if err != nil {
		return
	}
	conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	join(conn, there)
}
