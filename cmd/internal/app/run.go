package app

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"sparkbot/config"
)

// Run works until ctx ends or a part fails for good. Stopping goes from the
// outside in: no new request, no new claim; what is in flight finishes within
// ten seconds; the rest is released for another process or the next start.
func (a *App) Run(ctx context.Context) error {
	defer a.share(ctx)()
	group, ctx := errgroup.WithContext(ctx)
	changes, err := a.db.Watch(ctx)
	if err != nil {
		return fmt.Errorf("watch the database: %w", err)
	}
	noticed, moved := make(chan struct{}, 1), make(chan struct{}, 1)
	looked := make(chan struct{}, 1)
	group.Go(func() error { return a.spread(ctx, changes, looked, noticed, moved) })
	group.Go(func() error { return a.calendar.Run(ctx, looked) })
	group.Go(func() error {
		return a.alone("momentum").Do(ctx, func(ctx context.Context) error { return a.momentum.Run(ctx, moved) })
	})
	group.Go(func() error { return a.fanout.Run(ctx, noticed) })
	group.Go(func() error { return a.prober.Run(ctx) })
	group.Go(func() error { return a.alone("pruning").Do(ctx, a.keeper.Run) })
	if a.feeds != nil {
		group.Go(func() error { return a.alone("feeds").Do(ctx, a.feeds.Run) })
	}
	if a.worker != nil {
		group.Go(func() error { return a.worker.Run(ctx, a.kick) })
	}
	if a.discord != nil {
		group.Go(func() error { return a.discord.Run(ctx, a.answers()) })
	}
	if a.slack != nil {
		group.Go(func() error { return a.slack.Run(ctx, a.answers()) })
	}
	if a.server != nil {
		a.log.Info("listening", "address", a.Addr())
		group.Go(func() error { return a.server.run(ctx, grace) })
	}
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// spread passes one wake of the database, or of LookAgain, on to all who wait
// for it: fan-out and the momentum for moves that changed, the worker for
// deliveries that became due. A digest's time comes whatever changes, so the
// calendar is woken by LookAgain alone.
func (a *App) spread(ctx context.Context, changes <-chan struct{}, looked chan<- struct{}, listeners ...chan<- struct{}) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-changes:
			if !open {
				return nil
			}
		case <-a.look:
			select {
			case looked <- struct{}{}:
			default:
			}
		}
		for _, l := range listeners {
			select {
			case l <- struct{}{}:
			default:
			}
		}
		a.wake()
	}
}

// Hints says, in words for whoever runs the bot, what the configuration leaves
// undone. It is empty when both directions of a platform work.
func Hints(c *config.Config) []string {
	var hints []string
	if !c.Discord.Enabled() && !c.Slack.Enabled() {
		hints = append(hints, "no platform is configured, so nothing is posted and no command is answered. "+
			"Set SPARKBOT_DISCORD_TOKEN (https://discord.com/developers/applications, Bot, Reset Token) or "+
			"SPARKBOT_SLACK_BOT_TOKEN with SPARKBOT_SLACK_APP_TOKEN (https://api.slack.com/apps, see docs/slack-manifest.yaml). "+
			"`sparkbot demo` needs none of them")
	}
	if c.Slack.Enabled() && c.Slack.AppToken == "" && c.Slack.SigningSecret == "" {
		hints = append(hints, "Slack commands and buttons are not received: set SPARKBOT_SLACK_APP_TOKEN for Socket Mode, "+
			"or SPARKBOT_SLACK_SIGNING_SECRET and the request URLs for HTTP")
	}
	http := c.Discord.Enabled() && c.Discord.PublicKey != "" || c.Slack.Enabled() && c.Slack.AppToken == "" && c.Slack.SigningSecret != ""
	if http && c.HTTP.Listen == "off" {
		hints = append(hints, "commands are expected over HTTP but http.listen is off: set SPARKBOT_HTTP_LISTEN")
	}
	return hints
}
