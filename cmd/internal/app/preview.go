package app

import "net/http"

func (p *panel) servePreviews(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []any{})
}
