package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
)

// slackSocket is one Socket Mode connection:
// https://docs.slack.dev/apis/events-api/using-socket-mode
type slackSocket struct {
	mu   sync.Mutex
	ws   *websocket.Conn
	acks map[string]chan json.RawMessage
}

func (k *Slack) openConnection(w http.ResponseWriter, token string) {
	if token != k.appToken {
		slackError(w, refused{code: "invalid_auth"})
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{"ok": true, "url": "ws" + strings.TrimPrefix(k.s.base, "http") + "/slack/socket?ticket=" + randomText()})
}

// Connected reports whether the app holds a Socket Mode connection.
func (k *Slack) Connected() bool { return k.Sockets() > 0 }

// Sockets counts the app's Socket Mode connections.
func (k *Slack) Sockets() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.sockets)
}

// DropSockets ends the app's connections.
func (k *Slack) DropSockets() {
	k.mu.Lock()
	all := make([]*slackSocket, 0, len(k.sockets))
	for s := range k.sockets {
		all = append(all, s)
	}
	k.mu.Unlock()
	for _, s := range all {
		_ = s.ws.Close()
	}
}

// anyOrigin takes connections whatever their Origin says: client libraries name
// Slack's own host.
var anyOrigin = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

func (k *Slack) serveSocket(w http.ResponseWriter, r *http.Request) {
	ws, err := anyOrigin.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	s := &slackSocket{ws: ws, acks: map[string]chan json.RawMessage{}}
	// The app may be sent commands as soon as it has read hello, and none before.
	s.mu.Lock()
	k.mu.Lock()
	k.sockets[s] = struct{}{}
	k.mu.Unlock()
	err = s.ws.WriteJSON(map[string]any{
		"type": "hello", "num_connections": 1, "connection_info": map[string]any{"app_id": k.appID},
		"debug_info": map[string]any{"host": "sandbox", "approximate_connection_time": 3600},
	})
	s.mu.Unlock()
	defer func() {
		k.mu.Lock()
		delete(k.sockets, s)
		k.mu.Unlock()
		_ = ws.Close()
	}()
	if err != nil {
		return
	}
	for {
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if err := ws.ReadJSON(&ack); err != nil {
			return
		}
		s.mu.Lock()
		waiting, there := s.acks[ack.ID]
		delete(s.acks, ack.ID)
		s.mu.Unlock()
		if there {
			waiting <- ack.Payload
		}
	}
}

func (s *slackSocket) send(v any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ws.WriteJSON(v)
}

// overSocket sends an envelope and gives the payload of its acknowledgement.
func (k *Slack) overSocket(ctx context.Context, kind string, payload any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	k.mu.Lock()
	var s *slackSocket
	for one := range k.sockets {
		s = one
	}
	k.mu.Unlock()
	if s == nil {
		return nil, errors.New("the app is not connected")
	}
	id, acked := randomText(), make(chan json.RawMessage, 1)
	s.mu.Lock()
	s.acks[id] = acked
	s.mu.Unlock()
	if err := s.send(map[string]any{"envelope_id": id, "type": kind, "accepts_response_payload": kind == "slash_commands", "payload": payload}); err != nil {
		return nil, err
	}
	select {
	case reply := <-acked:
		return reply, nil
	case <-ctx.Done():
		return nil, errors.New("operation_timeout: the app did not acknowledge in 3 s")
	}
}
