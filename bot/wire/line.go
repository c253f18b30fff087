package wire

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// line is one connection. One request at a time goes over it.
type line struct {
	route *route
	raw   watched     // of TCP
	conn  net.Conn    // what is spoken over: raw, or TLS over it
	look  func() bool // whether it is quiet and open; nil where that cannot be seen
	since time.Time   // when it was put aside
	spent bool        // it must not be used again
}

// watched counts what leaves over a connection, and keeps the error that broke it.
type watched struct {
	net.Conn
	sent  int
	broke error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.sent += n
	return n, err
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if err != nil {
		w.broke = err
	}
	return n, err
}

// longAgo is a deadline that ends whatever a connection is doing.
var longAgo = time.Unix(1, 0)

// close says no farewell over TLS, which could take its time.
func (l *line) close() {
	if l.raw.Conn != nil {
		_ = l.raw.Close() // nothing is expected of it any more
	}
}

// ready reports whether a kept connection may be used. It may not where the server
// has closed it meanwhile, or has said something that nobody asked for, such as that
// it is about to.
func (l *line) ready() bool {
	return time.Since(l.since) < idleFor && (l.look == nil || l.look())
}

// papers are what reading and writing takes. They are used by one request after
// the other.
type papers struct {
	in   *bufio.Reader
	out  *bufio.Writer
	req  fasthttp.Request
	resp fasthttp.Response
}

const (
	inBuffer  = 16 << 10 // an answer's headers must fit
	outBuffer = 8 << 10  // most messages leave in one piece
)

var desk = sync.Pool{New: func() any {
	return &papers{in: bufio.NewReaderSize(nil, inBuffer), out: bufio.NewWriterSize(nil, outBuffer)}
}}

// exchange sends one request and reads its answer. When ctx ends it ends too, and
// the line is spent.
func (l *line) exchange(ctx context.Context, deadline time.Time, path string, r Request) (Answer, error) {
	l.raw.sent, l.raw.broke = 0, nil
	if err := l.conn.SetDeadline(deadline); err != nil {
		return Answer{}, err
	}
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { _ = l.conn.SetDeadline(longAgo) })
		defer func() { l.spent = !stop() || l.spent }()
	}
	p, _ := desk.Get().(*papers)
	defer p.back()
	p.in.Reset(l.conn)
	p.out.Reset(l.conn)
	p.write(l.route, path, r)
	err := p.req.Write(p.out)
	if err == nil {
		err = p.out.Flush()
	}
	if err != nil {
		// A server may refuse a body that it does not read to its end, and close.
		if l.spent = true; l.raw.sent > 0 && !isTimeout(err) {
			if a, unread := l.read(p); unread == nil {
				return a, nil
			}
		}
		return Answer{}, err
	}
	return l.read(p)
}

func (p *papers) write(to *route, path string, r Request) {
	h := &p.req.Header
	h.SetMethod(r.Method)
	h.SetRequestURI(path)
	h.SetHost(to.name)
	if r.ContentType != "" {
		h.SetContentType(r.ContentType)
	}
	if r.Authorization != "" {
		h.Set("Authorization", r.Authorization)
	}
	h.SetUserAgent(cmp.Or(r.Agent, "sparkbot"))
	if to.proxyAuth != "" {
		h.Set("Proxy-Authorization", to.proxyAuth)
	}
	p.req.SetBodyRaw(r.Body)
}

// back clears the papers for the next request. What was on them is overwritten then.
func (p *papers) back() {
	p.req.Reset()
	p.resp.Reset()
	p.in.Reset(nil)
	p.out.Reset(nil)
	desk.Put(p)
}

var (
	errEnded = errors.New("the connection ended before the answer did")
	errOdd   = errors.New("the answer is not HTTP")
)

// read takes the answer off the line. The library's errors are not passed on: they
// quote the answer.
func (l *line) read(p *papers) (Answer, error) {
	err := p.resp.ReadLimitBody(p.in, MaxAnswer)
	if errors.Is(err, fasthttp.ErrBodyTooLarge) {
		l.spent = true
		p.resp.ResetBody()
		return answerOf(&p.resp), nil
	}
	if err != nil {
		l.spent = true
		switch {
		case l.raw.broke == nil:
			return Answer{}, errOdd
		case errors.Is(l.raw.broke, io.EOF):
			return Answer{}, errEnded
		default:
			return Answer{}, l.raw.broke
		}
	}
	l.spent = l.spent || p.resp.ConnectionClose() || p.in.Buffered() > 0
	return answerOf(&p.resp), nil
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
