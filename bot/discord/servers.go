package discord

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/notify"
	"sparkbot/store"
)

// Permissions are what the bot asks a server for: to see channels, to post in
// them and in threads, with pictures, and to read back what it posted.
const Permissions = dgo.PermissionViewChannel | dgo.PermissionSendMessages | dgo.PermissionSendMessagesInThreads |
	dgo.PermissionAttachFiles | dgo.PermissionReadMessageHistory

// Places stops and starts what a whole server hears.
type Places interface {
	CloseWorkspace(ctx context.Context, w store.Workspace, at time.Time, reason string) (int, error)
	OpenWorkspace(ctx context.Context, w store.Workspace) (int, error)
	// OpenWorkspaces gives the servers in which some place hears, ClosedWorkspaces
	// those that CloseWorkspace stopped.
	OpenWorkspaces(ctx context.Context, p store.Platform) ([]string, error)
	ClosedWorkspaces(ctx context.Context, p store.Platform) ([]string, error)
}

// removed is why a server hears nothing.
const removed = "the bot was removed from the server; add it again"

// InstallLink is where a person adds the bot to a server:
// https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow
func (c *Client) InstallLink(ctx context.Context) (string, error) {
	app, err := c.application(ctx)
	if err != nil {
		return "", err
	}
	q := url.Values{"client_id": {app}, "scope": {"bot applications.commands"}, "permissions": {strconv.FormatInt(Permissions, 10)}}
	return "https://discord.com/oauth2/authorize?" + q.Encode(), nil
}

// member asks whether the bot is in a server.
func (c *Client) member(ctx context.Context, guild string) (bool, error) {
	var g struct {
		ID string `json:"id"`
	}
	err := c.get(ctx, "/guilds/"+guild, &g)
	if f, ok := errors.AsType[*notify.Failure](err); ok && f.Kind == notify.Gone {
		return false, nil
	}
	return err == nil, err
}

// widened tells a channel that is gone from a server that is, with every channel
// in it.
func (c *Client) widened(ctx context.Context, guild string, f *notify.Failure) *notify.Failure {
	if f.Kind != notify.Gone || !snowflake(guild) || !slices.Contains([]string{closedCodes[10003], closedCodes[10004], closedCodes[codeMissingAccess]}, f.Reason) {
		return f
	}
	if in, err := c.member(ctx, guild); err == nil && !in {
		f.Scope, f.Reason = notify.ScopeWorkspace, removed
	}
	return f
}

// servers follows in which servers the bot is, by the events of one session.
// They may be handled in another order than they came, so each is believed only
// where Discord, asked, says the same.
type servers struct {
	c     *Client
	mu    sync.Mutex
	known map[string]bool // told by READY, and not yet by an event of its own
}

// ready compares the servers of a new session with what is stored: the bot may
// have been removed or added while nobody listened.
func (s *servers) ready(ctx context.Context, r *dgo.Ready) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = map[string]bool{}
	for _, g := range r.Guilds {
		s.known[g.ID] = true
	}
	open, err := s.c.places.OpenWorkspaces(ctx, store.Discord)
	closed, err2 := s.c.places.ClosedWorkspaces(ctx, store.Discord)
	if err := errors.Join(err, err2); err != nil {
		s.c.log.Error("the servers could not be compared; the next message to each will tell", "error", err)
		return
	}
	for _, id := range open {
		if !s.known[id] {
			s.left(ctx, id)
		}
	}
	for _, id := range closed {
		if s.known[id] {
			s.joined(ctx, id)
		}
	}
}

// created is a server that came: at the start of a session, which READY told
// already, or because the bot was added.
func (s *servers) created(ctx context.Context, g *dgo.GuildCreate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.Guild == nil || g.Unavailable || s.known[g.ID] {
		delete(s.known, idOf(g.Guild))
		return
	}
	s.joined(ctx, g.ID)
}

// deleted is a server that went. One that is unavailable is only in trouble.
func (s *servers) deleted(ctx context.Context, g *dgo.GuildDelete) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.Guild != nil && !g.Unavailable {
		delete(s.known, g.ID)
		s.left(ctx, g.ID)
	}
}

func idOf(g *dgo.Guild) string {
	if g == nil {
		return ""
	}
	return g.ID
}

func (s *servers) left(ctx context.Context, guild string) {
	if !snowflake(guild) {
		return
	}
	if in, err := s.c.member(ctx, guild); err != nil || in {
		s.c.log.Info("a server is said to be gone and is not", "workspace", guild, "error", err)
		return
	}
	n, err := s.c.places.CloseWorkspace(ctx, store.Workspace{Platform: store.Discord, ID: guild}, s.c.now(), removed)
	if err != nil {
		s.c.log.Error("a server is gone and its places are not stopped; the next message to each will tell", "workspace", guild, "error", err)
	} else if n > 0 {
		s.c.log.Warn("the bot was removed from a server", "workspace", guild, "places", n)
	}
}

func (s *servers) joined(ctx context.Context, guild string) {
	if in, err := s.c.member(ctx, guild); err == nil && !in {
		return
	}
	n, err := s.c.places.OpenWorkspace(ctx, store.Workspace{Platform: store.Discord, ID: guild})
	if err != nil {
		s.c.log.Error("a server is back and its places do not hear yet; a command there mends it", "workspace", guild, "error", err)
	} else if n > 0 {
		s.c.log.Info("the bot is back in a server", "workspace", guild, "places", n)
	}
}

// follow has a session's events told to servers. They are handled to their end
// even when the session ends, each within workLimit.
func (c *Client) follow(ctx context.Context, session *dgo.Session) {
	if c.places == nil {
		return
	}
	s := &servers{c: c}
	work := func(do func(context.Context)) {
		defer c.errands.begin()()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workLimit)
		defer cancel()
		do(ctx)
	}
	session.AddHandler(func(_ *dgo.Session, r *dgo.Ready) { work(func(ctx context.Context) { s.ready(ctx, r) }) })
	session.AddHandler(func(_ *dgo.Session, g *dgo.GuildCreate) { work(func(ctx context.Context) { s.created(ctx, g) }) })
	session.AddHandler(func(_ *dgo.Session, g *dgo.GuildDelete) { work(func(ctx context.Context) { s.deleted(ctx, g) }) })
}
