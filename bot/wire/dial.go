package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/proxy"
)

const (
	// dialWithin bounds how long a connection may take to be made, and then, on its
	// own, the proxy's consent and each TLS handshake.
	dialWithin = 5 * time.Second
	keepAlive  = 30 * time.Second
)

// route is how a host is reached.
type route struct {
	name   string // of the Host header
	addr   string // host and port
	server string // whom TLS must meet; empty without TLS
	tls    *tls.Config
	via    *url.URL // the proxy, or nil
	// before stands before the path, and proxyAuth is said with each request, where
	// an HTTP proxy is asked for a page without TLS.
	before, proxyAuth string
}

func routeTo(u, via *url.URL, config *tls.Config) route {
	r := route{name: u.Host, addr: hostPort(u), via: via, tls: config}
	if u.Scheme == "https" {
		r.server = u.Hostname()
	} else if via != nil && (via.Scheme == "http" || via.Scheme == "https") {
		r.before, r.proxyAuth = "http://"+u.Host, credentials(via)
	}
	return r
}

// credentials are what a proxy's address holds of them, as a header.
func credentials(via *url.URL) string {
	if via.User == nil {
		return ""
	}
	password, _ := via.User.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(via.User.Username()+":"+password))
}

// dial makes a connection over which requests can go. Nothing of any request has
// left before it returns.
func (h *host) dial(ctx context.Context, deadline time.Time) (*line, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	l := &line{route: &h.route}
	conn, err := h.reach(ctx, l)
	if err == nil && h.server != "" {
		conn, err = secured(ctx, conn, h.server, h.tls)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	l.conn = conn
	return l, nil
}

// reach connects to the host, through the proxy if there is one.
func (h *host) reach(ctx context.Context, l *line) (net.Conn, error) {
	if h.via == nil {
		return l.DialContext(ctx, "tcp", h.addr)
	}
	switch h.via.Scheme {
	case "socks5", "socks5h":
		d, err := proxy.FromURL(h.via, l)
		if err != nil {
			return nil, errors.New("the proxy's address is not readable")
		}
		ctx, cancel := context.WithTimeout(ctx, 2*dialWithin)
		defer cancel()
		conn, err := d.(proxy.ContextDialer).DialContext(ctx, "tcp", h.addr) //nolint:errcheck,forcetypeassert // golang.org/x/net's SOCKS5 has it
		if err != nil {
			return nil, fmt.Errorf("through the proxy: %w", err)
		}
		return conn, nil
	case "http", "https":
		conn, err := l.DialContext(ctx, "tcp", hostPort(h.via))
		if err == nil && h.via.Scheme == "https" {
			conn, err = secured(ctx, conn, h.via.Hostname(), h.tls)
		}
		if err == nil && h.server != "" {
			err = through(ctx, conn, h.addr, credentials(h.via))
		}
		if err != nil {
			return nil, fmt.Errorf("through the proxy: %w", err)
		}
		return conn, nil
	default:
		return nil, errors.New("the proxy is of a kind that is not known; use http, https or socks5")
	}
}

// Dial is DialContext for libraries that ask for both.
func (l *line) Dial(network, addr string) (net.Conn, error) {
	return l.DialContext(context.Background(), network, addr)
}

// DialContext makes the TCP connection underneath whatever is spoken over it.
func (l *line) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialWithin, KeepAlive: keepAlive}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	l.raw.Conn = conn
	l.look = watch(conn)
	return &l.raw, nil
}

// secured speaks TLS over a connection.
func secured(ctx context.Context, conn net.Conn, server string, config *tls.Config) (net.Conn, error) {
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config = config.Clone()
	config.ServerName, config.NextProtos = server, []string{"http/1.1"}
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	over := tls.Client(conn, config)
	if err := over.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return over, nil
}

// through asks a proxy to connect to an address.
func through(ctx context.Context, conn net.Conn, addr, auth string) error {
	_ = conn.SetDeadline(time.Now().Add(dialWithin)) // a broken one fails at the write
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(longAgo) })
	defer stop()
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: http.Header{}}
	if auth != "" {
		req.Header.Set("Proxy-Authorization", auth)
	}
	if err := req.Write(conn); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it refuses to connect, with status %d", resp.StatusCode)
	}
	return nil
}
