package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Operations of the gateway:
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway
const (
	opDispatch  = 0
	opHeartbeat = 1
	opIdentify  = 2
	opResume    = 6
	opHello     = 10
	opAck       = 11

	closeAuthenticationFailed = 4004
	heartbeatEvery            = 41250 // milliseconds
)

// gatewayConn is one connection of the bot.
type gatewayConn struct {
	mu    sync.Mutex
	ws    *websocket.Conn
	seq   int
	ready bool
	wants int // the intents the bot asked for
}

type gatewayFrame struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  *int            `json:"s,omitempty"`
	Type string          `json:"t,omitempty"`
}

func (d *Discord) getGateway(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{
		"url": "ws" + strings.TrimPrefix(d.s.base, "http") + "/discord/gateway", "shards": 1,
		"session_start_limit": map[string]any{"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1},
	})
}

// HangGateway makes new connections wait in vain for HELLO, as a sick gateway
// does, until hang is false again.
func (d *Discord) HangGateway(hang bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hang = hang
}

// DropGateway ends the bot's connections.
func (d *Discord) DropGateway() {
	for _, g := range d.connections() {
		g.end()
	}
}

// Connected reports whether the bot is logged in to the gateway.
func (d *Discord) Connected() bool { return d.Sessions() > 0 }

// Sessions counts the gateway connections on which the bot is logged in.
func (d *Discord) Sessions() int {
	n := 0
	for _, g := range d.connections() {
		g.mu.Lock()
		if g.ready {
			n++
		}
		g.mu.Unlock()
	}
	return n
}

func (d *Discord) connections() []*gatewayConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]*gatewayConn, 0, len(d.gateways))
	for g := range d.gateways {
		all = append(all, g)
	}
	return all
}

func (d *Discord) serveGateway(w http.ResponseWriter, r *http.Request) {
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	g := &gatewayConn{ws: ws}
	d.mu.Lock()
	d.gateways[g] = struct{}{}
	hang := d.hang
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.gateways, g)
		d.mu.Unlock()
		g.end()
	}()
	if !hang {
		g.send(opHello, "", map[string]any{"heartbeat_interval": heartbeatEvery})
	}
	for {
		var f gatewayFrame
		if err := ws.ReadJSON(&f); err != nil {
			return
		}
		if !d.take(g, f) {
			return
		}
	}
}

// take handles what the bot sent; false ends the connection.
func (d *Discord) take(g *gatewayConn, f gatewayFrame) bool {
	switch f.Op {
	case opHeartbeat:
		g.send(opAck, "", nil)
	case opIdentify, opResume:
		var who struct {
			Token   string `json:"token"`
			Intents int    `json:"intents"`
		}
		if json.Unmarshal(f.Data, &who) != nil || strings.TrimPrefix(who.Token, "Bot ") != d.token {
			g.mu.Lock()
			_ = g.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closeAuthenticationFailed, "Authentication failed."), time.Now().Add(time.Second))
			g.mu.Unlock()
			return false
		}
		g.send(opDispatch, "READY", map[string]any{
			"v": 10, "user": d.botUser(), "guilds": d.joined(),
			"session_id": randomText(), "resume_gateway_url": "ws" + strings.TrimPrefix(d.s.base, "http") + "/discord/gateway",
			"application": map[string]any{"id": d.app, "flags": 0},
		})
		d.greet(g, who.Intents)
	}
	return true
}

// dispatch sends an event to the bot.
func (d *Discord) dispatch(kind string, data any) error {
	for _, g := range d.connections() {
		g.mu.Lock()
		ready := g.ready
		g.mu.Unlock()
		if ready {
			g.send(opDispatch, kind, data)
			return nil
		}
	}
	return errors.New("the application did not respond: the bot is not connected")
}

func (g *gatewayConn) send(op int, kind string, data any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	text, err := json.Marshal(data)
	if err != nil {
		return
	}
	f := gatewayFrame{Op: op, Data: text, Type: kind}
	if op == opDispatch {
		g.seq++
		seq := g.seq
		f.Seq = &seq
	}
	_ = g.ws.WriteJSON(f) // a connection that ended is noticed by its reader
	// The bot may be sent events as soon as it has read READY, and none before.
	g.ready = g.ready || kind == "READY"
}

func (g *gatewayConn) end() { _ = g.ws.Close() }
