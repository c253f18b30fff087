package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"
	"github.com/slack-go/slack"
)

// TestDiscordMenusAndModals has a member choose from a menu, which opens a form,
// and send that, as discordgo's types describe all three.
func TestDiscordMenusAndModals(t *testing.T) {
	d := open(t).Discord()
	channel := d.AddChannel("c")
	bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var i discordgo.Interaction
		if err := json.Unmarshal(body, &i); err != nil {
			t.Errorf("discordgo cannot read %s: %v", body, err)
		}
		answer := discordgo.InteractionResponse{Type: discordgo.InteractionResponseModal, Data: &discordgo.InteractionResponseData{
			CustomID: "form", Title: "A note", Components: []discordgo.MessageComponent{
				discordgo.ActionsRow{Components: []discordgo.MessageComponent{discordgo.TextInput{CustomID: "note", Label: "Note", Style: discordgo.TextInputShort, Required: true, MaxLength: 10}}},
			},
		}}
		if i.Type == discordgo.InteractionMessageComponent && i.MessageComponentData().Values[0] != "b" {
			t.Errorf("the menu gave %v", i.MessageComponentData().Values)
		}
		if i.Type == discordgo.InteractionModalSubmit {
			row, _ := i.ModalSubmitData().Components[0].(*discordgo.ActionsRow)
			input, _ := row.Components[0].(*discordgo.TextInput)
			answer = discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource, Data: &discordgo.InteractionResponseData{
				Content: "noted: " + input.Value, Flags: discordgo.MessageFlagsEphemeral,
			}}
		}
		answerJSON(w, http.StatusOK, answer)
	}))
	t.Cleanup(bot.Close)
	d.SendInteractionsTo(bot.URL)
	_, text := ask(t, http.MethodPost, d.URL()+"/api/v10/channels/"+channel+"/messages", "Bot "+d.Token(),
		`{"flags":32768,"components":[{"type":1,"components":[{"type":3,"custom_id":"menu","options":[{"label":"A","value":"a"},{"label":"B","value":"b"}]}]}]}`)
	all := d.Messages(channel)
	if len(all) != 1 {
		t.Fatalf("the message with a menu is refused: %s", text)
	}
	if _, err := d.Select(t.Context(), "ada", all[0].ID, "menu", []string{"c"}); err == nil {
		t.Error("an option that is not there can be chosen")
	}
	opened, err := d.Select(t.Context(), "ada", all[0].ID, "menu", []string{"b"})
	if err != nil || opened.Modal == nil {
		t.Fatalf("no form opened: %+v, %v", opened, err)
	}
	for why, fields := range map[string]map[string][]string{"required": {}, "characters": {"note": {"longer than ten"}}} {
		if _, err := d.Submit(t.Context(), "ada", opened.Modal.ID, fields); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("the fields %v: %v, want %q", fields, err, why)
		}
	}
	if _, err := d.Submit(t.Context(), "bob", opened.Modal.ID, map[string][]string{"note": {"x"}}); err == nil {
		t.Error("another member can send the form")
	}
	done, err := d.Submit(t.Context(), "ada", opened.Modal.ID, map[string][]string{"note": {"hello"}})
	if err != nil || !done.Private || done.Message.Text != "noted: hello" {
		t.Errorf("after the form: %+v, %v", done, err)
	}
}

// TestSlackMenusAndViews is the same on Slack, whose app opens the form itself.
func TestSlackMenusAndViews(t *testing.T) {
	k := open(t).Slack()
	channel := k.AddChannel("c")
	client := slack.New(k.BotToken(), slack.OptionAPIURL(k.URL()))
	view := slack.ModalViewRequest{
		Type: slack.VTModal, Title: slack.NewTextBlockObject(slack.PlainTextType, "A note", false, false), Submit: slack.NewTextBlockObject(slack.PlainTextType, "Send", false, false), CallbackID: "form",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("b1", slack.NewTextBlockObject(slack.PlainTextType, "Note", false, false), nil, slack.NewPlainTextInputBlockElement(nil, "note")),
		}},
	}
	said := make(chan string, 1)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c slack.InteractionCallback
		if err := json.Unmarshal([]byte(r.FormValue("payload")), &c); err != nil {
			t.Errorf("slack-go cannot read %s: %v", r.FormValue("payload"), err)
		}
		if c.Type == slack.InteractionTypeViewSubmission {
			note := c.View.State.Values["b1"]["note"].Value
			if note == "no" {
				answerJSON(w, http.StatusOK, slack.NewErrorsViewSubmissionResponse(map[string]string{"b1": "say something else"}))
				return
			}
			said <- note
			return
		}
		if got := c.ActionCallback.BlockActions[0].SelectedOption.Value; got != "b" {
			t.Errorf("the menu gave %q", got)
		}
		if _, err := client.OpenViewContext(r.Context(), c.TriggerID, view); err != nil {
			t.Errorf("open the view: %v", err)
		}
	}))
	t.Cleanup(app.Close)
	k.SendCommandsTo(app.URL, app.URL)
	option := func(v string) *slack.OptionBlockObject {
		return slack.NewOptionBlockObject(v, slack.NewTextBlockObject(slack.PlainTextType, v, false, false), nil)
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, slack.NewTextBlockObject(slack.PlainTextType, "Choose", false, false), "menu", option("a"), option("b"))
	_, ts, err := client.PostMessageContext(t.Context(), channel, slack.MsgOptionText("menu", false), slack.MsgOptionBlocks(slack.NewActionBlock("", menu)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Select(t.Context(), "ada", channel, ts, "menu", "c"); err == nil {
		t.Error("an option that is not there can be chosen")
	}
	opened, err := k.Select(t.Context(), "ada", channel, ts, "menu", "b")
	if err != nil || opened.Modal == nil {
		t.Fatalf("no form opened: %+v, %v", opened, err)
	}
	for why, note := range map[string]string{"required": "", "say something else": "no"} {
		if _, err := k.Submit(t.Context(), "ada", opened.Modal.ID, map[string][]string{"note": {note}}); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("the note %q: %v, want %q", note, err, why)
		}
	}
	if _, err := k.Submit(t.Context(), "ada", opened.Modal.ID, map[string][]string{"note": {"hello"}}); err != nil {
		t.Error(err)
	}
	if got := <-said; got != "hello" {
		t.Errorf("the app was told %q", got)
	}
	if _, err := k.Submit(t.Context(), "ada", opened.Modal.ID, map[string][]string{"note": {"again"}}); err == nil {
		t.Error("a form can be sent twice")
	}
}
