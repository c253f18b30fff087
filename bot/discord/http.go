package discord

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	dgo "github.com/bwmarrin/discordgo"
)

const (
	maxInteraction = 1 << 20
	maxSkew        = 5 * time.Minute
)

// Interactions handles signed interactions over HTTP:
// https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint
// The signature is checked on the raw body before anything of it is read. An
// interaction that came before has no second effect, whatever signs it.
func (c *Client) Interactions(a Answerer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInteraction))
		if err != nil {
			status := http.StatusBadRequest
			if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, http.StatusText(status), status)
			return
		}
		if !c.signed(r.Header, body) {
			http.Error(w, "invalid request signature", http.StatusUnauthorized)
			return
		}
		var i dgo.Interaction
		if err := json.Unmarshal(body, &i); err != nil {
			http.Error(w, "the interaction is not readable", http.StatusBadRequest)
			return
		}
		if i.Type != dgo.InteractionPing && c.seen.Before(i.ID, c.now()) {
			http.Error(w, "this interaction came before", http.StatusConflict)
			return
		}
		first, later := c.respond(r.Context(), &i, a)
		if err := write(w, first); err != nil {
			c.log.Warn("an interaction's answer was not taken", "error", err)
		}
		if later != nil {
			// The answer must be on its way before its promise is kept.
			if err := http.NewResponseController(w).Flush(); err != nil {
				c.log.Warn("an interaction's answer was not sent", "error", err)
			}
			end := c.errands.begin()
			go func() {
				defer end()
				later()
			}()
		}
	})
}

// write answers over HTTP, with files as several parts:
// https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction
func write(w http.ResponseWriter, first callback) error {
	p, err := first.payload()
	if err != nil {
		return err
	}
	contentType, body, err := p.packed()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	_, err = w.Write(body)
	return err
}

// signed verifies signature and age. A request that is older or newer than five
// minutes is refused, so that one that was overheard cannot be sent again later.
func (c *Client) signed(h http.Header, body []byte) bool {
	signature, err := hex.DecodeString(h.Get("X-Signature-Ed25519"))
	if err != nil || len(signature) != ed25519.SignatureSize || c.publicKey == nil {
		return false
	}
	stamp := h.Get("X-Signature-Timestamp")
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || c.now().Sub(time.Unix(unix, 0)).Abs() > maxSkew {
		return false
	}
	return ed25519.Verify(c.publicKey, append([]byte(stamp), body...), signature)
}
