package deliver

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/chart"
	"sparkbot/notify/pace"
	"sparkbot/store"
)

// Queue is the durable queue of deliveries.
type Queue interface {
	// Claim leases deliveries that are due, at most one of a place: its oldest. What it
	// gives is the caller's.
	Claim(ctx context.Context, r store.ClaimRequest) ([]store.Claimed, error)
	// Settle ends claims, all or none. It gives the ids on which it had no effect
	// because their fence had moved on, and whether anything may be due for it that
	// was not. It must not keep s, which is used again.
	Settle(ctx context.Context, s []store.Settlement) (stale []int64, freed bool, err error)
	// Merge has open alerts of its place join a claimed one, whose message is to
	// tell of them as well, and gives those that did.
	Merge(ctx context.Context, delivery, fence int64, others []int64) (joined []int64, err error)
	// NextDue gives the earliest due time or lease end of the open deliveries,
	// which may be past, and false when there are none.
	NextDue(ctx context.Context, now time.Time) (time.Time, bool, error)
	// MendTimes brings forward to now what is due after latest, and ends leases at
	// lease that last longer.
	MendTimes(ctx context.Context, now, latest, lease time.Time) (int, error)
}

// Library is where the facts of a message are read.
type Library interface {
	Absences
	Move(ctx context.Context, id int64) (store.Move, error)
	Project(ctx context.Context, id int64) (store.Project, error)
	Pulse(ctx context.Context, projectIDs ...int64) (map[int64][]store.Move, error)
	// Moves gives a project's moves, newest first; all of them for 0.
	Moves(ctx context.Context, projectID int64, limit int) ([]store.Move, error)
	// Snapshots gives velocities as they were told, from a day on.
	Snapshots(ctx context.Context, from time.Time, projectIDs ...int64) (map[int64][]store.Snapshot, error)
	// Turning gives store.ErrNotFound when its project is gone.
	Turning(ctx context.Context, id int64) (store.Turning, error)
}

// Sender speaks to one platform.
type Sender interface {
	// Encode turns a message into a body inside the platform's limits. Its errors
	// are final.
	Encode(m notify.Message) (notify.Body, error)
	// Post sends a body to one place, and must not change it: other posts share
	// it. Its errors hold a *notify.Failure; any other error is Transient.
	Post(ctx context.Context, e notify.Envelope, body notify.Body) (notify.Receipt, error)
	// Edit puts a body in place of a message that was posted before. It may be
	// repeated without harm. Its failures are those of Post, and Missing when the
	// message is not there or can no longer be edited.
	Edit(ctx context.Context, e notify.Envelope, messageID string, body notify.Body) error
	// Find looks for a message that was posted under the envelope's nonce at since
	// or later, by our clock, and gives its id, or "" when there is none. asked is
	// false when the platform forbids the question. Its errors are as those of
	// Post, and say only that the question was not answered.
	Find(ctx context.Context, e notify.Envelope, since time.Time) (messageID string, asked bool, err error)
}

// Limit is what one platform publishes of its limits for a place. Its limits for
// all requests together are a pace.Budget's; what it says in its answers, such as
// Discord's limits per channel, the Sender passes on.
type Limit struct {
	// PlaceEvery is how long to leave a place alone after a post to it.
	PlaceEvery time.Duration
}

// DefaultLimits are the limits the platforms publish: Slack allows one message a
// second and channel (https://docs.slack.dev/apis/web-api/rate-limits#posting).
func DefaultLimits() map[store.Platform]Limit {
	return map[store.Platform]Limit{store.Slack: {PlaceEvery: time.Second}}
}

// Defaults of Options.
const (
	DefaultWorkers     = 64
	DefaultLease       = 20 * time.Second
	DefaultSendTimeout = 10 * time.Second
	DefaultGrace       = 10 * time.Second
	DefaultPoll        = 6 * time.Second
)

// Options say how a Worker works. Now is required; the zero value of anything
// else means its default.
type Options struct {
	Now  func() time.Time
	Rand func() float64 // chance from 0 up to 1; called from many goroutines
	Log  *slog.Logger
	// Workers is how many posts may be under way on each platform.
	Workers int
	// Lease is how long a claim lasts. One shorter than twice SendTimeout is
	// made that long.
	Lease       time.Duration
	SendTimeout time.Duration // how long one post may take
	// Grace is how long Run may go on after its context ended. The last tenth of
	// it is kept for recording what became of the posts.
	Grace time.Duration
	// Poll is how long the queue is left unasked without a wake-up.
	Poll time.Duration
	// Burst is how many alerts may be due for a place within a minute and still come
	// one by one; more of them become one message. 0 sends all one by one.
	Burst int
	// Digests says what digests are about. Without it they are left to a process
	// that has it.
	Digests Digests
	// Studio draws the pictures of messages that have one; nil draws none.
	Studio *chart.Studio
	// Limits replace those of DefaultLimits, platform by platform.
	Limits map[store.Platform]Limit
	// Budgets bound what is asked of each platform, in other rooms too: each call
	// of a Sender that sends begins with a turn taken here. None: no bound.
	Budgets map[store.Platform]*pace.Budget
	// Yield is called before every post and waits for as long as others go first,
	// milliseconds and not seconds. nil: none ever do.
	Yield func(ctx context.Context) bool
	// Sent is told of every claim that ended, once that is recorded. It is called
	// from one goroutine and holds up the records of others, so it must be quick.
	Sent func(Event)
}

// Event is a claim that ended. Settlement.Outcome says how.
type Event struct {
	Delivery   store.Delivery // as it was claimed
	Place      store.Place
	Settlement store.Settlement
	Receipt    notify.Receipt  // of a message that was accepted
	Failure    *notify.Failure // why the post failed, or nil
	Took       time.Duration   // how long the post took; 0 when none was tried
	// StoredAt is when a move that is told as it was stored was stored, or else
	// when the delivery was owed.
	StoredAt time.Time
	// Stale is set when the record had no effect: another worker holds the
	// delivery by now, or an earlier try at recording worked and its answer was
	// lost.
	Stale bool
}

// withDefaults fills what was left zero.
func (o Options) withDefaults() Options {
	o.Workers = cmp.Or(o.Workers, DefaultWorkers)
	o.SendTimeout = cmp.Or(o.SendTimeout, DefaultSendTimeout)
	o.Lease = max(cmp.Or(o.Lease, DefaultLease), 2*o.SendTimeout)
	o.Grace = cmp.Or(o.Grace, DefaultGrace)
	o.Poll = cmp.Or(o.Poll, DefaultPoll)
	limits := DefaultLimits()
	maps.Copy(limits, o.Limits)
	o.Limits = limits
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Yield == nil {
		o.Yield = func(context.Context) bool { return false }
	}
	if o.Sent == nil {
		o.Sent = func(Event) {}
	}
	return o
}

// slack is how long after its claim a post may begin: the time a lease leaves
// beside the post itself, less a tenth for the record and for clocks.
func (o Options) slack() time.Duration {
	return (o.Lease - o.SendTimeout) * 9 / 10
}
