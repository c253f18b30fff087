package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// scopes are those of the app's manifest.
const scopes = "commands,chat:write,chat:write.public,channels:history,channels:read,groups:history,groups:read,im:write,users:read,files:read,files:write"

// arguments are those of a Web API call, from a form or from JSON.
type arguments map[string]json.RawMessage

// text gives an argument as text.
func (a arguments) text(name string) string {
	var s string
	if json.Unmarshal(a[name], &s) == nil {
		return s
	}
	return string(a[name])
}

func readArguments(r *http.Request) (arguments, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	args := arguments{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if len(raw) == 0 {
			return args, nil
		}
		return args, json.Unmarshal(raw, &args)
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, err
	}
	for name, values := range form {
		value := values[0]
		if (name == "blocks" || name == "metadata") && json.Valid([]byte(value)) {
			args[name] = json.RawMessage(value)
			continue
		}
		if args[name], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// refused is one of Slack's errors, with its details.
type refused struct {
	code    string
	details []string
	needed  string // the scope that is missing
}

// routes registers the Web API, the sockets and the addresses for late answers.
func (k *Slack) routes() {
	methods := map[string]func(arguments) (map[string]any, *refused){
		"auth.test":             k.authTest,
		"chat.postMessage":      k.postMessage,
		"chat.update":           k.update,
		"chat.delete":           k.remove,
		"conversations.info":    k.conversationInfo,
		"conversations.history": k.history,
		"users.info":            k.userInfo,
		"views.publish":         k.publishView,
		"auth.revoke":           k.revoke,
		"views.open":            k.openView,

		"files.getUploadURLExternal":   k.uploadURL,
		"files.completeUploadExternal": k.completeUpload,
		"files.info":                   k.fileInfo,
	}
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/slack/api/")
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		args, err := readArguments(r)
		if err != nil {
			slackError(w, refused{code: "invalid_json"})
			return
		}
		if token == "" {
			token = args.text("token")
		}
		if k.withoutTeam(w, r, name, token, args) {
			return
		}
		method, known := methods[name]
		switch {
		case !known:
			slackError(w, refused{code: "unknown_method"})
		case token == "":
			slackError(w, refused{code: "not_authed"})
		default:
			if code := k.admit(token, args); code != "" {
				slackError(w, refused{code: code})
				return
			}
			w.Header().Set("X-OAuth-Scopes", k.scopes())
			result, no := method(args)
			if no != nil {
				k.s.publish(Event{Platform: "slack", Kind: EventRefused, Channel: args.text("channel"), Text: no.code})
				slackError(w, *no)
				return
			}
			result["ok"] = true
			answerJSON(w, http.StatusOK, result)
		}
	})
	k.s.mux.Handle("/slack/api/", k.faults.wrap(api))
	k.s.mux.HandleFunc("POST /slack/response/{id}", k.lateAnswer)
	k.s.mux.HandleFunc("POST /slack/upload/v1/{secret}", k.putFile)
	k.s.mux.HandleFunc("GET /slack/files-pri/{id}/{name}", k.getFile)
	k.s.mux.HandleFunc("/slack/socket", k.serveSocket)
	k.s.mux.HandleFunc("GET /slack/oauth/v2/authorize", k.authorize)
}

// slackError answers as Slack does: with 200, but for a rate.
func slackError(w http.ResponseWriter, e refused) {
	status := http.StatusOK
	if e.code == "ratelimited" {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", "1")
	}
	body := map[string]any{"ok": false, "error": e.code}
	if e.needed != "" {
		body["needed"], body["provided"] = e.needed, scopes
	}
	if len(e.details) > 0 {
		body["response_metadata"] = map[string]any{"messages": e.details}
	}
	answerJSON(w, status, body)
}

func (k *Slack) authTest(args arguments) (map[string]any, *refused) {
	team := args.text(callingTeam)
	return map[string]any{"url": k.s.base + "/", "team": k.TeamName(team), "user": "sparkbot", "team_id": team, "user_id": k.botUser, "bot_id": k.botID}, nil
}

// open finds a channel the bot may act in. The caller holds the lock.
func (k *Slack) open(id string) (*slackChannel, *refused) {
	c, there := k.channels[id]
	switch {
	case !there || c.private && !c.member:
		return nil, &refused{code: "channel_not_found"}
	case c.archived:
		return nil, &refused{code: "is_archived"}
	default:
		return c, nil
	}
}

func (k *Slack) postMessage(args arguments) (map[string]any, *refused) {
	body, no := k.readBody(args.text(callingTeam), args)
	if no != nil {
		return nil, no
	}
	k.mu.Lock()
	c, no := k.directTo(args.text("channel"), args.text(callingTeam))
	if c == nil && no == nil {
		c, no = k.open(args.text("channel"))
	}
	if no != nil {
		k.mu.Unlock()
		return nil, no
	}
	if k.limited && k.s.now().Sub(c.last) < time.Second {
		k.mu.Unlock()
		return nil, &refused{code: "ratelimited"}
	}
	c.last = k.s.now()
	m := k.message(c, body)
	c.messages = append(c.messages, m)
	result := map[string]any{"channel": c.id, "ts": m.ID, "message": k.wire(m)}
	event := Event{Platform: "slack", Kind: EventPosted, Channel: c.id, MessageID: m.ID, Text: m.Text}
	k.mu.Unlock()
	k.s.publish(event)
	return result, nil
}

// wire is a message as Slack sends it. The caller holds the lock.
func (k *Slack) wire(m *slackMessage) map[string]any {
	w := map[string]any{"type": "message", "user": k.botUser, "bot_id": k.botID, "app_id": k.appID, "team": k.team, "ts": m.ID, "text": m.body.Text}
	if m.body.Blocks != nil {
		w["blocks"] = m.body.Blocks
	}
	if m.body.Metadata != nil {
		w["metadata"] = m.body.Metadata
	}
	return w
}

func (k *Slack) find(c *slackChannel, ts string) int {
	return slices.IndexFunc(c.messages, func(m *slackMessage) bool { return m.ID == ts })
}

func (k *Slack) update(args arguments) (map[string]any, *refused) {
	body, no := k.readBody(args.text(callingTeam), args)
	if no != nil {
		return nil, no
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	c, no := k.open(args.text("channel"))
	if no != nil {
		return nil, no
	}
	at := k.find(c, args.text("ts"))
	if at < 0 {
		return nil, &refused{code: "message_not_found"}
	}
	m := c.messages[at]
	if body.Metadata == nil { // what is left out stays
		body.Metadata = m.body.Metadata
	}
	k.fill(m, body)
	m.Edited = k.s.now()
	go k.s.publish(Event{Platform: "slack", Kind: EventEdited, Channel: c.id, MessageID: m.ID, Text: m.Text})
	return map[string]any{"channel": c.id, "ts": m.ID, "text": body.Text}, nil
}

func (k *Slack) remove(args arguments) (map[string]any, *refused) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, no := k.open(args.text("channel"))
	if no != nil {
		return nil, no
	}
	at := k.find(c, args.text("ts"))
	if at < 0 {
		return nil, &refused{code: "message_not_found"}
	}
	c.messages = slices.Delete(c.messages, at, at+1)
	go k.s.publish(Event{Platform: "slack", Kind: EventDeleted, Channel: c.id, MessageID: args.text("ts")})
	return map[string]any{"channel": c.id, "ts": args.text("ts")}, nil
}

func (k *Slack) conversationInfo(args arguments) (map[string]any, *refused) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, there := k.channels[args.text("channel")]
	if !there || c.private && !c.member {
		return nil, &refused{code: "channel_not_found"}
	}
	return map[string]any{"channel": map[string]any{
		"id": c.id, "name": c.name, "is_channel": true, "is_member": c.member, "is_archived": c.archived, "is_private": c.private,
	}}, nil
}

func (k *Slack) userInfo(args arguments) (map[string]any, *refused) {
	k.mu.Lock()
	defer k.mu.Unlock()
	name, known := k.userName(args.text("user"))
	if !known {
		return nil, &refused{code: "user_not_found"}
	}
	return map[string]any{"user": map[string]any{"id": args.text("user"), "name": name, "is_admin": k.admins[name], "is_owner": false}}, nil
}
