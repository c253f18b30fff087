// Package slack speaks with Slack, both ways: it encodes and posts messages, and
// turns slash commands and buttons into requests and replies into answers.
// Slack's fields, limits, markup, errors and signatures are known here alone.
//
// It never decides what a command means, who hears of a move, or whether a
// failed post is tried again.
package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"sparkbot/notify"
)

// Options are what a Client is made with.
type Options struct {
	BotToken      string
	AppToken      string // set: commands come over Socket Mode
	SigningSecret string // set: commands come over HTTP
	APIURL        string // https://slack.com/api/ when empty
	Managers      string // ManagersEveryone (the default) or ManagersAdmins
	Now           func() time.Time
	Log           *slog.Logger
}

// Who may change what a channel hears.
const (
	ManagersEveryone = "everyone"
	ManagersAdmins   = "admins"
)

// Client is one app in one workspace. It is safe for concurrent use.
type Client struct {
	token, appToken, secret string
	base                    string // ends with a slash
	managers                string
	http                    *http.Client
	now                     func() time.Time
	log                     *slog.Logger
	seen                    *replays
	// patience is how long an answer may take before it is promised for later.
	patience time.Duration

	mu      sync.Mutex
	team    string
	name    string // the bot's, as /invite takes it
	scopes  string
	checked time.Time // when the token was last accepted or refused
	err     error
	ranks   map[string]rank // by member
	socket  string          // why Socket Mode is not connected; empty when it is or is not used
}

// requestTimeout bounds one request with its answer.
const requestTimeout = 10 * time.Second

// New makes a client. It asks nothing of Slack yet.
func New(o Options) (*Client, error) {
	if o.BotToken == "" {
		return nil, errors.New("a bot token is needed; set SPARKBOT_SLACK_BOT_TOKEN")
	}
	c := &Client{
		token: o.BotToken, appToken: o.AppToken, secret: o.SigningSecret, managers: o.Managers,
		base: o.APIURL, now: o.Now, log: o.Log, seen: newReplays(), ranks: map[string]rank{}, patience: firstAnswer,
	}
	if c.base == "" {
		c.base = "https://slack.com/api/"
	}
	if !strings.HasSuffix(c.base, "/") {
		c.base += "/"
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.appToken != "" {
		c.socket = "not connected yet"
	}
	c.http = &http.Client{Timeout: requestTimeout, Transport: transport(), CheckRedirect: stay}
	return c, nil
}

// transport keeps enough idle connections that posts to many channels do not
// open one each: the standard one keeps two.
func transport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          256,
		MaxIdleConnsPerHost:   128,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: requestTimeout,
	}
}

// stay follows no redirect: a token and a post go where they were sent, or
// nowhere.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// answer is what Slack said to a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send posts a JSON body and reads the whole answer, so that the connection can
// be used again. An error never holds the address, which may be a secret.
func (c *Client) send(ctx context.Context, address, token string, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, errors.New("the request to Slack could not be made; check slack.api_url")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return c.do(req)
}

func (c *Client) do(req *http.Request) (answer, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, withoutURL(err)
	}
	return answer{resp.StatusCode, resp.Header, text}, nil
}

func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// ask calls a method that only reads, with form arguments, into v.
func (c *Client) ask(ctx context.Context, method string, args url.Values, v any) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+method, strings.NewReader(args.Encode()))
	if err != nil {
		return nil, errors.New("the request to Slack could not be made; check slack.api_url")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+c.token)
	a, err := c.do(req)
	if err != nil {
		return nil, fmt.Errorf("Slack does not answer: %w", err)
	}
	if f := failure(a); f != nil {
		return nil, f
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		return nil, fmt.Errorf("Slack's answer is not readable: %w", err)
	}
	return a.header, nil
}

// readyFor is how long the answer to whether the token is accepted stays good.
const readyFor = 30 * time.Second

// Accepted asks Slack whether it accepts the token, without any connection.
func (c *Client) Accepted(ctx context.Context) error { return c.authenticate(ctx) }

// Ready reports whether Slack accepts the token and, where Socket Mode is used,
// whether that is connected. What it learnt is kept for half a minute.
func (c *Client) Ready(ctx context.Context) error {
	c.mu.Lock()
	fresh, err := c.now().Sub(c.checked) < readyFor, c.err
	c.mu.Unlock()
	if !fresh {
		err = c.authenticate(ctx)
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket != "" {
		return errors.New("Socket Mode is " + c.socket)
	}
	return nil
}

// authenticate asks who we are: https://docs.slack.dev/reference/methods/auth.test
func (c *Client) authenticate(ctx context.Context) error {
	var who struct {
		TeamID string `json:"team_id"`
		User   string `json:"user"`
	}
	header, err := c.ask(ctx, "auth.test", nil, &who)
	if f, ok := errors.AsType[*notify.Failure](err); ok {
		err = fmt.Errorf("%s (%w)", f.Reason, f.Err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	if err == nil {
		c.team, c.name, c.scopes = who.TeamID, who.User, header.Get("X-OAuth-Scopes")
	}
	if ctx.Err() == nil {
		c.checked = c.now()
	}
	return err
}

// ourTeam gives the workspace the token belongs to; empty while that is unknown.
func (c *Client) ourTeam() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.team
}
