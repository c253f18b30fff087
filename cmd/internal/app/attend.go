package app

import (
	"context"
	"sync/atomic"

	"sparkbot/bot"
	"sparkbot/notify/yield"
)

// attentive is the bot while others give way to whoever waits for its answer.
type attentive struct {
	*bot.Bot
	members *yield.Gate
	asked   *atomic.Uint64
}

func (a *App) answers() attentive { return attentive{a.bot, &a.members, &a.asked} }

// Asked is how many questions of members came so far, commands and what is asked
// while somebody types.
func (a *App) Asked() uint64 { return a.asked.Load() }

// attend counts a question and has others give way until answered is called.
func (a attentive) attend() (answered func()) {
	a.asked.Add(1)
	return a.members.Asked()
}

// Answer answers a command.
func (a attentive) Answer(ctx context.Context, r bot.Request) bot.Reply {
	defer a.attend()()
	return a.Bot.Answer(ctx, r)
}

// Complete suggests what a member may be typing.
func (a attentive) Complete(ctx context.Context, kind, typed string, r bot.Request) []bot.Choice {
	defer a.attend()()
	return a.Bot.Complete(ctx, kind, typed, r)
}
