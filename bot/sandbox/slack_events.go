package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// SendEventsTo has events sent to an address over signed HTTP; an empty one
// sends them over Socket Mode.
func (k *Slack) SendEventsTo(address string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.eventsURL = address
}

// Emit sends an event of a workspace and waits until the app has taken it:
// https://docs.slack.dev/apis/events-api
func (k *Slack) Emit(ctx context.Context, team string, event map[string]any) error {
	return k.EmitAs(ctx, team, "Ev"+randomText(), k.s.now(), event)
}

// EmitAs is Emit under an id and a time of one's own, as when Slack sends an
// event again.
func (k *Slack) EmitAs(ctx context.Context, team, id string, at time.Time, event map[string]any) error {
	return k.deliver(ctx, map[string]any{
		"type": "event_callback", "token": "unused", "team_id": team, "api_app_id": k.appID, "event": event,
		"event_id": id, "event_time": at.Unix(),
		"authorizations": []any{map[string]any{"enterprise_id": nil, "team_id": team, "user_id": k.botUser, "is_bot": true, "is_enterprise_install": false}},
	})
}

func (k *Slack) deliver(ctx context.Context, envelope map[string]any) error {
	k.mu.Lock()
	endpoint := k.eventsURL
	k.mu.Unlock()
	if endpoint == "" {
		_, err := k.overSocket(ctx, "events_api", envelope)
		return err
	}
	text, err := json.Marshal(envelope)
	if err != nil {
		return err
	}
	_, err = k.signedBody(ctx, endpoint, "application/json", string(text))
	return err
}

// VerifyEventsURL asks the app for a challenge, as when its address is entered.
func (k *Slack) VerifyEventsURL(ctx context.Context) error {
	k.mu.Lock()
	endpoint := k.eventsURL
	k.mu.Unlock()
	challenge := randomText()
	answer, err := k.signedBody(ctx, endpoint, "application/json", `{"token":"unused","type":"url_verification","challenge":"`+challenge+`"}`)
	if err == nil && string(answer) != challenge {
		err = fmt.Errorf("the app answers the challenge with %q", answer)
	}
	return err
}

// OpenHome has a member open the app's home.
func (k *Slack) OpenHome(ctx context.Context, team, user string) error {
	return k.Emit(ctx, team, map[string]any{"type": "app_home_opened", "user": k.userID(user), "channel": "D0SPARKBOT", "tab": "home", "event_ts": "1.2"})
}

// Home gives what a member sees in the app's home; false when nothing was
// published for them.
func (k *Slack) Home(team, user string) (Message, bool) {
	id := k.userID(user)
	k.mu.Lock()
	defer k.mu.Unlock()
	m, there := k.homes[team+" "+id]
	if !there {
		return Message{}, false
	}
	return m.Message, true
}

// homeBlocks is how many blocks a home holds:
// https://docs.slack.dev/reference/views/home-tab-views
const homeBlocks = 100

// publishView is views.publish.
func (k *Slack) publishView(args arguments) (map[string]any, *refused) {
	var view struct {
		Type   string           `json:"type"`
		Blocks []map[string]any `json:"blocks"`
	}
	raw := args["view"]
	var text string
	if json.Unmarshal(raw, &text) == nil { // as a form sends it
		raw = json.RawMessage(text)
	}
	if err := json.Unmarshal(raw, &view); err != nil || view.Type != "home" || len(view.Blocks) == 0 {
		return nil, &refused{code: "invalid_arguments", details: []string{"[ERROR] a view of type home with blocks is needed [json-pointer:/view]"}}
	}
	if err := checkHome(view.Blocks); err != nil {
		return nil, &refused{code: "invalid_arguments", details: []string{err.Error()}}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.userName(args.text("user_id")); !known {
		return nil, &refused{code: "user_not_found"}
	}
	team := args.text(callingTeam)
	m := k.message(&slackChannel{team: team}, slackBody{Blocks: view.Blocks})
	k.homes[team+" "+args.text("user_id")] = m
	return map[string]any{"view": map[string]any{"id": "V" + m.ID, "type": "home"}}, nil
}

func checkHome(blocks []map[string]any) error {
	if len(blocks) > homeBlocks {
		return errors.New("[ERROR] no more than 100 items allowed [json-pointer:/view/blocks]")
	}
	c := &blockCheck{ids: map[string]bool{}}
	for i, block := range slices.All(blocks) {
		if err := c.block(block); err != nil {
			return fmt.Errorf("[ERROR] %w [json-pointer:/view/blocks/%d]", err, i)
		}
	}
	return nil
}
