package discord

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	dgo "github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"sparkbot/notify"
	"sparkbot/notify/pace"
)

const (
	openTimeout    = 20 * time.Second
	watchInterval  = 5 * time.Second
	longestSilence = 2 * time.Minute // Discord asks for a heartbeat every 41 s or so
	firstRetry     = time.Second
	longestRetry   = 2 * time.Minute
)

// Run registers the commands and, where interactions come over the gateway,
// keeps a connection to it in its turn, until ctx ends. Neither waits for the other: commands
// registered by an earlier start go on working. A Discord that is away or refuses
// the token is tried again, ever more slowly; Ready tells meanwhile.
func (c *Client) Run(ctx context.Context, a Answerer) error {
	var group sync.WaitGroup
	group.Go(func() { c.sweep(ctx) })
	group.Go(func() { c.persist(ctx, "register the commands", c.Register) })
	if c.publicKey == nil {
		group.Go(func() {
			c.persist(ctx, "hold the gateway", func(ctx context.Context) error {
				return c.inTurn(ctx, func(ctx context.Context) error { return c.hold(ctx, a) })
			})
		})
	}
	group.Wait()
	<-ctx.Done()
	c.errands.wait()
	c.wire.CloseIdle()
	return nil
}

// inTurn does something once it is this replica's turn. A session that cannot be
// held gives the turn back, so that a replica which reaches Discord may try.
func (c *Client) inTurn(ctx context.Context, do func(context.Context) error) error {
	if c.turn == nil {
		return do(ctx)
	}
	return c.turn.Do(ctx, do)
}

// persist does something until it succeeds or ctx ends.
func (c *Client) persist(ctx context.Context, what string, do func(context.Context) error) {
	wait := firstRetry
	for {
		began := c.now()
		err := do(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		if c.now().Sub(began) > longestSilence {
			wait = firstRetry // it worked for a while
		}
		pause := wait/2 + rand.N(wait/2+1)
		c.log.Warn("could not "+what+", will try again", "error", err, "in", pause.Round(time.Millisecond).String())
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		wait = min(2*wait, longestRetry)
	}
}

// hold keeps one session alive and returns when it must be replaced, always
// with an error.
func (c *Client) hold(ctx context.Context, a Answerer) error {
	defer c.gatewayIs("not connected")
	session, lines, err := c.session()
	if err != nil {
		return err
	}
	lost, up := make(chan struct{}, 1), make(chan struct{}, 1)
	session.AddHandler(func(_ *dgo.Session, _ *dgo.Disconnect) { poke(lost) })
	session.AddHandler(func(_ *dgo.Session, _ *dgo.Ready) { poke(up) })
	c.follow(ctx, session)
	session.AddHandler(func(_ *dgo.Session, i *dgo.InteractionCreate) { c.interaction(ctx, i.Interaction, a) })
	// Cutting the lines frees an Open that waits for words. One that was told to
	// reconnect (operation 7) waits for its own lock and is left behind.
	defer lines.cut()
	opened := make(chan error, 1)
	go func() { opened <- session.Open() }()
	timer := time.NewTimer(c.openWithin)
	defer timer.Stop()
	for pending := 2; pending > 0; pending-- { // Open returns, and Discord says READY
		select {
		case err := <-opened:
			if err != nil {
				return c.whyNot(ctx, err)
			}
			opened = nil
		case <-up:
		case <-lost:
			return c.whyNot(ctx, errors.New("the gateway hung up while connecting"))
		case <-timer.C:
			return errors.New("the gateway did not answer in time")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c.gatewayIs("")
	c.log.Info("connected to Discord's gateway")
	return c.watch(ctx, lines, lost)
}

// whyNot asks over REST whether it is the token, which the gateway's error does
// not say.
func (c *Client) whyNot(ctx context.Context, err error) error {
	if refused := c.checkToken(ctx); refused != nil {
		return refused
	}
	return err
}

// watch returns when the connection is lost or silent. It asks the connection
// itself: discordgo's own note of the last heartbeat stands behind a lock that a
// dead connection may hold. Silence is counted in looks, so that a clock that
// jumps, as that of a machine that slept, is not taken for it.
func (c *Client) watch(ctx context.Context, lines *lines, lost <-chan struct{}) error {
	tick := time.NewTicker(c.watchEvery)
	defer tick.Stop()
	heard, silent := lines.heard.Load(), time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-lost:
			return errors.New("the gateway hung up")
		case <-tick.C:
			if now := lines.heard.Load(); now != heard {
				heard, silent = now, 0
				continue
			}
			if silent += c.watchEvery; silent > c.silentFor {
				return fmt.Errorf("the gateway has been silent for %s", silent.Round(time.Second))
			}
		}
	}
}

// interaction answers one interaction that came over the gateway. It goes on when
// ctx ends, because somebody waits for the answer.
func (c *Client) interaction(ctx context.Context, i *dgo.Interaction, a Answerer) {
	ctx = context.WithoutCancel(ctx)
	defer c.errands.begin()()
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("an interaction panicked", "panic", p)
		}
	}()
	first, later := c.respond(ctx, i, a)
	err := c.callBack(ctx, i, first)
	if err != nil && first.words != nil && pictureRefused(notify.Body{Pictures: first.files}, notify.Classify(err)) {
		err = c.callBack(ctx, i, first.words())
	}
	if err != nil {
		c.log.Error("an interaction could not be answered", "error", notify.Classify(err).Reason, "cause", err)
		return
	}
	if later != nil {
		later()
	}
}

// callBack sends the first answer to an interaction.
func (c *Client) callBack(ctx context.Context, i *dgo.Interaction, first callback) error {
	body, err := first.payload()
	if err != nil {
		return err
	}
	answer, err := c.send(ctx, http.MethodPost, "/interactions/"+i.ID+"/"+i.Token+"/callback", body)
	if err == nil && answer.Status >= http.StatusMultipleChoices {
		return failure(answer)
	}
	return err
}

// session makes a discordgo session that keeps no state, asks for no events
// but those of servers, and leaves reconnecting, retrying and limits to us.
func (c *Client) session() (*dgo.Session, *lines, error) {
	s, err := dgo.New("Bot " + c.token)
	if err != nil {
		return nil, nil, fmt.Errorf("make a gateway session: %w", err)
	}
	l := &lines{}
	s.Identify.Intents = dgo.IntentsNone
	if c.places != nil {
		s.Identify.Intents = gatewayIntents
	}
	s.StateEnabled = false
	s.ShouldReconnectOnError = false
	s.ShouldRetryOnRateLimit = false
	s.MaxRestRetries = 0
	s.LogLevel = -1 // it would write to the standard log; what matters is logged here
	s.Client = &http.Client{Timeout: requestTimeout, Transport: elsewhere{c.base, c.limits.budget, c.libraries.Transport}}
	s.Dialer = &websocket.Dialer{NetDialContext: l.dial, HandshakeTimeout: requestTimeout, Proxy: http.ProxyFromEnvironment}
	return s, l, nil
}

func (c *Client) gatewayIs(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gateway = state
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// elsewhere sends discordgo's requests to the configured base, without touching
// its package variables, which other sessions read.
type elsewhere struct {
	base   string
	budget *pace.Budget
	next   http.RoundTripper
}

// RoundTrip changes host and scheme of a copy of the request.
func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	base, err := url.Parse(e.base)
	if err != nil {
		return nil, errors.New("discord.api_url is not readable")
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = base.Scheme, base.Host, base.Host
	r.URL.Path = strings.TrimRight(base.Path, "/") + r.URL.Path
	answered, err := e.budget.Begin(r.Context())
	if err != nil {
		return nil, err
	}
	defer answered()
	return e.next.RoundTrip(r)
}
