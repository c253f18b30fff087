package notify

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what a failed send means for the next attempt.
type Kind int

const (
	// Transient may well succeed when tried again. Whatever is not known to be
	// anything else is transient.
	Transient Kind = iota
	// Throttled was refused for its rate and nothing was posted; it may be tried
	// again after Failure.After. It costs no attempt.
	Throttled
	// Permanent will be refused however often it is sent.
	Permanent
	// Gone says that the place itself no longer takes messages from the bot.
	Gone
	// Ambiguous may have been posted: the request was sent, the answer is lost.
	Ambiguous
	// Missing says that the message to be edited is not there any more, or can no
	// longer be edited.
	Missing
)

// String names the kind in one word.
func (k Kind) String() string {
	switch k {
	case Throttled:
		return "throttled"
	case Permanent:
		return "permanent"
	case Gone:
		return "gone"
	case Ambiguous:
		return "ambiguous"
	case Missing:
		return "missing"
	default:
		return "transient"
	}
}

// Scope is how much a throttle covers, or how much is gone.
type Scope int

// A throttle covers one channel, a workspace, the whole bot on a platform, or
// nothing but the message itself: an edit that has to wait keeps no other message
// back. What is gone is a channel, or a workspace with all of its channels.
const (
	ScopePlace Scope = iota
	ScopeWorkspace
	ScopePlatform
	ScopeMessage
)

// Failure is why a send failed, as an adapter classified it.
type Failure struct {
	Kind   Kind
	After  time.Duration // when Throttled: how long to wait
	Scope  Scope         // when Throttled: what must wait; when Gone: what is gone; see Unreached
	Reason string        // one clear sentence for people; never a secret
	Err    error         // the cause, if there is one; never a secret
}

// Error gives the kind, the reason and the cause.
func (f *Failure) Error() string {
	if f.Err == nil {
		return fmt.Sprintf("%s: %s", f.Kind, f.Reason)
	}
	return fmt.Sprintf("%s: %s: %v", f.Kind, f.Reason, f.Err)
}

// Unreached reports whether the platform was never reached, so that the failure
// says nothing of the message: a Transient one of ScopePlatform.
func (f *Failure) Unreached() bool { return f.Kind == Transient && f.Scope == ScopePlatform }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Classify finds the Failure inside err. An error that holds none is Transient,
// with its own text as the reason.
func Classify(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Kind: Transient, Reason: err.Error()}
}
