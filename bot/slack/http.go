package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	maxCommand = 1 << 20         // bytes of a request
	maxSkew    = 5 * time.Minute // between Slack's clock and ours
)

// Commands handles signed slash commands over HTTP. A reply that is ready in
// time is the answer; a later one goes to the response_url.
func (c *Client) Commands(a Answerer) http.Handler {
	return c.verified(formed(func(w http.ResponseWriter, r *http.Request, form url.Values) {
		if form.Get("ssl_check") == "1" { // Slack only looks at the certificate
			w.WriteHeader(http.StatusOK)
			return
		}
		in := slash(form)
		done := c.start(in, a)
		timer := time.NewTimer(c.patience)
		defer timer.Stop()
		select {
		case reply := <-done:
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(c.shown(in, reply))
		case <-timer.C:
			w.WriteHeader(http.StatusOK)
			go c.guarded(func() { c.respond(context.WithoutCancel(r.Context()), in, <-done) })
		}
	}))
}

// Interactivity handles signed buttons over HTTP: the answer is empty at once,
// the reply goes to the response_url.
func (c *Client) Interactivity(a Answerer) http.Handler {
	return c.verified(formed(func(w http.ResponseWriter, r *http.Request, form url.Values) {
		in, act, err := pressed([]byte(form.Get("payload")))
		if err != nil {
			http.Error(w, "the payload is not readable", http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusOK)
		if act {
			done := c.start(in, a)
			go c.guarded(func() { c.respond(context.WithoutCancel(r.Context()), in, <-done) })
		}
	}))
}

// formed reads a verified body as a form.
func formed(next func(http.ResponseWriter, *http.Request, url.Values)) func(http.ResponseWriter, *http.Request, []byte) {
	return func(w http.ResponseWriter, r *http.Request, raw []byte) {
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			http.Error(w, "the form is not readable", http.StatusBadRequest)
			return
		}
		next(w, r, form)
	}
}

// verified checks the signature on the raw body before anything of it is read:
// https://docs.slack.dev/authentication/verifying-requests-from-slack
// A request that was seen before is answered and has no second effect.
func (c *Client) verified(next func(http.ResponseWriter, *http.Request, []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCommand))
		if err != nil {
			status := http.StatusBadRequest
			if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, http.StatusText(status), status)
			return
		}
		signature := r.Header.Get("X-Slack-Signature")
		if !c.signed(signature, r.Header.Get("X-Slack-Request-Timestamp"), raw) {
			http.Error(w, "invalid request signature", http.StatusUnauthorized)
			return
		}
		if c.seen.Before(signature, c.now()) {
			w.WriteHeader(http.StatusOK)
			return
		}
		next(w, r, raw)
	})
}

func (c *Client) signed(signature, stamp string, raw []byte) bool {
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || c.secret == "" || c.now().Sub(time.Unix(unix, 0)).Abs() > maxSkew {
		return false
	}
	mac := hmac.New(sha256.New, []byte(c.secret))
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(raw)
	return hmac.Equal([]byte(signature), []byte("v0="+hex.EncodeToString(mac.Sum(nil))))
}
