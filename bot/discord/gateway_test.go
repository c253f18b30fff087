package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sparkbot/bot/bottest"
)

// gateway is a Discord of which only the login works; what follows is scripted,
// one script for a connection and the last for all further ones.
type gateway struct {
	*httptest.Server
	mu      sync.Mutex
	scripts []func(*websocket.Conn)
	logins  atomic.Int32
	intents atomic.Int64
}

func newGateway(t *testing.T, scripts ...func(*websocket.Conn)) *gateway {
	t.Helper()
	g := &gateway{scripts: scripts}
	mux := http.NewServeMux()
	mux.HandleFunc("/base/api/v9/gateway", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"url":"ws%s/ws"}`, strings.TrimPrefix(g.URL, "http"))
	})
	mux.HandleFunc("/base/api/v10/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/commands") && r.Method == http.MethodGet {
			_, _ = fmt.Fprint(w, "[]")
			return
		}
		_, _ = fmt.Fprint(w, `{"id":"1"}`)
	})
	mux.HandleFunc("/ws", g.login)
	mux.HandleFunc("/ws/", g.login)
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

// login greets, reads who comes, and plays the next script.
func (g *gateway) login(w http.ResponseWriter, r *http.Request) {
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_ = conn.WriteJSON(map[string]any{"op": 10, "d": map[string]any{"heartbeat_interval": 41250}})
	var identify struct {
		Data struct {
			Intents *int64 `json:"intents"`
		} `json:"d"`
	}
	if conn.ReadJSON(&identify) != nil || identify.Data.Intents == nil {
		return
	}
	g.intents.Store(*identify.Data.Intents)
	g.logins.Add(1)
	g.mu.Lock()
	script := g.scripts[0]
	if len(g.scripts) > 1 {
		g.scripts = g.scripts[1:]
	}
	g.mu.Unlock()
	script(conn)
	for {
		var frame json.RawMessage
		if conn.ReadJSON(&frame) != nil {
			return
		}
	}
}

func ready(conn *websocket.Conn) {
	_ = conn.WriteJSON(map[string]any{"op": 0, "s": 1, "t": "READY", "d": map[string]any{"session_id": "s", "user": map[string]any{"id": "1"}}})
}

func operation(op int) func(*websocket.Conn) {
	return func(conn *websocket.Conn) { _ = conn.WriteJSON(map[string]any{"op": op, "d": false}) }
}

func closing(code int) func(*websocket.Conn) {
	return func(conn *websocket.Conn) {
		_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
	}
}

// connect starts a client on a gateway until the test ends.
func (g *gateway) connect(t *testing.T, silentFor time.Duration) *Client {
	t.Helper()
	c, err := New(Options{Token: "t", APIURL: g.URL + "/base/"})
	if err != nil {
		t.Fatal(err)
	}
	c.openWithin, c.watchEvery = 200*time.Millisecond, 10*time.Millisecond
	c.silentFor = silentFor
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, bottest.NewScript()) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	return c
}

func TestASickGatewayIsReplaced(t *testing.T) {
	for name, first := range map[string]func(*websocket.Conn){
		"it says nothing":                       func(*websocket.Conn) {},
		"it asks to reconnect instead of READY": operation(7),
		"it calls the session invalid":          operation(9),
		"it hangs up":                           closing(4000),
		"it asks to reconnect after READY":      func(conn *websocket.Conn) { ready(conn); operation(7)(conn) },
		"it hangs up after READY":               func(conn *websocket.Conn) { ready(conn); closing(4009)(conn) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, first, ready)
			c := g.connect(t, longestSilence)
			eventually(t, "a second login", func() bool { return g.logins.Load() >= 2 && c.Ready(t.Context()) == nil })
			if n := g.intents.Load(); n != 0 {
				t.Errorf("the intents %b are asked for", n)
			}
		})
	}
}

func TestASilentGatewayIsReplaced(t *testing.T) {
	g := newGateway(t, ready)
	c := g.connect(t, 50*time.Millisecond)
	eventually(t, "the bot logs in again", func() bool { return g.logins.Load() >= 2 && c.Ready(t.Context()) == nil })
}
