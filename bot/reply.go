package bot

import (
	"errors"
	"slices"
	"sync"

	"sparkbot/notify"
)

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

// encoded is what a platform made of a message.
type encoded struct {
	once sync.Once
	body notify.Body
	err  error
}

// errBroken is what a message gives that was being encoded when a panic came.
var errBroken = errors.New("it could not be encoded; the log has why")

// Encode gives the reply's message as encode makes it, which it may have done for an
// earlier reply with the same message. The body must not be changed: others share it.
func (r Reply) Encode(encode func(notify.Message) (notify.Body, error)) (notify.Body, error) {
	e := r.encoded
	if e == nil {
		return encode(r.Message)
	}
	e.once.Do(func() {
		e.err = errBroken
		e.body, e.err = encode(r.Message)
	})
	return e.body, e.err
}

// WithoutPictures is the reply in words alone.
func (r Reply) WithoutPictures() Reply {
	r.Message.Blocks = slices.DeleteFunc(slices.Clone(r.Message.Blocks), func(b notify.Block) bool {
		_, picture := b.(notify.Picture)
		return picture
	})
	r.encoded = nil
	return r
}

// Choice is one suggestion while a member types.
type Choice struct {
	Label string // what is shown, at most 100 characters
	Value string // what is sent, at most 100 characters
}
