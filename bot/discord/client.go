// Package discord speaks with Discord, both ways: it encodes and posts messages,
// and turns interactions into requests and replies into answers. Discord's
// fields, limits, markup, errors and signatures are known here alone.
//
// It never decides what a command means, who hears of a move, or whether a
// failed post is tried again.
package discord

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/bot/replay"
	"sparkbot/bot/wire"
	"sparkbot/notify"
	"sparkbot/notify/pace"
)

// Options are what a Client is made with.
type Options struct {
	Token         string
	ApplicationID string // empty: asked from Discord
	PublicKey     string // hex; set: interactions come over HTTP, else over the gateway
	APIURL        string // base in front of /api/v10, without a slash at its end
	// Turn lets one replica at a time hold the gateway; nil holds it at once.
	Turn Turn
	// Places, when set, are told when the bot leaves a server and when it is back.
	Places Places
	// Budget is shared with whoever sends through the client; nil is one of its
	// own.
	Budget *pace.Budget
	Now    func() time.Time
	Log    *slog.Logger
}

// Turn is the right to do something that one replica should do at a time.
type Turn interface {
	// Do waits for the turn and works for as long as it lasts.
	Do(ctx context.Context, work func(context.Context) error) error
	// Waiting reports whether another replica has it.
	Waiting() bool
}

// Client is one bot. It is safe for concurrent use.
type Client struct {
	token     string
	base      string
	publicKey ed25519.PublicKey // nil: interactions over the gateway
	wire      carrier
	libraries *http.Client
	places    Places
	turn      Turn // nil: nobody else wants the gateway
	limits    limits
	now       func() time.Time
	log       *slog.Logger
	seen      *replay.Memory // interactions that came over HTTP
	// patience is how long an answer may take before it is promised for later.
	patience time.Duration
	// openWithin is how long a gateway may take to let a session in.
	openWithin time.Duration
	// watchEvery is how often a gateway's silence is measured, and silentFor how
	// much of it is too much.
	watchEvery, silentFor time.Duration
	// latePause is how long the second try of a late answer waits.
	latePause time.Duration
	errands   errands
	directs   directs
	ahead     atomic.Int64 // how far Discord's clock is ahead of ours, in nanoseconds

	mu       sync.Mutex
	appID    string
	userID   string
	checked  time.Time // when the token was last accepted or refused
	tokenErr error
	gateway  string // why the gateway is not connected; empty when it is or is not used
}

// requestTimeout bounds one request with its answer.
const requestTimeout = wire.Within

// carrier takes requests to Discord and brings its answers.
type carrier interface {
	Do(ctx context.Context, r wire.Request) (wire.Answer, error)
	CloseIdle()
}

// New makes a client. It asks nothing of Discord yet.
func New(o Options) (*Client, error) {
	if o.Token == "" {
		return nil, errors.New("a bot token is needed; set SPARKBOT_DISCORD_TOKEN")
	}
	c := &Client{
		wire: wire.New(), libraries: wire.ForLibraries(), token: o.Token, places: o.Places, base: strings.TrimRight(o.APIURL, "/"), appID: o.ApplicationID, turn: o.Turn, now: o.Now, log: o.Log, seen: replay.New(2 * maxSkew),
		patience: firstAnswer, openWithin: openTimeout, watchEvery: watchInterval, silentFor: longestSilence, latePause: time.Second,
	}
	if c.base == "" {
		c.base = "https://discord.com"
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.limits = (limits{budget: o.Budget, routes: pace.NewRoutes()}); o.Budget == nil {
		c.limits.budget = pace.NewBudget(RequestLimit, c.now)
	}
	if o.PublicKey != "" {
		key, err := hex.DecodeString(o.PublicKey)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, errors.New("the public key is not the 64 hexadecimal digits Discord shows")
		}
		c.publicKey = key
	} else {
		c.gateway = "not connected yet"
	}
	return c, nil
}

// request sends one request and reads the whole answer. An error never holds the token or an interaction's token.
func (c *Client) request(ctx context.Context, method, path string, body []byte) (wire.Answer, error) {
	return c.send(ctx, method, path, payload{json: body})
}

// send is request with files. It waits until Discord's limits let the request
// begin; where they do not in time, the error is a *notify.Failure.
func (c *Client) send(ctx context.Context, method, path string, p payload) (wire.Answer, error) {
	route, place, free := routeOf(method, path)
	if !free {
		answered, err := c.admit(ctx, route, place)
		if err != nil {
			return wire.Answer{}, err
		}
		defer answered()
	}
	a, err := c.exchange(ctx, method, path, p)
	if err == nil {
		c.learn(route, place, a)
	}
	return a, err
}

func (c *Client) exchange(ctx context.Context, method, path string, p payload) (wire.Answer, error) {
	contentType, body, err := p.packed()
	if err != nil {
		return wire.Answer{}, err
	}
	if body == nil {
		contentType = ""
	}
	a, err := c.wire.Do(ctx, wire.Request{
		Method: method, URL: c.base + "/api/v10" + path, ContentType: contentType, Authorization: "Bot " + c.token, Agent: agent, Body: body,
	})
	if errors.Is(err, wire.ErrAddress) {
		return wire.Answer{}, fmt.Errorf("the request to Discord could not be made; check discord.api_url: %w", err)
	}
	if err == nil {
		c.heed(a)
	}
	return a, err
}

// agent is how Discord wants to be told who asks.
const agent = "DiscordBot (https://github.com/sparkbot, 1) discordgo/" + dgo.VERSION

// get reads JSON from Discord into v.
func (c *Client) get(ctx context.Context, path string, v any) error {
	a, err := c.request(ctx, http.MethodGet, path, nil)
	if f, ok := errors.AsType[*notify.Failure](err); ok {
		return f
	}
	if err != nil {
		return fmt.Errorf("Discord does not answer: %w", err)
	}
	if a.Status != http.StatusOK {
		return failure(a)
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		return fmt.Errorf("Discord's answer is not readable: %w", err)
	}
	return nil
}

// readyFor is how long the answer to whether the token is accepted stays good.
const readyFor = 30 * time.Second

// Accepted asks Discord whether it accepts the token, without any connection.
func (c *Client) Accepted(ctx context.Context) error { return c.checkToken(ctx) }

// Ready reports whether Discord accepts the token and, where interactions come
// over the gateway, whether that is connected or another replica's turn. What it learnt is kept for half a
// minute.
func (c *Client) Ready(ctx context.Context) error {
	c.mu.Lock()
	fresh, err := c.now().Sub(c.checked) < readyFor, c.tokenErr
	c.mu.Unlock()
	if !fresh {
		err = c.checkToken(ctx)
	}
	if err != nil {
		return err
	}
	if f := c.refusedTooOften(); f != nil {
		return errors.New(f.Reason)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gateway != "" && !c.Standby() {
		return errors.New("the gateway is " + c.gateway)
	}
	return nil
}

// Standby reports whether another replica holds the gateway, so that this one
// is ready without.
func (c *Client) Standby() bool { return c.publicKey == nil && c.turn != nil && c.turn.Waiting() }

// checkToken asks who we are.
func (c *Client) checkToken(ctx context.Context) error {
	var me struct {
		ID string `json:"id"`
	}
	err := c.get(ctx, "/users/@me", &me)
	if f, ok := errors.AsType[*notify.Failure](err); ok {
		err = fmt.Errorf("%s (%w)", f.Reason, f.Err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil { // who asked gave up, which says nothing of the token
		return err
	}
	c.tokenErr, c.checked = err, c.now()
	if me.ID != "" {
		c.userID = me.ID
	}
	return err
}

// me gives the bot's own user id.
func (c *Client) me(ctx context.Context) (string, error) {
	c.mu.Lock()
	id := c.userID
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	if err := c.checkToken(ctx); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.userID, nil
}

// application gives the application's id, asked once when it was not configured.
func (c *Client) application(ctx context.Context) (string, error) {
	c.mu.Lock()
	id := c.appID
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	var app struct {
		ID string `json:"id"`
	}
	if err := c.get(ctx, "/applications/@me", &app); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.appID = app.ID
	return app.ID, nil
}
