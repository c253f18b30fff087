package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// pageRequest is what a visitor typed, pressed, chose or filled in. Do says
// which; the rest is read as that needs it.
type pageRequest struct {
	Do       string              `json:"do"` // say, run, press, select, submit or dismiss
	Platform string              `json:"platform"`
	Channel  string              `json:"channel"`
	Text     string              `json:"text"`
	Message  string              `json:"message"`
	Value    string              `json:"value"`  // of a button
	Menu     string              `json:"menu"`   // Discord's custom_id, Slack's action_id
	Values   []string            `json:"values"` // chosen in it
	Modal    string              `json:"modal"`
	Fields   map[string][]string `json:"fields"`
	Command  string              `json:"command"`
	Sub      []string            `json:"sub"`
	Options  map[string]string   `json:"options"`
	Focused  string              `json:"focused"`
}

func (p pageRequest) invocation() Invocation {
	return Invocation{User: member, Channel: p.Channel, Command: p.Command, Sub: p.Sub, Options: p.Options}
}

// pageAct does what the visitor did, through the same interactions as any
// member.
func (s *Sandbox) pageAct(w http.ResponseWriter, r *http.Request) {
	var p pageRequest
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&p)
	var a Answer
	if err == nil {
		if p.Platform == "discord" {
			a, err = s.discord.actFor(r.Context(), p)
		} else {
			a, err = s.slack.actFor(r.Context(), p)
		}
	}
	if err != nil {
		answerJSON(w, http.StatusOK, map[string]any{"error": err.Error()})
		return
	}
	answer := map[string]any{"private": a.Private, "modal": a.Modal}
	if m, there := s.message(p.Platform, p.Channel, a.Message.ID); there {
		answer["message"] = m
	}
	answerJSON(w, http.StatusOK, answer)
}

func (d *Discord) actFor(ctx context.Context, p pageRequest) (Answer, error) {
	switch p.Do {
	case "say":
		return d.RunText(ctx, member, p.Channel, p.Text)
	case "run":
		return d.Run(ctx, p.invocation())
	case "press":
		return d.Press(ctx, member, p.Message, p.Value)
	case "select":
		return d.Select(ctx, member, p.Message, p.Menu, p.Values)
	case "submit":
		return d.Submit(ctx, member, p.Modal, p.Fields)
	case "dismiss":
		d.mu.Lock()
		defer d.mu.Unlock()
		if m := d.shown[p.Message]; m != nil && m.user == member {
			delete(d.shown, p.Message)
		}
		return Answer{Nothing: true}, nil
	}
	return Answer{}, fmt.Errorf("nobody can %q on Discord", p.Do)
}

func (k *Slack) actFor(ctx context.Context, p pageRequest) (Answer, error) {
	switch p.Do {
	case "say":
		return k.RunText(ctx, member, p.Channel, p.Text)
	case "press":
		return k.Press(ctx, member, p.Channel, p.Message, p.Value)
	case "select":
		if len(p.Values) != 1 {
			return Answer{}, errors.New("choose one")
		}
		return k.Select(ctx, member, p.Channel, p.Message, p.Menu, p.Values[0])
	case "submit":
		return k.Submit(ctx, member, p.Modal, p.Fields)
	}
	return Answer{}, fmt.Errorf("nobody can %q on Slack", p.Do)
}

// pageComplete asks the bot for suggestions while the visitor types.
func (s *Sandbox) pageComplete(w http.ResponseWriter, r *http.Request) {
	var p pageRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&p); err != nil {
		answerJSON(w, http.StatusBadRequest, map[string]any{"error": "the request is not readable"})
		return
	}
	choices, err := s.discord.Complete(r.Context(), p.invocation(), p.Focused)
	if err != nil {
		answerJSON(w, http.StatusOK, map[string]any{"error": err.Error(), "choices": []Choice{}})
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{"choices": choices})
}
