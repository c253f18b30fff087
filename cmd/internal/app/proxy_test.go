package app

import (
	"cmp"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sparkbot/bot/sandbox"
)

// wire is a TCP connection to a database that can be cut.
type wire struct {
	listener        net.Listener
	network, target string

	mu    sync.Mutex
	held  *sync.Cond
	dead  bool // nothing passes, and nobody is told: half-open
	shut  bool // connections end, and new ones are not taken
	conns []net.Conn
}

// newWire stands in front of the server of a postgres:// address and gives the
// address to use instead.
func newWire(t *testing.T, address string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, network: "tcp", target: u.Host}
	query := u.Query()
	if directory := query.Get("host"); directory != "" { // of a socket
		w.network, w.target = "unix", filepath.Join(directory, ".s.PGSQL."+cmp.Or(u.Port(), query.Get("port"), "5432"))
		query.Del("host")
		query.Del("port")
		u.RawQuery = query.Encode()
	}
	w.held = sync.NewCond(&w.mu)
	go w.serve()
	t.Cleanup(func() {
		_ = l.Close()
		w.die(false)
		w.close(true)
	})
	u.Host = l.Addr().String()
	return w, u.String()
}

// die lets nothing pass any more, in either direction, on old connections and
// new ones, or lets everything pass again.
func (w *wire) die(dead bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = dead
	w.held.Broadcast()
}

// close ends every connection and takes no new one, or takes them again.
func (w *wire) close(shut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut = shut; shut {
		for _, c := range w.conns {
			_ = c.Close()
		}
		w.conns = nil
	}
}

func (w *wire) serve() {
	for {
		in, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		shut := w.shut
		w.mu.Unlock()
		if shut {
			_ = in.Close()
			continue
		}
		go w.pass(in)
	}
}

func (w *wire) pass(in net.Conn) {
	out, err := net.Dial(w.network, w.target)
	if err != nil {
		_ = in.Close()
		return
	}
	w.mu.Lock()
	w.conns = append(w.conns, in, out)
	w.mu.Unlock()
	go w.copy(in, out)
	w.copy(out, in)
}

func (w *wire) copy(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		w.mu.Lock()
		for w.dead {
			w.held.Wait()
		}
		w.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// desk is one replica's way to both platforms, which notes when it sent.
type desk struct {
	url string

	mu    sync.Mutex
	posts []time.Time
	worst map[int]int // answers of 400 and above, by status
}

// newDesk stands in front of the sandbox.
func newDesk(t *testing.T, world *sandbox.Sandbox) *desk {
	t.Helper()
	target, err := url.Parse(world.URL())
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{worst: map[int]int{}}
	forward := httputil.NewSingleHostReverseProxy(target)
	forward.Transport = &http.Transport{MaxIdleConnsPerHost: 100}
	forward.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	forward.ModifyResponse = func(r *http.Response) error {
		if r.StatusCode >= http.StatusBadRequest {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.worst[r.StatusCode]++
		}
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/messages") || strings.HasSuffix(r.URL.Path, "/chat.postMessage")) {
			d.mu.Lock()
			d.posts = append(d.posts, time.Now())
			d.mu.Unlock()
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

// settings have a replica use the desk.
func (d *desk) settings() []string {
	return []string{"SPARKBOT_DISCORD_API_URL=" + d.url + "/discord", "SPARKBOT_SLACK_API_URL=" + d.url + "/slack/api/"}
}

// seen gives when messages were sent, and how many answers were refusals.
func (d *desk) seen() (posts []time.Time, refused map[int]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.posts), maps.Clone(d.worst)
}
