package sandbox

import (
	"cmp"
	"context"
	"net/http"
	"slices"
)

// discordGuild is one server.
type discordGuild struct {
	id, name string
	member   bool // the bot is in it
}

// intentGuilds asks for the events of servers:
// https://discord.com/developers/docs/events/gateway#gateway-intents
const intentGuilds = 1 << 0

// AddGuild makes another server, with the bot in it, and gives its id.
func (d *Discord) AddGuild(name string) string {
	d.mu.Lock()
	id := d.nextID()
	g := &discordGuild{id: id, name: name, member: true}
	d.guilds[id] = g
	d.mu.Unlock()
	d.tellGuild(g)
	return id
}

// RemoveBot takes the bot out of a server.
func (d *Discord) RemoveBot(guild string) { d.move(guild, false) }

// ReturnBot puts it back.
func (d *Discord) ReturnBot(guild string) { d.move(guild, true) }

func (d *Discord) move(guild string, member bool) {
	d.mu.Lock()
	g, there := d.guilds[guild]
	if there {
		g.member = member
	}
	d.mu.Unlock()
	if there {
		d.tellGuild(g)
	}
}

// Outage has a server be unavailable for a moment, as when Discord has trouble.
func (d *Discord) Outage(guild string) {
	d.toGuildWatchers("GUILD_DELETE", map[string]any{"id": guild, "unavailable": true})
}

// tellGuild tells the gateway whether the bot is in a server.
func (d *Discord) tellGuild(g *discordGuild) {
	d.mu.Lock()
	kind, data := "GUILD_CREATE", g.created()
	if !g.member {
		kind, data = "GUILD_DELETE", map[string]any{"id": g.id}
	}
	d.mu.Unlock()
	d.toGuildWatchers(kind, data)
}

func (g *discordGuild) created() map[string]any {
	return map[string]any{"id": g.id, "name": g.name, "unavailable": false, "roles": []any{}, "channels": []any{}, "members": []any{}, "emojis": []any{}}
}

// toGuildWatchers sends an event to connections that asked for those of servers.
func (d *Discord) toGuildWatchers(kind string, data any) {
	for _, g := range d.connections() {
		g.mu.Lock()
		wanted := g.ready && g.wants&intentGuilds != 0
		g.mu.Unlock()
		if wanted {
			g.send(opDispatch, kind, data)
		}
	}
}

// joined lists the servers the bot is in, as READY does.
func (d *Discord) joined() []any {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := []any{}
	for _, g := range d.sortedGuilds() {
		if g.member {
			list = append(list, map[string]any{"id": g.id, "unavailable": true})
		}
	}
	return list
}

// sortedGuilds gives every server, oldest first. The caller holds the lock.
func (d *Discord) sortedGuilds() []*discordGuild {
	all := make([]*discordGuild, 0, len(d.guilds))
	for _, g := range d.guilds {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *discordGuild) int { return cmp.Compare(a.id, b.id) })
	return all
}

// greet sends what follows READY: each server the bot is in, to those who asked.
func (d *Discord) greet(g *gatewayConn, intents int) {
	g.mu.Lock()
	g.wants = intents
	g.mu.Unlock()
	if intents&intentGuilds == 0 {
		return
	}
	d.mu.Lock()
	var events []map[string]any
	for _, one := range d.sortedGuilds() {
		if one.member {
			events = append(events, one.created())
		}
	}
	d.mu.Unlock()
	for _, e := range events {
		g.send(opDispatch, "GUILD_CREATE", e)
	}
}

// guildOf gives the server a channel stands in.
func (d *Discord) guildOf(channel string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, there := d.channels[channel]; there {
		return c.guild
	}
	return d.guild
}

func (d *Discord) getGuild(w http.ResponseWriter, r *http.Request) {
	d.inGuild(func(w http.ResponseWriter, r *http.Request) {
		answerJSON(w, http.StatusOK, map[string]any{"id": r.PathValue("guild"), "name": "Sandbox"})
	})(w, r)
}

// inGuild answers as Discord does where the bot is not.
func (d *Discord) inGuild(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		g, there := d.guilds[r.PathValue("guild")]
		member := there && g.member
		d.mu.Unlock()
		if !member {
			discordError(w, http.StatusNotFound, 10004, "Unknown Guild")
			return
		}
		next(w, r)
	}
}

// PressForged has a member press a button that stands on no message: what a
// stranger would send who could sign as Discord does.
func (d *Discord) PressForged(ctx context.Context, user, channel, customID string) (Answer, error) {
	return d.interact(ctx, d.wait(user, channel, nil), interactionComponent, false, map[string]any{"custom_id": customID, "component_type": typeButton})
}
