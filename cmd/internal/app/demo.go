package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"sparkbot/bot/sandbox"
	"sparkbot/config"
)

// demoListen is where the demo's page is, if nobody else listens there.
const demoListen = "127.0.0.1:8080"

// DemoOptions are what the demo command lets a person choose.
type DemoOptions struct {
	Once    bool   // play the story and stop
	Data    string // an import file to begin with, instead of the sample
	Keep    string // a directory that is kept between runs; empty is a temporary one
	Reset   bool   // empty that first
	Verbose bool
	Out     io.Writer // the story
	Log     *slog.Logger
}

// Demo runs the bot exactly as serve does, against a Discord and a Slack inside
// this process and a SQLite file, and tells on o.Out what happens. It ends when
// the story is told, if Once is set, else when ctx ends.
func Demo(ctx context.Context, o DemoOptions) (err error) {
	home, err := newDemoHome(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, home.leave()) }()
	levers := &panel{clock: &home.clock}
	world, err := startSandbox(sandbox.Options{Log: o.Log, Now: home.clock.Now, Panel: levers, File: home.world()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()

	c, err := demoConfig(world, home.database())
	if err != nil {
		return err
	}
	a, err := New(ctx, c, Options{Log: o.Log, Now: home.clock.Now, Noticed: levers.noticed, Sent: levers.sent})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	outside, err := newOutsider(c.Database.URL.Reveal())
	if err != nil {
		return err
	}
	defer outside.close()
	levers.open(world, a, outside)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.Run(ctx) })
	group.Go(func() error {
		s := &story{out: o.Out, world: world, app: a, outside: outside, data: o.Data, kept: home.kept}
		if err := s.tell(ctx, o.Once); err != nil && ctx.Err() == nil {
			return err
		}
		if o.Once {
			cancel()
		}
		<-ctx.Done()
		return nil
	})
	return group.Wait()
}

// startSandbox listens where people look first, or else on any free port.
func startSandbox(o sandbox.Options) (*sandbox.Sandbox, error) {
	o.Listen = demoListen
	world, err := sandbox.Start(o)
	if err == nil {
		return world, nil
	}
	o.Listen = "127.0.0.1:0"
	world, err = sandbox.Start(o)
	if err != nil {
		return nil, fmt.Errorf("start the demo's Discord and Slack: %w", err)
	}
	return world, nil
}

// demoConfig is what an operator would set, with the sandbox as both platforms:
// Discord over the gateway and Slack over Socket Mode, which need no address
// the outside can reach.
func demoConfig(world *sandbox.Sandbox, file string) (*config.Config, error) {
	return config.Load(config.Source{File: os.DevNull, Flags: map[string]string{
		"database.url":           "sqlite:" + file,
		"http.listen":            "off",
		"discord.token":          world.Discord().Token(),
		"discord.application_id": world.Discord().ApplicationID(),
		"discord.api_url":        world.Discord().URL(),
		"slack.bot_token":        world.Slack().BotToken(),
		"slack.app_token":        world.Slack().AppToken(),
		"slack.api_url":          world.Slack().URL(),
	}})
}

// awaitReady waits until the bot has logged in everywhere.
func awaitReady(ctx context.Context, a *App) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last := errors.New("no part was asked yet")
	for {
		err := a.Ready(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the bot did not get ready: %w", last)
		case <-tick.C:
		}
	}
}
