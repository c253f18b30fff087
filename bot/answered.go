package bot

import (
	"cmp"
	"runtime/debug"
	"time"
)

// Outcome is how a command ended.
type Outcome string

// A command was carried out, refused in words for the member, or failed on our
// side.
const (
	OutcomeDone    Outcome = "done"
	OutcomeRefused Outcome = "refused"
	OutcomeFailed  Outcome = "failed"
)

// Answered is a command that was answered.
type Answered struct {
	Request Request
	Outcome Outcome
	Took    time.Duration
}

// tell gives what is to be deferred by the answer to r, which began at a time: it
// makes a panic an apology, logs the request under its id and tells the hook.
func (b *Bot) tell(r Request, began time.Time) func(*Reply) {
	return func(reply *Reply) {
		if p := recover(); p != nil {
			b.log.Error("a command panicked", "request", r.ID, "verb", r.Command.Verb, "panic", p, "stack", string(debug.Stack()))
			*reply = b.sorry()
		}
		a := Answered{Request: r, Outcome: cmp.Or(reply.outcome, OutcomeDone), Took: b.now().Sub(began)}
		b.log.Debug("a command is answered", "request", r.ID, "verb", r.Command.Verb, "platform", r.Platform, "workspace", r.Workspace,
			"channel", r.Channel, "button", r.Button, "outcome", a.Outcome, "took", a.Took)
		if b.answered != nil {
			b.answered(a)
		}
	}
}
