package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sparkbot/bot/sandbox"
)

// TestPageForms draws what the bot does not send yet, menus and forms, and works
// them as a visitor does: another bot answers, over signed HTTP.
func TestPageForms(t *testing.T) {
	browser(t)
	world, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	onDiscord, onSlack := world.Discord().AddChannel("forms"), world.Slack().AddChannel("forms")
	said := make(chan string, 2)
	other := httptest.NewServer(formsBot(t, world, said))
	t.Cleanup(other.Close)
	world.Discord().SendInteractionsTo(other.URL + "/discord")
	world.Slack().SendCommandsTo(other.URL+"/slack", other.URL+"/slack")
	tell(t, world.Discord().URL()+"/api/v10/channels/"+onDiscord+"/messages", "Bot "+world.Discord().Token(),
		`{"flags":32768,"components":[{"type":17,"components":[{"type":10,"content":"Which one?"},{"type":1,"components":[{"type":3,"custom_id":"menu","placeholder":"Choose one","options":[{"label":"First","value":"a"},{"label":"Second","value":"b"}]}]}]}]}`)
	tell(t, world.Slack().URL()+"chat.postMessage", "Bearer "+world.Slack().BotToken(), `{"channel":"`+onSlack+`","text":"Which one?","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"Which *one*?"},
		"accessory":{"type":"static_select","action_id":"menu","placeholder":{"type":"plain_text","text":"Choose one"},"options":[{"text":{"type":"plain_text","text":"First"},"value":"a"},{"text":{"type":"plain_text","text":"Second"},"value":"b"}]}}]}`)

	v := visit(t, world.URL(), desktop)
	for _, channel := range []string{inDiscord, inSlack} {
		v.reads(channel, "Which one?")
		v.waits("a menu is there", fmt.Sprintf(`document.querySelector(%q)?.options.length === 3`, channel+" select[aria-label='Choose one']"))
		v.do("choose the second", setMenu(channel+" select[aria-label='Choose one']", "b"))
		v.reads("dialog[open]", "Why b?")
		v.types("dialog[open] input", "because")
		v.press("dialog[open]", map[string]string{inDiscord: "Submit", inSlack: "Send"}[channel])
		if got := <-said; got != "b because" {
			t.Errorf("the other bot was told %q by %s", got, channel)
		}
		v.waits("the form is closed", `document.querySelector("dialog[open]") === null`)
	}
	v.reads(inDiscord, "noted")
	v.reads(inDiscord, "Only you can see this")
	v.satisfied()
}

// formsBot answers a menu with a form, and a form with thanks.
func formsBot(t *testing.T, world *sandbox.Sandbox, said chan<- string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /discord", func(w http.ResponseWriter, r *http.Request) {
		var i struct {
			Type int `json:"type"`
			Data struct {
				Values     []string `json:"values"`
				CustomID   string   `json:"custom_id"`
				Components []struct {
					Component struct {
						Value string `json:"value"`
					} `json:"component"`
				} `json:"components"`
			} `json:"data"`
		}
		if err := json.NewDecoder(r.Body).Decode(&i); err != nil {
			t.Error(err)
		}
		answer := fmt.Sprintf(`{"type":9,"data":{"custom_id":"%[1]s","title":"Why %[1]s?","components":[{"type":18,"label":"Reason","component":{"type":4,"custom_id":"why","style":1}}]}}`, strings.Join(i.Data.Values, ","))
		if i.Type == 5 {
			said <- i.Data.CustomID + " " + i.Data.Components[0].Component.Value
			answer = `{"type":4,"data":{"content":"noted","flags":64}}`
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	})
	mux.HandleFunc("POST /slack", func(w http.ResponseWriter, r *http.Request) {
		var p struct {
			Type    string `json:"type"`
			Trigger string `json:"trigger_id"`
			Actions []struct {
				Selected struct {
					Value string `json:"value"`
				} `json:"selected_option"`
			} `json:"actions"`
			View struct {
				Callback string `json:"callback_id"`
				State    struct {
					Values map[string]map[string]struct {
						Value string `json:"value"`
					} `json:"values"`
				} `json:"state"`
			} `json:"view"`
		}
		if err := json.Unmarshal([]byte(r.FormValue("payload")), &p); err != nil {
			t.Error(err)
		}
		if p.Type == "view_submission" {
			said <- p.View.Callback + " " + p.View.State.Values["reason"]["why"].Value
			return
		}
		value := p.Actions[0].Selected.Value
		tell(t, world.Slack().URL()+"views.open", "Bearer "+world.Slack().BotToken(), fmt.Sprintf(`{"trigger_id":%q,"view":{"type":"modal","callback_id":%[2]q,
			"title":{"type":"plain_text","text":"Why %[2]s?"},"submit":{"type":"plain_text","text":"Send"},
			"blocks":[{"type":"input","block_id":"reason","label":{"type":"plain_text","text":"Reason"},"element":{"type":"plain_text_input","action_id":"why"}}]}}`, p.Trigger, value))
	})
	return mux
}

// tell posts JSON as a bot does.
func tell(t *testing.T, address, token, body string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	r.Header.Set("Authorization", token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || strings.Contains(string(text), `"ok":false`) {
		t.Errorf("%s: status %d, %s, %v", address, resp.StatusCode, text, err)
	}
}
