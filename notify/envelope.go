package notify

import "time"

// Envelope is what differs from place to place while the body stays the same.
type Envelope struct {
	Workspace string
	// Channel is a channel's id or, with an @ in front, a member's, who then gets
	// a direct message.
	Channel string
	// Nonce is at most 25 characters and names this delivery on the platform, so
	// that a second send of it can be recognized.
	Nonce string
	// Roles are the ids of the Discord roles to mention; the only mentions a
	// message can make.
	Roles []string
}

// Receipt is what a platform answered to a message it accepted.
type Receipt struct {
	MessageID string
	// Pause is how long the platform's rate headers ask to wait before the next
	// message to the same channel; zero for none.
	Pause time.Duration
}
