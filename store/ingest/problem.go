package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"sparkbot/store"
)

// problem is an error as RFC 9457 has it.
type problem struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Detail string    `json:"detail"`
	Errors []mistake `json:"errors,omitempty"`
	// Request is what the log calls this request.
	Request string `json:"request_id,omitempty"`
}

// mistake is one thing that is wrong with a body.
type mistake struct {
	Pointer string `json:"pointer"` // RFC 6901; empty is the whole body
	Detail  string `json:"detail"`
}

// Error makes a problem an error on its way to the answer.
func (p *problem) Error() string { return p.Detail }

// trouble makes a problem of a kind, such as not-found.
func trouble(status int, kind, format string, args ...any) *problem {
	return &problem{Type: "urn:sparkbot:problem:" + kind, Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
}

// explain turns any error into what the client is told. known is false when it is
// ours to mend, so that its words belong into the log and not into the answer.
func explain(err error) (p *problem, known bool) {
	if p, ok := errors.AsType[*problem](err); ok {
		return p, true
	}
	if e, ok := errors.AsType[*Error](err); ok {
		switch {
		case errors.Is(e, store.ErrConflict):
			p = trouble(http.StatusConflict, "conflict", "%s", e.Error())
		case errors.Is(e, errUnreadable):
			p = trouble(http.StatusBadRequest, "unreadable", "%s", e.Error())
		default:
			p = trouble(http.StatusUnprocessableEntity, "invalid", "%s", e.Error())
		}
		p.Errors = []mistake{{e.Pointer(), e.Reason}}
		return p, true
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return trouble(http.StatusRequestEntityTooLarge, "too-large", "a body has at most %d bytes; send fewer moves at a time", MaxBody), true
	}
	return trouble(http.StatusInternalServerError, "internal", "something went wrong on our side and nothing was stored; try again, and look for request_id in the log"), false
}

// send writes a problem.
func (p *problem) send(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	header.Del("ETag")
	w.WriteHeader(p.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p) // a reader that went away needs no answer
}
