package sandbox

import (
	"context"
	"encoding/json"
	"time"
)

// The kinds of Event.
const (
	EventPosted   = "posted"   // a message of the bot stands in a channel
	EventEdited   = "edited"   // it was changed
	EventDeleted  = "deleted"  // it was taken away
	EventAnswered = "answered" // a member got an answer
	EventRefused  = "refused"  // a request of the bot was refused
	EventTold     = "told"     // whoever runs the sandbox has news for the page
)

// Event is something that happened on one of the platforms.
type Event struct {
	At        time.Time `json:"at"`
	Platform  string    `json:"platform"` // discord or slack
	Kind      string    `json:"kind"`
	Channel   string    `json:"channel"`
	MessageID string    `json:"message_id"`
	Text      string    `json:"text"`
	// Data is what Tell was given.
	Data json.RawMessage `json:"data,omitempty"`
}

// listenerBuffer is how many events one listener may be behind before it misses
// some; a page that reloads shows everything again.
const listenerBuffer = 1024

// Events gives what happens from now on, until ctx ends.
func (s *Sandbox) Events(ctx context.Context) <-chan Event {
	c := make(chan Event, listenerBuffer)
	s.mu.Lock()
	s.listeners[c] = struct{}{}
	s.mu.Unlock()
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.listeners, c)
		close(c)
	})
	return c
}

// Tell hands news of the program around the sandbox to the page. data is anything
// that encodes as JSON.
func (s *Sandbox) Tell(data any) {
	if text, err := json.Marshal(data); err == nil {
		s.publish(Event{Kind: EventTold, Data: text})
	}
}

// publish tells every listener, without waiting for any.
func (s *Sandbox) publish(e Event) {
	e.At = s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.listeners {
		select {
		case c <- e:
		default:
		}
	}
}
