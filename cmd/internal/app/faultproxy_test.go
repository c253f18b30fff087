package app

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// proxyMode is what a faultProxy does to the connections through it.
type proxyMode int32

const (
	passing   proxyMode = iota
	refusing            // resets a connection before the request goes on
	silent              // takes everything and answers nothing: half open
	forgetful           // lets the request through and resets when the answer comes
)

// faultProxy stands between the bot and the platforms at the level of TCP.
type faultProxy struct {
	listener net.Listener
	target   string
	mode     atomic.Int32
	hits     atomic.Int32 // requests and answers that met a fault
	wait     sync.WaitGroup
}

func startProxy(t *testing.T, target string) *faultProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &faultProxy{listener: listener, target: strings.TrimPrefix(target, "http://")}
	var open sync.Map
	p.wait.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Store(conn, nil)
			p.wait.Go(func() {
				p.serve(conn.(*net.TCPConn))
				open.Delete(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Range(func(conn, _ any) bool { _ = conn.(net.Conn).Close(); return true })
		p.wait.Wait()
	})
	return p
}

func (p *faultProxy) set(m proxyMode) { p.mode.Store(int32(m)) }
func (p *faultProxy) is(m proxyMode) bool {
	return proxyMode(p.mode.Load()) == m
}

// url is where the bot finds the platforms.
func (p *faultProxy) url() string { return "http://" + p.listener.Addr().String() }

// serve carries one connection.
func (p *faultProxy) serve(client *net.TCPConn) {
	defer func() { _ = client.Close() }()
	there, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer func() { _ = there.Close() }()
	back := make(chan struct{})
	go func() {
		defer close(back)
		p.carry(there, client, client, forgetful)
	}()
	p.carry(client, there, client, refusing)
	_ = there.Close()
	<-back
}

// carry copies from one end to the other until it meets its fault, which resets
// the client's connection, or the silence, which swallows everything.
func (p *faultProxy) carry(from, to net.Conn, client *net.TCPConn, fault proxyMode) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		switch {
		case n > 0 && p.is(fault):
			p.hits.Add(1)
			_ = client.SetLinger(0)
			_ = client.Close()
			return
		case n > 0 && p.is(silent):
			p.hits.Add(1)
		case n > 0:
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if c, ok := to.(*net.TCPConn); ok {
				_ = c.CloseWrite()
			}
			return
		}
	}
}
