package sandbox

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Discord is a Discord with one application and its bot, which is in one server
// at first, and in those that AddGuild makes.
type Discord struct {
	s       *Sandbox
	token   string
	app     string
	bot     string // the bot's user id
	guild   string // the first server's id
	public  ed25519.PublicKey
	private ed25519.PrivateKey
	faults  faults

	mu            sync.Mutex
	sequence      int64
	guilds        map[string]*discordGuild
	channels      map[string]*discordChannel
	order         []string // channel ids, oldest first
	users         map[string]string
	shown         map[string]*discordMessage // messages only one member sees, by id
	commands      []json.RawMessage
	registrations int
	endpoint      string // where interactions go; empty: over the gateway
	waiting       map[string]*interaction
	cdn           map[string][]byte        // files by path
	modals        map[string]*discordModal // open ones
	gateways      map[*gatewayConn]struct{}
	hang          bool
	unread        bool // the bot may not read what was posted before
	globalLimit   int
	routeLimit    int
	routePer      time.Duration
	nonceFor      time.Duration // how long a nonce is unique
	global        []time.Time   // requests of the last second
}

type discordChannel struct {
	id, name string
	guild    string // empty where the messages are direct
	denied   bool   // the bot may not see it
	fileless bool   // the bot may not attach files
	direct   string // the member whose direct messages these are, or empty
	deaf     bool   // who takes none
	messages []*discordMessage
	posts    []time.Time // within the route's window
}

type discordMessage struct {
	Message
	components json.RawMessage
	user       string // who alone sees it; empty: everyone
	by         string // who gave the command it answers; empty: nobody did
	command    string // that command, as typed
	author     string
	nonce      string
	files      []attachment
}

// discordEpoch is the first millisecond of Discord's ids:
// https://discord.com/developers/docs/reference#snowflakes
const discordEpoch = 1420070400000

func newDiscord(s *Sandbox) *Discord {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // the system's source of chance is gone
	}
	d := &Discord{
		s: s, public: public, private: private,
		guilds: map[string]*discordGuild{}, channels: map[string]*discordChannel{}, users: map[string]string{}, shown: map[string]*discordMessage{},
		waiting: map[string]*interaction{}, modals: map[string]*discordModal{}, cdn: map[string][]byte{}, gateways: map[*gatewayConn]struct{}{},
		globalLimit: 50, routeLimit: 5, routePer: 5 * time.Second, nonceFor: 5 * time.Minute,
	}
	d.app, d.bot, d.guild = d.id(), d.id(), d.id()
	d.guilds[d.guild] = &discordGuild{id: d.guild, name: "Sandbox", member: true}
	d.token = "sandbox." + d.bot + "." + randomText()
	d.routes()
	return d
}

func randomText() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: https://pkg.go.dev/crypto/rand#Read
	return hex.EncodeToString(b)
}

// id gives a new snowflake. The caller holds no lock.
func (d *Discord) id() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.nextID()
}

func (d *Discord) nextID() string {
	d.sequence++
	return strconv.FormatInt((d.s.now().UnixMilli()-discordEpoch)<<22|d.sequence&0x3fffff, 10)
}

func (d *Discord) close() {
	for _, g := range d.connections() {
		g.end()
	}
}

// URL is the base in front of /api.
func (d *Discord) URL() string { return d.s.base + "/discord" }

// Token is the bot's.
func (d *Discord) Token() string { return d.token }

// ApplicationID is the application's id.
func (d *Discord) ApplicationID() string { return d.app }

// PublicKey verifies interactions over HTTP; hexadecimal.
func (d *Discord) PublicKey() string { return hex.EncodeToString(d.public) }

// Guild is the server's id.
func (d *Discord) Guild() string { return d.guild }

// AddChannel makes a text channel in which everybody, the bot too, may post.
func (d *Discord) AddChannel(name string) string { return d.AddChannelIn(d.guild, name) }

// AddChannelIn makes one in another server.
func (d *Discord) AddChannelIn(guild, name string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := d.nextID()
	d.channels[id] = &discordChannel{id: id, name: name, guild: guild}
	d.order = append(d.order, id)
	return id
}

// Channel is a channel's id and name.
type Channel struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Channels gives every channel, oldest first.
func (d *Discord) Channels() []Channel {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Channel
	for _, id := range d.order {
		if c, there := d.channels[id]; there {
			all = append(all, Channel{c.id, c.name})
		}
	}
	return all
}

// Deny takes the bot's permission to see a channel and to post in it.
func (d *Discord) Deny(channel string) { d.deny(channel, true) }

// Allow gives it back.
func (d *Discord) Allow(channel string) { d.deny(channel, false) }

func (d *Discord) deny(channel string, denied bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, there := d.channels[channel]; there {
		c.denied = denied
	}
}

// DeleteChannel takes a channel away with everything in it.
func (d *Discord) DeleteChannel(channel string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.channels, channel)
}

// Fail makes the next requests fail.
func (d *Discord) Fail(f Fault) { d.faults.add(f) }

// Faults counts the requests that still will fail.
func (d *Discord) Faults() int { return d.faults.left() }

// SetRouteLimit allows n posts a channel within a time. It is 5 in 5 s at first,
// as it is in Discord.
func (d *Discord) SetRouteLimit(n int, per time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.routeLimit, d.routePer = n, per
}

// SetGlobalLimit allows n requests a second in all, interactions excepted. It is
// 50 at first, as it is in Discord.
func (d *Discord) SetGlobalLimit(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.globalLimit = n
}

// SendInteractionsTo has interactions sent to an address over signed HTTP; empty
// sends them over the gateway.
func (d *Discord) SendInteractionsTo(url string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.endpoint = url
}

// Messages gives what stands in a channel, oldest first.
func (d *Discord) Messages(channel string) []Message {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, there := d.channels[channel]
	if !there {
		return nil
	}
	all := make([]Message, len(c.messages))
	for i, m := range c.messages {
		all[i] = m.Message
	}
	return all
}

// Commands gives the registered commands.
func (d *Discord) Commands() json.RawMessage {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, err := json.Marshal(d.commands)
	if err != nil || d.commands == nil {
		return json.RawMessage("[]")
	}
	return text
}

// Registrations counts how often commands were written.
func (d *Discord) Registrations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.registrations
}

// user gives the id of a member by name, made when first seen.
func (d *Discord) user(name string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, known := d.users[name]; known {
		return id
	}
	d.users[name] = d.nextID()
	return d.users[name]
}

// discordError answers as Discord does.
func discordError(w http.ResponseWriter, status, code int, message string) {
	answerJSON(w, status, map[string]any{"code": code, "message": message})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
