package discord

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	dgo "github.com/bwmarrin/discordgo"
)

// gatewayIntents are what the bot hears of: in which servers it is, and nothing of
// what is said there.
const gatewayIntents = dgo.IntentsGuilds

// privileged are the intents that Discord gives only where they are switched on
// for the application, by the flags that say so:
// https://discord.com/developers/docs/resources/application#application-object-application-flags
var privileged = []struct {
	intent dgo.Intent
	flags  int
	name   string
}{
	{dgo.IntentGuildPresences, 1<<12 | 1<<13, "Presence"},
	{dgo.IntentGuildMembers, 1<<14 | 1<<15, "Server Members"},
	{dgo.IntentMessageContent, 1<<18 | 1<<19, "Message Content"},
}

// settings are what stands on the application's page.
type settings struct {
	VerifyKey string `json:"verify_key"`
	Endpoint  string `json:"interactions_endpoint_url"`
	Flags     int    `json:"flags"`
}

// Intents reports which intents the bot asks for without having them.
func (c *Client) Intents(ctx context.Context) error {
	var app settings
	if err := c.get(ctx, "/applications/@me", &app); err != nil {
		return err
	}
	return missingIntents(gatewayIntents, app.Flags)
}

func missingIntents(asked dgo.Intent, flags int) error {
	var missing []string
	for _, p := range privileged {
		if asked&p.intent != 0 && flags&p.flags == 0 {
			missing = append(missing, p.name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the gateway refuses the bot without %s; switch them on under Bot, Privileged Gateway Intents", strings.Join(missing, " and "))
}

// Routed reports what on the application's page keeps commands from arriving
// the way the bot expects them.
func (c *Client) Routed(ctx context.Context) error {
	var app settings
	if err := c.get(ctx, "/applications/@me", &app); err != nil {
		return err
	}
	return routed(c.publicKey != nil, hex.EncodeToString(c.publicKey), app)
}

func routed(http bool, key string, app settings) error {
	switch {
	case !http && app.Endpoint != "":
		return errors.New("Discord sends commands to the Interactions Endpoint URL of the application and not over the gateway; empty that field under General Information, or set SPARKBOT_DISCORD_PUBLIC_KEY")
	case http && app.VerifyKey != "" && !strings.EqualFold(app.VerifyKey, key):
		return errors.New("SPARKBOT_DISCORD_PUBLIC_KEY is that of another application; copy Public Key under General Information")
	default:
		return nil
	}
}
