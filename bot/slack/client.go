// Package slack speaks with Slack, both ways: it encodes and posts messages, and
// turns slash commands and buttons into requests and replies into answers.
// Slack's fields, limits, markup, errors and signatures are known here alone.
//
// It never decides what a command means, who hears of a move, or whether a
// failed post is tried again.
package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"sparkbot/bot/replay"
	"sparkbot/bot/wire"
	"sparkbot/notify"
	"sparkbot/notify/pace"
)

// Options are what a Client is made with.
type Options struct {
	// BotToken is the token of the only workspace; Installations, in its place,
	// keeps those of many.
	BotToken      string
	Installations Installations
	// OAuth is needed with Installations.
	OAuth OAuth
	// Places, when set, are told when the workspace of the only token is gone and
	// when it is back. Installations tell of the many themselves.
	Places        Places
	AppToken      string // set: commands come over Socket Mode
	SigningSecret string // set: commands come over HTTP
	APIURL        string // https://slack.com/api/ when empty
	Managers      string // ManagersEveryone (the default) or ManagersAdmins
	// Turn lets one replica at a time hold Socket Mode; nil holds it at once.
	Turn Turn
	// Budget is shared with whoever sends through the client; nil is one of its
	// own.
	Budget *pace.Budget
	// Unmetered calls Slack's methods as often as it takes them, without counting:
	// for a stand-in that has no tiers.
	Unmetered bool
	Now       func() time.Time
	Log       *slog.Logger
}

// Turn is the right to do something that one replica should do at a time.
type Turn interface {
	// Do waits for the turn and works for as long as it lasts.
	Do(ctx context.Context, work func(context.Context) error) error
	// Waiting reports whether another replica has it.
	Waiting() bool
}

// Who may change what a channel hears.
const (
	ManagersEveryone = "everyone"
	ManagersAdmins   = "admins"
)

// Client is one app, in one workspace or in many. It is safe for concurrent use.
type Client struct {
	tokens           tokens
	appToken, secret string
	base             string // ends with a slash
	managers         string
	wire             *wire.Client
	libraries        *http.Client
	turn             Turn // nil: nobody else wants Socket Mode
	budget           *pace.Budget
	unmetered        bool
	turns            *pace.Turns
	now              func() time.Time
	log              *slog.Logger
	seen             *replay.Memory
	oauth            OAuth
	exchanges        *rate.Limiter
	places           Places // nil: nobody is told
	homes            homes
	files            files
	// patience is how long an answer may take before it is promised for later.
	patience time.Duration
	// pictureWait is how long words wait for their picture.
	pictureWait time.Duration
	ahead       atomic.Int64 // how far Slack's clock is ahead of ours, in nanoseconds

	mu       sync.Mutex
	answerer Answerer  // of Run
	team     string    // of the only token; empty while that is unknown or there are many
	checked  time.Time // when the token was last accepted or refused
	err      error
	ranks    map[string]rank // by workspace and member
	socket   string          // why Socket Mode is not connected; empty when it is or is not used
}

// requestTimeout bounds one request with its answer.
const requestTimeout = wire.Within

// New makes a client. It asks nothing of Slack yet.
func New(o Options) (*Client, error) {
	if (o.BotToken == "") == (o.Installations == nil) {
		return nil, errors.New("either a bot token or the workspaces' installations are needed; set SPARKBOT_SLACK_BOT_TOKEN, or SPARKBOT_SLACK_CLIENT_ID and what goes with it")
	}
	c := &Client{
		wire: wire.New(), libraries: wire.ForLibraries(), oauth: o.OAuth, exchanges: newExchanges(), places: o.Places,
		appToken: o.AppToken, secret: o.SigningSecret, managers: o.Managers,
		base: o.APIURL, turn: o.Turn, budget: o.Budget, unmetered: o.Unmetered, turns: pace.NewTurns(), now: o.Now, log: o.Log, seen: replay.New(2 * maxSkew), ranks: map[string]rank{}, patience: firstAnswer, pictureWait: pictureWait,
	}
	if c.base == "" {
		c.base = "https://slack.com/api/"
	}
	if !strings.HasSuffix(c.base, "/") {
		c.base += "/"
	}
	if o.Installations != nil && (o.OAuth.ClientID == "" || o.OAuth.ClientSecret == "" || o.OAuth.PublicURL == "" || len(o.OAuth.StateKeys) == 0) {
		return nil, errors.New("installs need a client id and secret, a public address and a key for their states")
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.tokens = tokens{only: o.BotToken, source: o.Installations, now: c.now, known: map[string]credential{}}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.budget == nil {
		c.budget = pace.NewBudget(0, c.now)
	}
	if c.appToken != "" {
		c.socket = "not connected yet"
	}
	return c, nil
}

// send posts a JSON body and reads the whole answer. An error never holds the
// address, which may be a secret.
func (c *Client) send(ctx context.Context, address, token string, body []byte) (answer, error) {
	r := wire.Request{Method: http.MethodPost, URL: address, ContentType: "application/json; charset=utf-8", Body: body}
	if token != "" {
		r.Authorization = "Bearer " + token
	}
	return c.do(ctx, r)
}

func (c *Client) do(ctx context.Context, r wire.Request) (answer, error) {
	a, err := c.wire.Do(ctx, r)
	if errors.Is(err, wire.ErrAddress) {
		return answer{}, fmt.Errorf("the request to Slack could not be made; check slack.api_url: %w", err)
	}
	if err != nil {
		return answer{}, err
	}
	c.heed(a)
	return heard(a), nil
}

// ask calls a method that only reads in a workspace's name, with form arguments,
// into v.
func (c *Client) ask(ctx context.Context, team, method string, args url.Values, v any) (answer, error) {
	token, err := c.token(ctx, team)
	if err != nil {
		return answer{}, err
	}
	if err := c.admit(ctx, team, method, subject(args)); err != nil {
		return answer{}, err
	}
	a, err := c.do(ctx, form(c.base+method, "Bearer "+token, args))
	if err != nil {
		return answer{}, fmt.Errorf("Slack does not answer: %w", err)
	}
	if f := c.failed(team, c.learn(team, method, subject(args), a)); f != nil {
		return answer{}, f
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		return answer{}, fmt.Errorf("Slack's answer is not readable: %w", err)
	}
	return a, nil
}

// form posts arguments as a form.
func form(address, authorization string, args url.Values) wire.Request {
	return wire.Request{Method: http.MethodPost, URL: address, ContentType: "application/x-www-form-urlencoded", Authorization: authorization, Body: []byte(args.Encode())}
}

// readyFor is how long the answer to whether the token is accepted stays good.
const readyFor = 30 * time.Second

// Accepted asks Slack whether it accepts the token, without any connection. An
// app in many workspaces has no token of its own: AcceptedIn asks for one of
// them, and this only whether Slack answers.
func (c *Client) Accepted(ctx context.Context) error {
	if c.many() {
		return c.reachable(ctx)
	}
	return c.authenticate(ctx)
}

// Ready reports whether Slack accepts the token, or answers at all where there
// are many, and, where Socket Mode is used, whether that is connected or another
// replica's turn. What it learnt is kept for half a minute.
func (c *Client) Ready(ctx context.Context) error {
	c.mu.Lock()
	fresh, err := c.now().Sub(c.checked) < readyFor, c.err
	c.mu.Unlock()
	if !fresh {
		err = c.Accepted(ctx)
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket != "" && !c.Standby() {
		return errors.New("Socket Mode is " + c.socket)
	}
	return nil
}

// Standby reports whether another replica holds Socket Mode, so that this one is
// ready without.
func (c *Client) Standby() bool { return c.appToken != "" && c.turn != nil && c.turn.Waiting() }

// authenticate asks whose the only token is.
func (c *Client) authenticate(ctx context.Context) error {
	who, err := c.identify(ctx, "")
	if f, ok := errors.AsType[*notify.Failure](err); ok {
		err = fmt.Errorf("%s (%w)", f.Reason, f.Err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	if err == nil {
		c.team = who.TeamID
	}
	if ctx.Err() == nil {
		c.checked = c.now()
	}
	return err
}

// ourTeam gives the workspace the only token belongs to; empty while that is
// unknown, and where there are many.
func (c *Client) ourTeam() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.team
}
