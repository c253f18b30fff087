package app

import (
	"context"

	"sparkbot/bot"
	"sparkbot/notify/yield"
)

// attentive is the bot while others give way to whoever waits for its answer.
type attentive struct {
	*bot.Bot
	members *yield.Gate
}

func (a *App) answers() attentive { return attentive{a.bot, &a.members} }

// Answer answers a command.
func (a attentive) Answer(ctx context.Context, r bot.Request) bot.Reply {
	defer a.members.Asked()()
	return a.Bot.Answer(ctx, r)
}

// Complete suggests what a member may be typing.
func (a attentive) Complete(ctx context.Context, kind, typed string, r bot.Request) []bot.Choice {
	defer a.members.Asked()()
	return a.Bot.Complete(ctx, kind, typed, r)
}
