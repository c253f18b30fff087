package sandbox

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// wait registers an interaction under a new token.
func (d *Discord) wait(user, channel string, m *discordMessage) *interaction {
	return &interaction{user: user, channel: channel, message: m, first: make(chan discordAnswer, 1), late: make(chan discordBody, 1)}
}

// payload is an interaction as Discord sends it.
func (d *Discord) payload(i *interaction, kind int, guest bool, data map[string]any) map[string]any {
	permissions := permissionsEveryone
	if !guest {
		permissions |= 1 << 5 // Manage Server
	}
	token := randomText()
	d.mu.Lock()
	d.waiting[token] = i
	d.mu.Unlock()
	p := map[string]any{
		"id": d.id(), "application_id": d.app, "type": kind, "token": token, "version": 1, "guild_id": d.guildOf(i.channel), "channel_id": i.channel,
		"channel": map[string]any{"id": i.channel, "type": 0}, "data": data, "locale": "en-US", "guild_locale": "en-US",
		"app_permissions": strconv.Itoa(permissionsEveryone), "context": 0, "entitlements": []any{},
		"member": map[string]any{
			"user":        map[string]any{"id": d.user(i.user), "username": i.user, "discriminator": "0"},
			"permissions": strconv.Itoa(permissions), "roles": []any{}, "joined_at": "2020-01-01T00:00:00Z",
		},
	}
	if i.message != nil {
		d.mu.Lock()
		p["message"] = d.wire(i.message)
		d.mu.Unlock()
	}
	return p
}

// send delivers an interaction and gives its first answer.
func (d *Discord) send(ctx context.Context, i *interaction, payload map[string]any) (discordAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, firstAnswerWithin)
	defer cancel()
	d.mu.Lock()
	endpoint := d.endpoint
	d.mu.Unlock()
	if endpoint != "" {
		return d.sendHTTP(ctx, endpoint, payload)
	}
	if err := d.dispatch("INTERACTION_CREATE", payload); err != nil {
		return discordAnswer{}, err
	}
	select {
	case first := <-i.first:
		return first, nil
	case <-ctx.Done():
		return discordAnswer{}, errors.New("the application did not respond")
	}
}

// sendHTTP signs an interaction and posts it.
func (d *Discord) sendHTTP(ctx context.Context, endpoint string, payload map[string]any) (discordAnswer, error) {
	var first discordAnswer
	body, err := json.Marshal(payload)
	if err != nil {
		return first, err
	}
	stamp := strconv.FormatInt(d.s.now().Unix(), 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return first, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Signature-Timestamp", stamp)
	req.Header.Set("X-Signature-Ed25519", hex.EncodeToString(ed25519.Sign(d.private, append([]byte(stamp), body...))))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return first, fmt.Errorf("the application did not respond: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return first, fmt.Errorf("the application answered with status %d", resp.StatusCode)
	}
	files, err := readWith(resp.Header, resp.Body, &first)
	first.files = files
	return first, err
}

// postCallback takes the first answer to an interaction of the gateway.
func (d *Discord) postCallback(w http.ResponseWriter, r *http.Request) {
	var first discordAnswer
	files, ok := read(w, r, &first)
	if !ok {
		return
	}
	first.files = files
	i, ok := d.pending(w, r)
	if !ok {
		return
	}
	select {
	case i.first <- first:
		w.WriteHeader(http.StatusNoContent)
	default:
		discordError(w, http.StatusBadRequest, 40060, "Interaction has already been acknowledged.")
	}
}

// patchOriginal takes the answer that was promised.
func (d *Discord) patchOriginal(w http.ResponseWriter, r *http.Request) {
	i, ok := d.pending(w, r)
	if !ok {
		return
	}
	var there []attachment
	if i.message != nil {
		there = i.message.files
	}
	body, ok := d.readMessage(w, r, i.channel, there...)
	if !ok {
		return
	}
	select {
	case i.late <- body:
	default:
	}
	answerJSON(w, http.StatusOK, map[string]any{"id": d.id(), "channel_id": i.channel})
}

func (d *Discord) pending(w http.ResponseWriter, r *http.Request) (*interaction, bool) {
	d.mu.Lock()
	i, there := d.waiting[r.PathValue("token")]
	d.mu.Unlock()
	if !there {
		discordError(w, http.StatusNotFound, 10062, "Unknown interaction")
	}
	return i, there
}
