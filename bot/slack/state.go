package slack

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	stateCookie = "sparkbot_slack_install"
	// stateFor is how long an install may take; Slack's codes last as long.
	stateFor = 10 * time.Minute
)

// state binds an install to the browser that began it: its value goes to Slack
// and back in the address, and lies in a cookie, signed, with the end of its
// time. Nothing of it is kept here, so any replica takes the browser back.
type state struct {
	value string
	until int64 // Unix seconds
}

func newState(now time.Time) state {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: https://pkg.go.dev/crypto/rand#Read
	return state{base64.RawURLEncoding.EncodeToString(b), now.Add(stateFor).Unix()}
}

// signed is the cookie's text: value.until.signature.
func (s state) signed(key []byte) string {
	text := s.value + "." + strconv.FormatInt(s.until, 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// comesBack reports whether a browser with this cookie was sent away with this
// value, a short while ago.
func (c *Client) comesBack(cookie, value string) bool {
	parts := strings.Split(cookie, ".")
	if len(parts) != 3 || value == "" {
		return false
	}
	until, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || c.now().Unix() > until {
		return false
	}
	ours := false
	for _, key := range c.oauth.StateKeys {
		ours = hmac.Equal([]byte(cookie), []byte(state{parts[0], until}.signed(key))) || ours
	}
	return ours && subtle.ConstantTimeCompare([]byte(parts[0]), []byte(value)) == 1
}

// stateCookie makes the cookie. It must come along when Slack sends the browser
// back from its own site, so SameSite is Lax and not Strict.
func (c *Client) stateCookie(text string, lasts time.Duration) *http.Cookie {
	path, secure := "", true
	if u, err := url.Parse(c.oauth.PublicURL); err == nil {
		path, secure = u.Path, u.Scheme == "https"
	}
	return &http.Cookie{ //nolint:gosec // Secure follows the public address, which is https but on this machine
		Name: stateCookie, Value: text, Path: path + "/slack", MaxAge: int(lasts.Seconds()),
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
}
