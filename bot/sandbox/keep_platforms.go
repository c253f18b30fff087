package sandbox

import (
	"crypto/ed25519"
	"maps"
	"slices"
)

func (d *Discord) snapshot() keptDiscord {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := keptDiscord{
		Token: d.token, App: d.app, Bot: d.bot, Guild: d.guild, Key: d.private, Sequence: d.sequence,
		Users: maps.Clone(d.users), Commands: slices.Clone(d.commands), Files: maps.Clone(d.cdn),
	}
	words := func(m *discordMessage) keptDiscordWords {
		return keptDiscordWords{m.Message, m.components, m.user, m.by, m.command, m.author, m.nonce, m.files}
	}
	for _, id := range d.order {
		c, there := d.channels[id]
		if !there || c.guild != d.guild {
			continue
		}
		one := keptChannel{ID: c.id, Name: c.name, Closed: c.denied}
		for _, m := range c.messages {
			one.Discord = append(one.Discord, words(m))
		}
		k.Channels = append(k.Channels, one)
	}
	for _, m := range d.shown {
		k.Shown = append(k.Shown, words(m))
	}
	return k
}

func (d *Discord) restore(k keptDiscord) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.guilds, d.guild)
	d.private = ed25519.PrivateKey(k.Key)
	d.public, _ = d.private.Public().(ed25519.PublicKey)
	d.token, d.app, d.bot, d.guild, d.sequence = k.Token, k.App, k.Bot, k.Guild, k.Sequence
	d.guilds[d.guild] = &discordGuild{id: d.guild, name: "Sandbox", member: true}
	maps.Copy(d.users, k.Users)
	maps.Copy(d.cdn, k.Files)
	d.commands = k.Commands
	message := func(w keptDiscordWords) *discordMessage {
		return &discordMessage{Message: w.Message, components: w.Components, user: w.User, by: w.By, command: w.Command, author: w.Author, nonce: w.Nonce, files: w.Files}
	}
	for _, one := range k.Channels {
		c := &discordChannel{id: one.ID, name: one.Name, guild: d.guild, denied: one.Closed}
		for _, w := range one.Discord {
			c.messages = append(c.messages, message(w))
		}
		d.channels[c.id] = c
		d.order = append(d.order, c.id)
	}
	for _, w := range k.Shown {
		d.shown[w.Message.ID] = message(w)
	}
}

func (k *Slack) snapshot() keptSlack {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := keptSlack{
		BotToken: k.botToken, AppToken: k.appToken, Secret: k.secret, Sequence: k.sequence, Uploads: k.uploads,
		Users: maps.Clone(k.users), Files: map[string]keptSlackFile{},
	}
	for id, f := range k.files {
		if f.complete && f.team == k.team {
			s.Files[id] = keptSlackFile{f.name, f.content, f.width, f.height}
		}
	}
	words := func(m *slackMessage) keptSlackWords {
		return keptSlackWords{m.Message, m.user, m.by, m.command, m.body}
	}
	for _, id := range k.order {
		c := k.channels[id]
		if c.team != k.team {
			continue
		}
		one := keptChannel{ID: c.id, Name: c.name, Closed: c.private && !c.member}
		for _, m := range c.messages {
			one.Slack = append(one.Slack, words(m))
		}
		s.Channels = append(s.Channels, one)
	}
	for _, m := range k.shown {
		s.Shown = append(s.Shown, words(m))
	}
	return s
}

func (k *Slack) restore(s keptSlack) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.tokens, k.botToken)
	k.botToken, k.appToken, k.secret, k.sequence, k.uploads = s.BotToken, s.AppToken, s.Secret, s.Sequence, s.Uploads
	k.teams[k.team].token = k.botToken
	k.tokens[k.botToken] = k.teams[k.team]
	maps.Copy(k.users, s.Users)
	for id, f := range s.Files {
		k.files[id] = &slackFile{id: id, team: k.team, name: f.Name, content: f.Content, length: len(f.Content), width: f.Width, height: f.Height, complete: true}
	}
	message := func(w keptSlackWords) *slackMessage {
		return &slackMessage{Message: w.Message, user: w.User, by: w.By, command: w.Command, body: w.Body}
	}
	for _, one := range s.Channels {
		c := &slackChannel{id: one.ID, name: one.Name, team: k.team, member: !one.Closed, private: one.Closed}
		for _, w := range one.Slack {
			c.messages = append(c.messages, message(w))
		}
		k.channels[c.id] = c
		k.order = append(k.order, c.id)
	}
	for _, w := range s.Shown {
		k.shown[w.Message.ID] = message(w)
	}
}
