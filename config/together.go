package config

import (
	"encoding/base64"
	"net"
	"net/url"
	"strings"
)

// together gives the problems that no single value shows: what is missing beside
// another, and what excludes another. Each is one sentence with its mend.
func (c *Config) together() []string {
	var problems []string
	need := func(wrong bool, problem string) {
		if wrong {
			problems = append(problems, problem)
		}
	}
	s := c.Slack
	need(s.ClientSecret != "" && s.ClientID == "",
		"slack.client_secret is set without slack.client_id; set SPARKBOT_SLACK_CLIENT_ID, too (Basic Information, App Credentials)")
	if !s.OAuth() {
		return problems
	}
	need(s.BotToken != "",
		"slack.bot_token serves one workspace and slack.client_id many; keep one of them, because a message must go out under one token")
	need(s.ClientSecret == "",
		"slack.client_id is set without slack.client_secret; set SPARKBOT_SLACK_CLIENT_SECRET (Basic Information, App Credentials)")
	need(c.SecretKey == "",
		"slack.client_id is set without secret_key, which encrypts the workspaces' tokens; set SPARKBOT_SECRET_KEY to what `openssl rand -base64 32` prints")
	need(c.HTTP.PublicURL == "",
		"slack.client_id is set without http.public_url, where Slack sends browsers back to; set SPARKBOT_HTTP_PUBLIC_URL, such as https://bot.example.org")
	need(c.HTTP.PublicURL != "" && !private(c.HTTP.PublicURL),
		"http.public_url must begin with https, because Slack sends install codes there; plain http is taken on this machine alone")
	need(c.HTTP.Listen == "off",
		"slack.client_id is set and http.listen is off, so nobody could install the app; set SPARKBOT_HTTP_LISTEN, such as 127.0.0.1:8080")
	need(s.SigningSecret == "" && s.AppToken == "",
		"slack.client_id is set without a way for commands to come in; set SPARKBOT_SLACK_SIGNING_SECRET for HTTP or SPARKBOT_SLACK_APP_TOKEN for Socket Mode")
	return problems
}

// private reports whether what is sent to an address stays secret on its way:
// over https, or on this machine.
func private(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "https" {
		return true // an address that is not readable is told of elsewhere
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// SecretKeys gives the keys of secret_key in their order: the first encrypts,
// each decrypts.
func (c *Config) SecretKeys() [][]byte {
	var keys [][]byte
	for text := range strings.SplitSeq(c.SecretKey.Reveal(), ",") {
		if key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil && len(key) > 0 {
			keys = append(keys, key)
		}
	}
	return keys
}
