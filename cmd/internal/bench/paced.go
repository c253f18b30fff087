package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"sparkbot/bot/sandbox"
)

// measureLimits has a Discord and a Slack that enforce their limits, and asks
// how near to them the bot keeps, and how often it is refused.
func measureLimits(ctx context.Context, b *bench) error {
	for _, kind := range b.databases {
		for _, p := range []struct {
			name            string
			channels, moves int
			ideal           func(channels, moves int) time.Duration
			slack           bool
		}{
			// 50 requests a second in all, whichever channel.
			{"discord_global", b.size(1_000), 1, func(c, _ int) time.Duration { return time.Duration(c) * time.Second / 50 }, false},
			// Five posts in five seconds, channel by channel.
			{"discord_channel", 4, max(10, b.size(30)), func(_, m int) time.Duration { return time.Duration((m-1)/5) * 5 * time.Second }, false},
			// One post a second and channel.
			{"slack_channel", 20, max(5, b.size(20)), func(_, m int) time.Duration { return time.Duration(m-1) * time.Second }, true},
		} {
			if err := b.paced(ctx, kind, p.name, p.channels, p.moves, p.ideal(p.channels, p.moves), p.slack); err != nil {
				return fmt.Errorf("%s on %s: %w", p.name, kind, err)
			}
		}
	}
	return nil
}

// paced stores moves for channels of a sandbox that enforces its limits and
// compares the time from the first post to the last with the ideal.
func (b *bench) paced(ctx context.Context, kind, name string, channels, moves int, ideal time.Duration, slack bool) error {
	world, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		return fmt.Errorf("start the sandbox: %w", err)
	}
	defer func() { _ = world.Close() }()
	d, err := b.open(ctx, kind)
	if err != nil {
		return err
	}
	defer d.close()
	if err := d.follow(ctx, world, channels, slack); err != nil {
		return err
	}
	posted, refused, first := watch(ctx, world)
	bot, err := b.serve(ctx, d.url,
		"SPARKBOT_DISCORD_TOKEN="+world.Discord().Token(), "SPARKBOT_DISCORD_APPLICATION_ID="+world.Discord().ApplicationID(),
		"SPARKBOT_DISCORD_API_URL="+world.Discord().URL(), "SPARKBOT_DISCORD_PUBLIC_KEY="+world.Discord().PublicKey(),
		"SPARKBOT_SLACK_BOT_TOKEN="+world.Slack().BotToken(), "SPARKBOT_SLACK_API_URL="+world.Slack().URL(),
		"SPARKBOT_ALERTS_BURST=0", // so that each move is a message of its own
	)
	if err != nil {
		return err
	}
	defer func() { _, _ = bot.stop() }()
	for range moves {
		if _, _, err := d.spark(ctx, everybody); err != nil {
			return err
		}
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(3*ideal + time.Minute)
	defer limit.Stop()
	for posted.Load() < int64(channels*moves) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			return errors.New("the posts did not come")
		case <-tick.C:
		}
	}
	took := time.Since(time.Unix(0, first.Load()))
	label := "limits_" + kind + "_" + name
	b.table.atMost(label+"_over_ideal", took.Seconds()/ideal.Seconds(), 1.05, "%s for %d posts, ideal %s", took.Round(10*time.Millisecond), channels*moves, ideal)
	b.table.atMost(label+"_refused", float64(refused.Load())/float64(channels*moves), 0.001, "%d answers of 429", refused.Load())
	return nil
}

// watch counts what is posted and refused from now on.
func watch(ctx context.Context, world *sandbox.Sandbox) (posted, refused, first *atomic.Int64) {
	posted, refused, first = new(atomic.Int64), new(atomic.Int64), new(atomic.Int64)
	events := world.Events(ctx)
	go func() {
		for e := range events {
			switch e.Kind {
			case sandbox.EventPosted:
				first.CompareAndSwap(0, e.At.UnixNano())
				posted.Add(1)
			case sandbox.EventRefused:
				refused.Add(1)
			}
		}
	}()
	return posted, refused, first
}

// follow subscribes channels of the sandbox to a project.
func (d *database) follow(ctx context.Context, world *sandbox.Sandbox, channels int, slack bool) error {
	if _, err := d.db.ExecContext(ctx, "INSERT INTO projects (slug, name) VALUES ('session', 'Session')"); err != nil {
		return fmt.Errorf("store a project: %w", err)
	}
	for i := range channels {
		name := fmt.Sprintf("news-%d", i)
		platform, workspace, add := "discord", world.Discord().Guild(), world.Discord().AddChannel
		if slack {
			platform, workspace, add = "slack", world.Slack().Team(), world.Slack().AddChannel
		}
		channel := add(name)
		if _, err := d.db.ExecContext(ctx, "INSERT INTO places (platform, workspace, channel) VALUES ($1, $2, $3)", platform, workspace, channel); err != nil {
			return fmt.Errorf("store a place: %w", err)
		}
	}
	_, err := d.db.ExecContext(ctx, `INSERT INTO subscriptions (place_id, kind, value, except_, events, role, created_by)
		SELECT id, 'project', 'session', '[]', 1, '', 'U1' FROM places`)
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}
