package app

import (
	"encoding/json"
	"net/http"

	"sparkbot/notify"
	"sparkbot/notify/compose"
)

// preview is a message the tests hold a golden of, as both adapters encode it.
type preview struct {
	Name    string       `json:"name"`
	At      int64        `json:"at"`
	Discord previewShown `json:"discord"`
	Slack   previewShown `json:"slack"`
}

// previewShown is a body, or why there is none.
type previewShown struct {
	Body  json.RawMessage `json:"body,omitempty"`
	Error string          `json:"error,omitempty"`
}

// encoder is an adapter's way from a message to a body.
type encoder interface {
	Encode(m notify.Message) (notify.Body, error)
}

// servePreviews encodes every golden anew.
func (p *panel) servePreviews(w http.ResponseWriter, _ *http.Request) {
	goldens, err := compose.Goldens()
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	all := make([]preview, len(goldens))
	for i, g := range goldens {
		all[i] = preview{
			Name: g.Name, At: p.clock.Now().UnixMilli(),
			Discord: shownBy(p.app.discord, g.Message, `{"components":[`, `]}`), Slack: shownBy(p.app.slack, g.Message, "", ""),
		}
	}
	writeJSON(w, http.StatusOK, all)
}

func shownBy(e encoder, m notify.Message, before, after string) previewShown {
	body, err := e.Encode(m)
	if err != nil {
		return previewShown{Error: err.Error()}
	}
	return previewShown{Body: json.RawMessage(before + string(body.Content) + after)}
}
