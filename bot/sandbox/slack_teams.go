package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// slackTeam is one workspace. The sandbox's first has the app installed from the
// start; the others get it by OAuth.
type slackTeam struct {
	id, name string
	token    string // the app's there; empty while it is not installed
}

// callingTeam names the argument under which a method finds the workspace whose
// token the request carried. No request can set it: the front of the API does.
const callingTeam = "\x00team"

// AddTeam makes a workspace in which the app is not installed, and gives its id.
func (k *Slack) AddTeam(name string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sequence++
	id := fmt.Sprintf("T%08X", 0xC0000000+k.sequence)
	k.teams[id] = &slackTeam{id: id, name: name}
	return id
}

// TeamName gives a workspace's name.
func (k *Slack) TeamName(id string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if t, there := k.teams[id]; there {
		return t.name
	}
	return ""
}

// TeamToken gives the app's present token in a workspace, or "".
func (k *Slack) TeamToken(id string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if t, there := k.teams[id]; there {
		return t.token
	}
	return ""
}

// teamOf gives the workspace a channel stands in.
func (k *Slack) teamOf(channel string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c, there := k.channels[channel]; there {
		return c.team
	}
	return k.team
}

// admit says why a token is refused, or notes whose it is among the arguments.
// What stands in another workspace does not exist for it.
func (k *Slack) admit(token string, args arguments) (code string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	team, known := k.tokens[token]
	switch {
	case !known:
		return "invalid_auth"
	case team.token == "":
		return "account_inactive"
	case team.token != token:
		return "token_revoked"
	}
	if c, there := k.channels[args.text("channel")]; there && c.team != team.id {
		return "channel_not_found"
	}
	args[callingTeam] = quoted(team.id)
	return ""
}

// withoutTeam answers the methods that no workspace's token is for.
func (k *Slack) withoutTeam(w http.ResponseWriter, r *http.Request, method, token string, args arguments) bool {
	switch method {
	case "apps.connections.open":
		k.openConnection(w, token)
	case "api.test":
		answerJSON(w, http.StatusOK, map[string]any{"ok": true})
	case "oauth.v2.access":
		k.access(w, r, args)
	case "apps.uninstall":
		k.uninstallByApp(w, token, args)
	default:
		return false
	}
	return true
}

func quoted(s string) json.RawMessage {
	text, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(`""`)
	}
	return text
}

// PressForged has a member of a workspace press a button that stands on no
// message: what a stranger would send who could sign as Slack does.
func (k *Slack) PressForged(ctx context.Context, team, user, channel, value string) (Answer, error) {
	forged := &slackMessage{Message: Message{ID: "1.000001", Channel: channel}, user: user}
	return k.act(ctx, team, user, channel, forged, map[string]any{
		"type": "button", "block_id": "actions", "action_id": "button-0", "value": value, "text": map[string]any{"type": "plain_text", "text": "forged"},
	})
}
