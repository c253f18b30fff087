package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// routes registers the REST API as the libraries ask for it, in any version.
func (d *Discord) routes() {
	api := http.NewServeMux()
	api.HandleFunc("GET /gateway", d.getGateway)
	api.HandleFunc("GET /gateway/bot", d.getGateway)
	api.HandleFunc("GET /users/@me", d.getMe)
	api.HandleFunc("POST /users/@me/channels", d.postDirect)
	api.HandleFunc("GET /applications/@me", d.getApplication)
	api.HandleFunc("GET /oauth2/applications/@me", d.getApplication)
	api.HandleFunc("GET /applications/{app}/commands", d.getCommands)
	api.HandleFunc("PUT /applications/{app}/commands", d.putCommands)
	api.HandleFunc("GET /channels/{channel}", d.getChannel)
	api.HandleFunc("GET /channels/{channel}/messages", d.getMessages)
	api.HandleFunc("POST /channels/{channel}/messages", d.postMessage)
	api.HandleFunc("PATCH /channels/{channel}/messages/{message}", d.patchMessage)
	api.HandleFunc("DELETE /channels/{channel}/messages/{message}", d.deleteMessage)
	api.HandleFunc("GET /guilds/{guild}", d.getGuild)
	api.HandleFunc("GET /guilds/{guild}/roles", d.inGuild(d.getRoles))
	api.HandleFunc("GET /guilds/{guild}/members/{user}", d.inGuild(d.getMember))
	api.HandleFunc("POST /interactions/{id}/{token}/callback", d.postCallback)
	api.HandleFunc("PATCH /webhooks/{app}/{token}/messages/@original", d.patchOriginal)
	api.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		discordError(w, http.StatusNotFound, 0, "404: Not Found")
	})
	guarded := d.faults.wrap(d.guard(api))
	for _, version := range []string{"v9", "v10"} {
		d.s.mux.Handle("/discord/api/"+version+"/", http.StripPrefix("/discord/api/"+version, guarded))
	}
	d.s.mux.HandleFunc("GET /discord/cdn/attachments/{channel}/{id}/{name}", d.getFile)
	d.s.mux.HandleFunc("/discord/gateway", d.serveGateway)
	d.s.mux.HandleFunc("/discord/gateway/", d.serveGateway) // as discordgo asks for it
}

// guard checks the token and the global rate. Interactions need neither.
func (d *Discord) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/interactions/") || strings.HasPrefix(r.URL.Path, "/webhooks/") {
			next.ServeHTTP(w, r)
			return
		}
		if r.Header.Get("Authorization") != "Bot "+d.token {
			discordError(w, http.StatusUnauthorized, 0, "401: Unauthorized")
			return
		}
		if wait := d.overGlobal(); wait > 0 {
			w.Header().Set("X-RateLimit-Global", "true")
			tooMany(w, wait, true)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func tooMany(w http.ResponseWriter, wait time.Duration, global bool) {
	w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
	answerJSON(w, http.StatusTooManyRequests, map[string]any{"message": "You are being rate limited.", "retry_after": wait.Seconds(), "global": global})
}

func (d *Discord) overGlobal() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.s.now()
	d.global = slices.DeleteFunc(d.global, func(t time.Time) bool { return now.Sub(t) >= time.Second })
	if len(d.global) >= d.globalLimit {
		return time.Second - now.Sub(d.global[0])
	}
	d.global = append(d.global, now)
	return 0
}

func (d *Discord) getMe(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, d.botUser())
}

func (d *Discord) botUser() map[string]any {
	return map[string]any{"id": d.bot, "username": "sparkbot", "discriminator": "0", "bot": true}
}

func (d *Discord) getApplication(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{"id": d.app, "name": "sparkbot", "verify_key": d.PublicKey()})
}

// channel finds the channel of a request, or answers why not.
func (d *Discord) channel(w http.ResponseWriter, r *http.Request) (*discordChannel, bool) {
	d.mu.Lock()
	c, there := d.channels[r.PathValue("channel")]
	denied := there && (c.denied || c.direct == "" && !d.guilds[c.guild].member)
	d.mu.Unlock()
	switch {
	case !there:
		discordError(w, http.StatusNotFound, 10003, "Unknown Channel")
	case denied:
		discordError(w, http.StatusForbidden, 50001, "Missing Access")
	default:
		return c, true
	}
	return nil, false
}

func (d *Discord) getChannel(w http.ResponseWriter, r *http.Request) {
	if c, ok := d.channel(w, r); ok {
		answerJSON(w, http.StatusOK, map[string]any{"id": c.id, "type": 0, "guild_id": c.guild, "name": c.name, "permission_overwrites": []any{}})
	}
}

// permissionsEveryone is View Channel, Send Messages and what else members have
// by default.
const permissionsEveryone = 1<<10 | 1<<11 | 1<<14 | 1<<15 | 1<<16 | 1<<31

func (d *Discord) getRoles(w http.ResponseWriter, r *http.Request) {
	answerJSON(w, http.StatusOK, []any{map[string]any{"id": r.PathValue("guild"), "name": "@everyone", "permissions": strconv.Itoa(permissionsEveryone)}})
}

func (d *Discord) getMember(w http.ResponseWriter, r *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{"user": map[string]any{"id": r.PathValue("user")}, "roles": []string{}})
}

// maxBody is what Discord reads of a request without files.
const maxBody = 1 << 20

// read reads a request strictly into v and gives the files that came with it.
func read(w http.ResponseWriter, r *http.Request, v any) (files []upload, ok bool) {
	files, err := readWith(r.Header, http.MaxBytesReader(w, r.Body, maxUpload), v)
	if err != nil {
		discordError(w, http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
		return nil, false
	}
	return files, true
}

// readMessage reads a message with its files, and refuses what no message is.
func (d *Discord) readMessage(w http.ResponseWriter, r *http.Request, channel string, there ...attachment) (b discordBody, ok bool) {
	files, ok := read(w, r, &b)
	if !ok {
		return b, false
	}
	if len(files) > 0 && d.noFiles(channel) {
		discordError(w, http.StatusForbidden, 50013, "Missing Permissions")
		return b, false
	}
	err := b.attach(files)
	if err == nil {
		err = b.check(there...)
	}
	if err != nil {
		d.refuse(w, channel, err)
		return b, false
	}
	return b, true
}

func (d *Discord) postMessage(w http.ResponseWriter, r *http.Request) {
	c, ok := d.channel(w, r)
	if !ok || d.refusesDirect(w, c) {
		return
	}
	body, ok := d.readMessage(w, r, c.id)
	if !ok {
		return
	}
	m, wait, again := d.store(c, body)
	if wait > 0 {
		w.Header().Set("X-RateLimit-Scope", "user")
		tooMany(w, wait, false)
		return
	}
	d.rateHeaders(w, c)
	d.mu.Lock()
	wire, text := d.wire(m), m.Text
	d.mu.Unlock()
	answerJSON(w, http.StatusOK, wire)
	if !again {
		d.s.publish(Event{Platform: "discord", Kind: EventPosted, Channel: c.id, MessageID: m.ID, Text: text})
	}
}

func (d *Discord) refuse(w http.ResponseWriter, channel string, err error) {
	d.s.publish(Event{Platform: "discord", Kind: EventRefused, Channel: channel, Text: err.Error()})
	answerJSON(w, http.StatusBadRequest, map[string]any{
		"code": 50035, "message": "Invalid Form Body",
		"errors": map[string]any{"_errors": []any{map[string]any{"code": "BASE_TYPE_BAD", "message": err.Error()}}},
	})
}

// store keeps a message, unless the channel's share is used up or a message with
// the same enforced nonce is there already.
func (d *Discord) store(c *discordChannel, body discordBody) (m *discordMessage, wait time.Duration, again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.s.now()
	if body.EnforceNonce {
		for _, old := range c.messages {
			if old.nonce != "" && old.nonce == string(body.Nonce) && now.Sub(old.At) < d.nonceFor {
				return old, 0, true
			}
		}
	}
	c.posts = slices.DeleteFunc(c.posts, func(t time.Time) bool { return now.Sub(t) >= d.routePer })
	if len(c.posts) >= d.routeLimit {
		return nil, d.routePer - now.Sub(c.posts[0]), false
	}
	c.posts = append(c.posts, now)
	m = d.message(c, body)
	c.messages = append(c.messages, m)
	return m, 0, false
}

func (d *Discord) rateHeaders(w http.ResponseWriter, c *discordChannel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	left, reset := d.routeLimit-len(c.posts), d.routePer
	if len(c.posts) > 0 {
		reset -= d.s.now().Sub(c.posts[0])
	}
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(d.routeLimit))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(left))
	w.Header().Set("X-RateLimit-Reset-After", fmt.Sprintf("%.3f", reset.Seconds()))
	w.Header().Set("X-RateLimit-Bucket", "messages-"+c.id)
}

// message makes a message of a body. The caller holds the lock.
func (d *Discord) message(c *discordChannel, body discordBody) *discordMessage {
	m := &discordMessage{components: body.Components, author: d.bot, nonce: string(body.Nonce)}
	m.Message = Message{ID: d.nextID(), Channel: c.id, Author: "sparkbot", At: d.s.now()}
	d.fill(m, body)
	return m
}

// fill puts a body's content into a message. The caller holds the lock.
func (d *Discord) fill(m *discordMessage, body discordBody) {
	d.keepFiles(m, body)
	m.components, m.Body, m.Nonce = body.Components, d.resolve(m, body.raw), string(body.Nonce)
	v := d.view(body)
	m.Text, m.Buttons, m.Links, m.Pings = v.text(), v.buttons, v.links, v.pings
}

// wire is a message as Discord sends it.
func (d *Discord) wire(m *discordMessage) map[string]any {
	components := json.RawMessage("[]")
	if m.components != nil {
		components = d.resolve(m, m.components)
	}
	return map[string]any{
		"id": m.ID, "channel_id": m.Channel, "author": d.botUser(), "content": "", "components": components, "nonce": m.nonce,
		"timestamp": m.At.UTC().Format(time.RFC3339Nano), "type": 0, "flags": flagV2, "mentions": []any{}, "mention_roles": []any{},
		"attachments": d.wireFiles(m), "embeds": []any{}, "pinned": false, "tts": false, "mention_everyone": false, "edited_timestamp": nil,
	}
}

func (d *Discord) patchMessage(w http.ResponseWriter, r *http.Request) {
	c, ok := d.channel(w, r)
	if !ok {
		return
	}
	body, ok := d.readMessage(w, r, c.id, d.filesOf(c, r.PathValue("message"))...)
	if !ok {
		return
	}
	d.mu.Lock()
	i := slices.IndexFunc(c.messages, func(m *discordMessage) bool { return m.ID == r.PathValue("message") })
	if i < 0 {
		d.mu.Unlock()
		discordError(w, http.StatusNotFound, 10008, "Unknown Message")
		return
	}
	m := c.messages[i]
	nonce := m.Nonce // an edit has none of its own
	d.fill(m, body)
	m.Nonce = nonce
	m.Edited = d.s.now()
	wire, text := d.wire(m), m.Text
	d.mu.Unlock()
	answerJSON(w, http.StatusOK, wire)
	d.s.publish(Event{Platform: "discord", Kind: EventEdited, Channel: c.id, MessageID: m.ID, Text: text})
}

func (d *Discord) deleteMessage(w http.ResponseWriter, r *http.Request) {
	c, ok := d.channel(w, r)
	if !ok {
		return
	}
	d.mu.Lock()
	before := len(c.messages)
	c.messages = slices.DeleteFunc(c.messages, func(m *discordMessage) bool { return m.ID == r.PathValue("message") })
	gone := len(c.messages) < before
	d.mu.Unlock()
	if !gone {
		discordError(w, http.StatusNotFound, 10008, "Unknown Message")
		return
	}
	w.WriteHeader(http.StatusNoContent)
	d.s.publish(Event{Platform: "discord", Kind: EventDeleted, Channel: c.id, MessageID: r.PathValue("message")})
}
