package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sparkbot/bot/slack"
	"sparkbot/config"
	"sparkbot/store"
	"sparkbot/store/sqlstore"
	"sparkbot/store/vault"
)

// slackOptions are what the client of Slack is made with: one token, or the
// installations of many workspaces.
func (a *App) slackOptions(c *config.Config, o Options) (slack.Options, error) {
	options := slack.Options{
		AppToken: c.Slack.AppToken.Reveal(), SigningSecret: c.Slack.SigningSecret.Reveal(), APIURL: c.Slack.APIURL, Managers: c.Slack.Managers,
		Turn: a.alone("slack socket mode"), Budget: a.budgets[store.Slack], Unmetered: o.tune != nil, Now: o.Now, Log: a.log.With("platform", store.Slack),
	}
	if !c.Slack.OAuth() {
		options.BotToken, options.Places = c.Slack.BotToken.Reveal(), a.db
		return options, nil
	}
	ring, err := vault.NewRing(c.SecretKeys()...)
	if err != nil {
		return options, fmt.Errorf("secret_key: %w", err)
	}
	states, err := ring.Subkeys("slack install states")
	if err != nil {
		return options, fmt.Errorf("secret_key: %w", err)
	}
	options.Installations = vault.New(a.db, a.db, ring, o.Now)
	options.OAuth = slack.OAuth{
		ClientID: c.Slack.ClientID, ClientSecret: c.Slack.ClientSecret.Reveal(), PublicURL: c.HTTP.PublicURL, StateKeys: states,
	}
	return options, nil
}

// RotateSecrets encrypts every stored workspace token with the first key of
// secret_key, and says what that came to.
func RotateSecrets(ctx context.Context, c *config.Config, db *sqlstore.Store, now func() time.Time) (vault.Rotation, error) {
	ring, err := vault.NewRing(c.SecretKeys()...)
	if err != nil {
		return vault.Rotation{}, errors.New("secret_key is not set, so nothing is encrypted; set SPARKBOT_SECRET_KEY to the present key and the one before it, with a comma between")
	}
	return vault.New(db, db, ring, now).Rotate(ctx)
}
