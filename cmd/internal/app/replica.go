package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"sparkbot/bot/discord"
	"sparkbot/config"
	"sparkbot/notify/pace"
	"sparkbot/store"
	"sparkbot/store/lease"
)

// holder gives this process a name among the replicas: the host's, for whoever
// looks into the table, and something that no other process has.
func holder() string {
	host, _ := os.Hostname() // a host without a name is called that
	return cmp.Or(host, "nameless") + "/" + uuid.NewString()
}

// alone gives the turn to do what one replica at a time should do. A SQLite file
// is served by one process, which need not wait for a lease that one before it
// left behind.
func (a *App) alone(name string) *lease.Turn {
	if a.db.Dialect() == "sqlite" {
		return lease.Free()
	}
	return lease.New(a.db, a.heart, lease.Options{Name: name, Holder: a.holder, Log: a.log})
}

// budget makes the budget of each configured platform, and names the pool in
// which the replicas with the same token share it.
func (a *App) budget(c *config.Config, now func() time.Time) {
	a.budgets, a.pools = map[store.Platform]*pace.Budget{}, map[store.Platform]string{}
	if c.Discord.Enabled() {
		a.budgets[store.Discord] = pace.NewBudget(discord.RequestLimit, now)
		a.pools[store.Discord] = pool(store.Discord, c.Discord.Token.Reveal())
	}
	if c.Slack.Enabled() {
		a.budgets[store.Slack] = pace.NewBudget(0, now)
		a.pools[store.Slack] = pool(store.Slack, c.Slack.BotToken.Reveal()+c.Slack.ClientID)
	}
}

// unmeter has nothing counted, for a scene that is not about rates: on a stand-in
// that takes whatever comes, waiting for turns would only make it long.
func (a *App) unmeter(now func() time.Time) {
	a.pools = nil
	for p := range a.budgets {
		a.budgets[p] = pace.NewBudget(0, now)
	}
}

// pool names the replicas of one token. The name is no secret: a token cannot be
// found from it.
func pool(p store.Platform, token string) string {
	sum := sha256.Sum256([]byte(token))
	return string(p) + " " + hex.EncodeToString(sum[:8])
}

// share keeps this replica's shares of the budgets until stop, which is called
// when nothing is sent any more. A SQLite file is served by one process, whose
// the budgets are as a whole.
func (a *App) share(ctx context.Context) (stop func()) {
	if a.db.Dialect() == "sqlite" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var keeping sync.WaitGroup
	for p, name := range a.pools {
		member := pace.NewMember(a.db, a.heart, name, a.holder, a.budgets[p], a.now, a.log)
		keeping.Go(func() { member.Keep(ctx) })
	}
	return func() {
		cancel()
		keeping.Wait()
	}
}
