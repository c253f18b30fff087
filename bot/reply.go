package bot

import "sparkbot/notify"

// Reply is the answer to a Request.
type Reply struct {
	// Message may be shared by other replies, so nobody may change it.
	Message notify.Message
	// Private shows it only to the one who asked.
	Private bool
	// Update puts it in place of the message whose button was pressed, as turning
	// a page does.
	Update bool

	outcome Outcome  // empty: done
	encoded *encoded // of this very message, if it is shared
}

// Choice is one suggestion while a member types.
type Choice struct {
	Label string // what is shown, at most 100 characters
	Value string // what is sent, at most 100 characters
}
