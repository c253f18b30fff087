package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Slack is a Slack with one app and its bot: in one workspace, where it is
// installed, and in whichever AddTeam makes.
type Slack struct {
	s                             *Sandbox
	botToken, appToken, secret    string
	team, botUser, botID, appID   string
	clientID, clientSecret        string
	faults                        faults
	mu                            sync.Mutex
	sequence                      int64
	channels                      map[string]*slackChannel
	order                         []string
	users                         map[string]string // id by name
	admins                        map[string]bool   // by name
	shown                         map[string]*slackMessage
	waiting                       map[string]*slackCommand // by the id in a response_url
	triggers                      map[string]*slackCommand // by trigger_id
	views                         map[string]*slackModal   // open ones, by id
	sockets                       map[*slackSocket]struct{}
	teams                         map[string]*slackTeam // by id
	tokens                        map[string]*slackTeam // by every token that was ever given
	oauth                         slackOAuth
	homes                         map[string]*slackMessage // by team and member
	commandsURL, interactivityURL string
	eventsURL                     string
	limited                       bool
	files                         map[string]*slackFile
	uploads                       int
	stuck                         bool              // no file becomes usable
	fileless                      bool              // the app lacks the scope to upload
	unread                        bool              // the app lacks the scopes to read channels
	directs                       map[string]string // channels of direct messages, by member
	tabClosed                     bool              // the app takes no direct messages
}

type slackChannel struct {
	id, name         string
	team             string
	member, archived bool
	private          bool
	messages         []*slackMessage
	last             time.Time // of the last post
}

type slackMessage struct {
	Message
	user    string // who alone sees it; empty: everyone
	by      string // who gave the command it answers; empty: nobody did
	command string // that command, as typed
	body    slackBody
}

func newSlack(s *Sandbox) *Slack {
	k := &Slack{
		s: s, botToken: "xoxb-" + randomText(), appToken: "xapp-1-" + randomText(), secret: randomText(),
		team: "T0SANDBOX", botUser: "U0SPARKBOT", botID: "B0SPARKBOT", appID: "A0SPARKBOT",
		limited: true, channels: map[string]*slackChannel{}, users: map[string]string{}, admins: map[string]bool{},
		files: map[string]*slackFile{}, shown: map[string]*slackMessage{}, waiting: map[string]*slackCommand{}, triggers: map[string]*slackCommand{}, views: map[string]*slackModal{}, sockets: map[*slackSocket]struct{}{},
		clientID: "1000." + randomText(), clientSecret: randomText(), homes: map[string]*slackMessage{},
		teams: map[string]*slackTeam{}, tokens: map[string]*slackTeam{}, oauth: slackOAuth{codes: map[string]slackCode{}},
	}
	k.teams[k.team] = &slackTeam{id: k.team, name: "Sandbox", token: k.botToken}
	k.tokens[k.botToken] = k.teams[k.team]
	k.routes()
	return k
}

func (k *Slack) close() { k.DropSockets() }

// URL is the base of the Web API; it ends with a slash.
func (k *Slack) URL() string { return k.s.base + "/slack/api/" }

// BotToken is the bot's.
func (k *Slack) BotToken() string { return k.botToken }

// AppToken opens Socket Mode.
func (k *Slack) AppToken() string { return k.appToken }

// SigningSecret signs requests over HTTP.
func (k *Slack) SigningSecret() string { return k.secret }

// Team is the workspace's id.
func (k *Slack) Team() string { return k.team }

// AddChannel makes a public channel of which the bot is a member.
func (k *Slack) AddChannel(name string) string { return k.AddChannelIn(k.team, name) }

// AddChannelIn makes one in another workspace.
func (k *Slack) AddChannelIn(team, name string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sequence++
	id := fmt.Sprintf("C%08X", 0xA0000000+k.sequence)
	k.channels[id] = &slackChannel{id: id, name: name, team: team, member: true}
	k.order = append(k.order, id)
	return id
}

// Channels gives every channel, oldest first.
func (k *Slack) Channels() []Channel {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make([]Channel, len(k.order))
	for i, id := range k.order {
		all[i] = Channel{id, k.channels[id].name}
	}
	return all
}

// Kick takes the bot out of a channel and makes that private.
func (k *Slack) Kick(channel string) {
	k.change(channel, func(c *slackChannel) { c.member, c.private = false, true })
}

// Invite lets the bot in.
func (k *Slack) Invite(channel string) { k.change(channel, func(c *slackChannel) { c.member = true }) }

// Archive closes a channel for good.
func (k *Slack) Archive(channel string) {
	k.change(channel, func(c *slackChannel) { c.archived = true })
}

func (k *Slack) change(channel string, do func(*slackChannel)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c, there := k.channels[channel]; there {
		do(c)
	}
}

// Fail makes the next requests fail.
func (k *Slack) Fail(f Fault) { k.faults.add(f) }

// Faults counts the requests that still will fail.
func (k *Slack) Faults() int { return k.faults.left() }

// SetChannelLimit refuses more than one message a second in a channel, as it is
// at first, or takes any number.
func (k *Slack) SetChannelLimit(on bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.limited = on
}

// SetAdmin makes a member an admin of the workspace, or no longer one.
func (k *Slack) SetAdmin(user string, admin bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.admins[user] = admin
}

// SendCommandsTo has commands and buttons sent to addresses over signed HTTP;
// empty ones send them over Socket Mode.
func (k *Slack) SendCommandsTo(commandsURL, interactivityURL string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.commandsURL, k.interactivityURL = commandsURL, interactivityURL
}

// Messages gives what stands in a channel, oldest first.
func (k *Slack) Messages(channel string) []Message {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, there := k.channels[channel]
	if !there {
		return nil
	}
	all := make([]Message, len(c.messages))
	for i, m := range c.messages {
		all[i] = m.Message
	}
	return all
}

// userID gives the id of a member by name, made when first seen.
func (k *Slack) userID(name string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if id, known := k.users[name]; known {
		return id
	}
	id := fmt.Sprintf("U%08X", 0xB0000000+len(k.users))
	k.users[name] = id
	return id
}

// userName finds a member by id. The caller holds the lock.
func (k *Slack) userName(id string) (string, bool) {
	for name, known := range k.users {
		if known == id {
			return name, true
		}
	}
	return "", false
}

// ts gives a new timestamp, which names a message. The caller holds the lock.
func (k *Slack) ts() string {
	k.sequence++
	return fmt.Sprintf("%d.%06d", k.s.now().Unix(), k.sequence%1_000_000)
}

// message makes a message of a body. The caller holds the lock.
func (k *Slack) message(c *slackChannel, body slackBody) *slackMessage {
	m := &slackMessage{Message: Message{ID: k.ts(), Channel: c.id, Author: "sparkbot", At: k.s.now()}}
	k.fill(m, body)
	return m
}

// fill puts a body into a message. The caller holds the lock.
func (k *Slack) fill(m *slackMessage, body slackBody) {
	v := &slackView{k: k}
	v.body(body)
	m.body, m.Body = body, k.withAddresses(m, body).wire()
	m.Text, m.Buttons, m.Links, m.Pings = strings.Join(v.lines, "\n"), v.buttons, v.links, slices.Compact(v.pings)
	m.Nonce = string(body.Metadata)
}
