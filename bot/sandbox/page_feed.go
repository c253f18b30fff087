package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// pageMessage is a message as the page draws it: the JSON of the bot, untouched,
// and what the platform itself adds.
type pageMessage struct {
	ID      string          `json:"id"`
	At      int64           `json:"at"` // milliseconds since 1970, as all times here
	Edited  int64           `json:"edited,omitempty"`
	Private bool            `json:"private,omitempty"`
	By      string          `json:"by,omitempty"`      // who gave the command it answers
	Command string          `json:"command,omitempty"` // that command
	Body    json.RawMessage `json:"body"`
}

func newPageMessage(m Message, private bool, by, command string) pageMessage {
	p := pageMessage{ID: m.ID, At: m.At.UnixMilli(), Private: private, By: by, Command: command, Body: m.Body}
	if !m.Edited.IsZero() {
		p.Edited = m.Edited.UnixMilli()
	}
	return p
}

// pageChannel is a channel with what the page's visitor sees in it.
type pageChannel struct {
	Channel
	Platform string        `json:"platform"`
	Closed   bool          `json:"closed"` // the bot may not post
	Messages []pageMessage `json:"messages"`
}

// pageView is everything the page draws at first.
type pageView struct {
	Now      int64           `json:"now"`
	Panel    bool            `json:"panel"`
	Member   string          `json:"member"`
	Channels []pageChannel   `json:"channels"`
	Commands json.RawMessage `json:"commands"` // as the bot registered them with Discord
	Roles    []Channel       `json:"roles"`
}

func (s *Sandbox) pageState(w http.ResponseWriter, _ *http.Request) {
	channels := append(s.discord.pageChannels(), s.slack.pageChannels()...)
	answerJSON(w, http.StatusOK, pageView{
		Now: s.now().UnixMilli(), Panel: s.panel, Member: member, Channels: channels, Commands: s.discord.Commands(),
		Roles: []Channel{{s.discord.guild, "everyone"}},
	})
}

func (d *Discord) pageChannels() []pageChannel {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []pageChannel
	for _, id := range d.order {
		c, there := d.channels[id]
		if !there {
			continue
		}
		one := pageChannel{Channel: Channel{c.id, c.name}, Platform: "discord", Closed: c.denied, Messages: []pageMessage{}}
		for _, m := range c.messages {
			one.Messages = append(one.Messages, m.page())
		}
		for _, m := range d.shown {
			if m.Channel == c.id && m.user == member {
				one.Messages = append(one.Messages, m.page())
			}
		}
		all = append(all, one)
	}
	return all
}

func (m *discordMessage) page() pageMessage {
	return newPageMessage(m.Message, m.user != "", m.by, m.command)
}

func (k *Slack) pageChannels() []pageChannel {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []pageChannel
	for _, id := range k.order {
		c := k.channels[id]
		one := pageChannel{Channel: Channel{c.id, c.name}, Platform: "slack", Closed: c.archived || c.private && !c.member, Messages: []pageMessage{}}
		for _, m := range c.messages {
			one.Messages = append(one.Messages, m.page())
		}
		for _, m := range k.shown {
			if m.Channel == c.id && m.user == member {
				one.Messages = append(one.Messages, m.page())
			}
		}
		all = append(all, one)
	}
	return all
}

func (m *slackMessage) page() pageMessage {
	return newPageMessage(m.Message, m.user != "", m.by, m.command)
}

// message finds a message that the page's visitor sees.
func (s *Sandbox) message(platform, channel, id string) (pageMessage, bool) {
	if platform == "discord" {
		s.discord.mu.Lock()
		defer s.discord.mu.Unlock()
		m := s.discord.find(id)
		if m == nil || m.user != "" && m.user != member {
			return pageMessage{}, false
		}
		return m.page(), true
	}
	m, err := s.slack.visible(member, channel, id)
	if err != nil {
		return pageMessage{}, false
	}
	s.slack.mu.Lock()
	defer s.slack.mu.Unlock()
	return m.page(), true
}

// pageEvent is an event with the message as it stands now.
type pageEvent struct {
	Kind     string          `json:"kind"`
	At       int64           `json:"at"`
	Now      int64           `json:"now"`
	Platform string          `json:"platform,omitempty"`
	Channel  string          `json:"channel,omitempty"`
	ID       string          `json:"id,omitempty"`
	Text     string          `json:"text,omitempty"` // of a refusal
	Message  *pageMessage    `json:"message,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
}

// keepAlive is how often a silent stream says that it is there.
const keepAlive = 15 * time.Second

// pageEvents streams what happens, as server-sent events.
func (s *Sandbox) pageEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	events := s.Events(r.Context())
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	if _, err := fmt.Fprint(w, ": connected\n\n"); err != nil {
		return
	}
	for {
		if control.Flush() != nil {
			return
		}
		var err error
		select {
		case e, open := <-events:
			if !open {
				return
			}
			var text []byte
			if text, err = json.Marshal(s.pageEvent(e)); err == nil {
				_, err = fmt.Fprintf(w, "data: %s\n\n", text)
			}
		case <-tick.C:
			_, err = fmt.Fprint(w, ": still here\n\n")
		case <-s.ended:
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *Sandbox) pageEvent(e Event) pageEvent {
	p := pageEvent{Kind: e.Kind, At: e.At.UnixMilli(), Now: s.now().UnixMilli(), Platform: e.Platform, Channel: e.Channel, ID: e.MessageID, Data: e.Data}
	if e.Kind == EventRefused {
		p.Text = e.Text
	}
	if e.MessageID != "" && e.Kind != EventDeleted {
		if m, there := s.message(e.Platform, e.Channel, e.MessageID); there {
			p.Message = &m
		}
	}
	return p
}

// pageRaw is the permanent address of a message's JSON, as the bot sent it. The
// channel of a Slack message is part of the query, because a ts is unique only
// within its channel.
func (s *Sandbox) pageRaw(w http.ResponseWriter, r *http.Request) {
	m, there := s.message(r.PathValue("platform"), r.URL.Query().Get("channel"), r.PathValue("id"))
	if !there {
		answerJSON(w, http.StatusNotFound, map[string]string{"error": "there is no such message; it was taken away, or this demo began after it"})
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(m.Body)
}
