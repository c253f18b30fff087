package config

import (
	"errors"
	"slices"
	"strings"
)

// setting is one key: its default, and how its text becomes a value.
type setting struct {
	key      string
	fallback string
	secret   bool // shown redacted, and read from a file through …_FILE
	// set stores the text, or says what is wrong with it and what is allowed. The
	// error never repeats the text of a secret.
	set func(c *Config, text string) error
}

// settings are all the keys there are, in the order they are printed.
var settings = []setting{
	{key: "database.url", fallback: "sqlite:sparkbot.db", secret: true, set: func(c *Config, s string) error {
		c.Database.URL = DatabaseURL(s)
		return checkDatabase(s)
	}},
	{key: "database.migrate", fallback: "true", set: func(c *Config, s string) (err error) {
		c.Database.Migrate, err = parseBool(s)
		return err
	}},
	{key: "http.listen", fallback: "127.0.0.1:8080", set: func(c *Config, s string) error {
		c.HTTP.Listen = s
		return checkListen(s)
	}},
	{key: "http.public_url", set: func(c *Config, s string) (err error) {
		c.HTTP.PublicURL, err = parseBase(s)
		return err
	}},
	{key: "api.token", secret: true, set: secretInto(func(c *Config) *Secret { return &c.API.Token })},
	{key: "api.requests_per_minute", fallback: "600", set: func(c *Config, s string) (err error) {
		c.API.RequestsPerMinute, err = parseCount(s, 1, 100_000)
		return err
	}},
	{key: "sources_allow_private", fallback: "false", set: func(c *Config, s string) (err error) {
		c.SourcesAllow, err = parseAllow(s)
		return err
	}},
	{key: "discord.token", secret: true, set: func(c *Config, s string) error {
		c.Discord.Token = Secret(strings.TrimPrefix(s, "Bot "))
		return checkToken(s)
	}},
	{key: "discord.application_id", set: func(c *Config, s string) error {
		c.Discord.ApplicationID = s
		return checkSnowflake(s)
	}},
	{key: "discord.public_key", set: func(c *Config, s string) error {
		c.Discord.PublicKey = s
		return checkPublicKey(s)
	}},
	{key: "discord.api_url", fallback: "https://discord.com", set: func(c *Config, s string) (err error) {
		c.Discord.APIURL, err = parseBase(s)
		return err
	}},
	{key: "slack.bot_token", secret: true, set: secretInto(func(c *Config) *Secret { return &c.Slack.BotToken })},
	{key: "slack.app_token", secret: true, set: secretInto(func(c *Config) *Secret { return &c.Slack.AppToken })},
	{key: "slack.signing_secret", secret: true, set: secretInto(func(c *Config) *Secret { return &c.Slack.SigningSecret })},
	{key: "slack.client_id", set: func(c *Config, s string) error {
		c.Slack.ClientID = s
		return nil
	}},
	{key: "slack.client_secret", secret: true, set: secretInto(func(c *Config) *Secret { return &c.Slack.ClientSecret })},
	{key: "slack.api_url", fallback: "https://slack.com/api/", set: func(c *Config, s string) error {
		base, err := parseBase(s)
		c.Slack.APIURL = base + "/"
		return err
	}},
	{key: "slack.managers", fallback: ManagersEveryone, set: oneOf(func(c *Config) *string { return &c.Slack.Managers }, ManagersEveryone, ManagersAdmins)},
	{key: "secret_key", secret: true, set: func(c *Config, s string) error {
		c.SecretKey = Secret(s)
		return checkSecretKey(s)
	}},
	{key: "alerts.max_age", fallback: "72h", set: func(c *Config, s string) (err error) {
		c.Alerts.MaxAge, err = parseAge(s)
		return err
	}},
	{key: "alerts.burst", fallback: "4", set: func(c *Config, s string) (err error) {
		c.Alerts.Burst, err = parseCount(s, 0, 100)
		return err
	}},
	{key: "deliveries.keep", fallback: "720h", set: func(c *Config, s string) (err error) {
		c.Deliveries.Keep, err = parseAge(s)
		return err
	}},
	{key: "log.level", fallback: "info", set: oneOf(func(c *Config) *string { return &c.Log.Level }, "debug", "info", "warn", "error")},
	{key: "log.format", fallback: "auto", set: oneOf(func(c *Config) *string { return &c.Log.Format }, "auto", "text", "json")},
}

// env gives the environment variable of the setting.
func (s setting) env() string {
	return prefix + strings.ToUpper(strings.ReplaceAll(s.key, ".", "_"))
}

// known reports whether there is a setting with the key.
func known(key string) bool {
	return isList(key) || slices.ContainsFunc(settings, func(s setting) bool { return s.key == key })
}

func secretInto(field func(*Config) *Secret) func(*Config, string) error {
	return func(c *Config, s string) error {
		*field(c) = Secret(s)
		return checkToken(s)
	}
}

func oneOf(field func(*Config) *string, allowed ...string) func(*Config, string) error {
	return func(c *Config, s string) error {
		for _, a := range allowed {
			if strings.EqualFold(s, a) {
				*field(c) = a
				return nil
			}
		}
		return errors.New("must be one of " + strings.Join(allowed, ", "))
	}
}
