// Package config answers what sparkbot was told: it merges flags, environment,
// a YAML file and defaults into one checked Config, and remembers where every
// value came from.
//
// It never starts anything and never prints a secret. All problems of a
// configuration are reported at once.
package config

import (
	"net/netip"
	"regexp"
	"time"
)

// Config is the configuration in force. Each field's key is written beside it;
// key a.b_c is the environment variable SPARKBOT_A_B_C.
type Config struct {
	Database Database
	HTTP     HTTP
	API      API
	Discord  Discord
	Slack    Slack
	Alerts   Alerts
	// Deliveries says how long the record of what was sent is kept.
	Deliveries Deliveries
	Log        Log
	Feeds      []Feed // sources
	// SourcesAllow is sources_allow_private: the networks that a feed may be read
	// from although they are not public.
	SourcesAllow []netip.Prefix
	// SecretKey is secret_key: 32 bytes in base64, or several such keys with
	// commas between. SecretKeys gives them.
	SecretKey Secret

	values []Value
}

// Database says where projects, subscriptions and deliveries are kept.
type Database struct {
	URL     DatabaseURL // database.url: sqlite:PATH or postgres://…
	Migrate bool        // database.migrate: bring the schema up to date at start
}

// HTTP is the server for interactions and health checks.
type HTTP struct {
	Listen    string // http.listen: host:port, or off
	PublicURL string // http.public_url: where the outside reaches Listen
}

// API is the write API.
type API struct {
	Token  Secret     // api.token; may do everything
	Tokens []APIToken // api.tokens
	// RequestsPerMinute is api.requests_per_minute, for each token.
	RequestsPerMinute int
}

// Enabled reports whether there is a token for the API.
func (a API) Enabled() bool { return a.Token != "" || len(a.Tokens) > 0 }

// APIToken is a token with a name, and the projects it is limited to. One with
// neither Projects nor Categories may do everything.
type APIToken struct {
	Name       string   // name; what logs call it
	Token      Secret   // token, or token_file
	Projects   []string // projects: slugs
	Categories []string // categories: in upper case
}

// Feed is a project's feed, whose entries become its moves.
type Feed struct {
	Project  string           // project: the slug
	URL      string           // url
	Kind     string           // kind: auto, rss, atom, json or github
	Interval time.Duration    // interval, 5 minutes at least
	Words    []string         // sparks.words: whole words
	Patterns []*regexp.Regexp // sparks.patterns
	Semver   string           // sparks.semver: major, minor or empty
	Title    string           // title: a template, {title} by itself
	Summary  string           // summary: a template, {summary} by itself
}

// Discord is one Discord application and its bot.
type Discord struct {
	Token         Secret // discord.token; empty: no Discord
	ApplicationID string // discord.application_id; empty: asked from the API
	PublicKey     string // discord.public_key, hex; empty: interactions over the gateway
	APIURL        string // discord.api_url, without a slash at its end
}

// Enabled reports whether Discord is configured.
func (d Discord) Enabled() bool { return d.Token != "" }

// Who may manage what the bot posts in a Slack channel.
const (
	ManagersEveryone = "everyone"
	ManagersAdmins   = "admins"
)

// Slack is one Slack app: in one workspace, whose token is given, or in every
// workspace that installs it by OAuth.
type Slack struct {
	BotToken      Secret // slack.bot_token; empty and no OAuth: no Slack
	AppToken      Secret // slack.app_token; set: Socket Mode
	SigningSecret Secret // slack.signing_secret; set: commands and buttons over HTTP
	ClientID      string // slack.client_id; set: many workspaces by OAuth
	ClientSecret  Secret // slack.client_secret; set with ClientID
	APIURL        string // slack.api_url, with a slash at its end
	Managers      string // slack.managers: ManagersEveryone or ManagersAdmins
}

// Enabled reports whether Slack is configured.
func (s Slack) Enabled() bool { return s.BotToken != "" || s.OAuth() }

// OAuth reports whether workspaces install the app themselves.
func (s Slack) OAuth() bool { return s.ClientID != "" }

// Alerts bounds what is worth an alert.
type Alerts struct {
	// MaxAge is alerts.max_age: a move that happened longer ago is history.
	MaxAge time.Duration
	// Burst is alerts.burst: how many alerts may be due for a channel within a
	// minute and still come one by one. 0: always.
	Burst int
}

// Deliveries is the record of what was sent, and why not.
type Deliveries struct {
	Keep time.Duration // deliveries.keep: how long what ended stays
}

// Log is how the program tells what it does.
type Log struct {
	Level  string // log.level: debug, info, warn or error
	Format string // log.format: auto, text or json
}
