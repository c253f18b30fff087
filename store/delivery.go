package store

import "time"

// State is where a delivery stands. The legal ways from one to another are:
// waiting → sending (claimed) → sent, failed, cancelled, or back to waiting or
// to held; held → sending when its time has come. The last three are final.
type State string

const (
	// StateWaiting is due at DueAt and keeps later deliveries of its place back.
	StateWaiting State = "waiting"
	// StateSending is leased to a worker until LeaseUntil.
	StateSending State = "sending"
	// StateHeld waits for the end of a mute, or for the return of a place that is
	// gone, and keeps nothing back.
	StateHeld State = "held"
	// StateSent was accepted by the platform.
	StateSent State = "sent"
	// StateFailed was given up; Reason says why.
	StateFailed State = "failed"
	// StateCancelled has nothing left to say: the move was retracted, or a place
	// was gone for too long.
	StateCancelled State = "cancelled"
)

// DeliveryKind is what a delivery says.
type DeliveryKind string

const (
	// DeliveryAlert tells of one move.
	DeliveryAlert DeliveryKind = "alert"
	// DeliveryTest shows a member that alerts arrive here.
	DeliveryTest DeliveryKind = "test"
	// DeliveryDigest tells of a week.
	DeliveryDigest DeliveryKind = "digest"
	// DeliveryTrend tells of a project whose momentum turned.
	DeliveryTrend DeliveryKind = "trend"
	// DeliveryEdit puts a message that was posted right after a move it tells of
	// has changed or was taken back.
	DeliveryEdit DeliveryKind = "edit"
	// DeliveryNotice tells a member that a place is gone, see GoneKey.
	DeliveryNotice DeliveryKind = "notice"
)

// The ranks of the queue: all that is news goes before any digest.
const (
	RankNews   = 0
	RankDigest = 1
)

// TakenBack is the reason of an alert that was cancelled because its move was
// retracted or deleted before it was posted. A move that stands again is told anew
// where its alert ended so.
const TakenBack = "the move was retracted before it was posted"

// EditPatience is how long an edit is tried, counted from when it is owed.
const EditPatience = 6 * time.Hour

// Delivery is one message owed to one place. Its words are not kept: they are
// composed from the move as it stands when the delivery is claimed.
type Delivery struct {
	ID      int64
	PlaceID int64
	Kind    DeliveryKind
	// Key is unique within the place, so that no message can be owed twice:
	// "move:<id>" for an alert, "edit:<move>:<revision>" for an edit,
	// "test:<request>" for a test,
	// "trend:<project>:<turn>:<date>" for a trend, "digest:<its time>" or "digest:<request>" for a
	// digest.
	Key    string
	MoveID int64 // of an alert and an edit
	// TargetID is, of an edit, the delivery whose message it edits.
	TargetID int64
	// MergedInto is the delivery whose message tells of this one's move as well:
	// it is to, once this one is sent it does.
	MergedInto int64
	// Held says that a mute, quiet hours or an absence kept it back. Whatever of a
	// place was held and is due belongs into one catch-up message: to have something
	// caught up, set it to StateHeld with Held, due when it may be said.
	Held bool
	// Shown is the move's revision as the message shows it: the posted one or,
	// while that is on its way, the one that may have arrived. 0 while there is none.
	Shown int64
	// TurningID is what a trend message tells of; 0 for every other kind.
	TurningID int64
	// EditionID is what a digest is about; 0 for every other kind.
	EditionID int64
	// Rank is RankNews or RankDigest. Those of a place go by rank, then by age.
	Rank  int
	State State
	// Roles are the ids of the Discord roles the message mentions.
	Roles []string
	// Attempt counts the sends that were really tried.
	Attempt int
	// Fence is raised with every claim. Only the worker that holds the present
	// one may settle the delivery.
	Fence      int64
	DueAt      time.Time
	LeaseUntil time.Time
	GiveUpAt   time.Time // tried no more after this
	MessageID  string    // the platform's id of the posted message
	Reason     string    // why it failed, was held or was cancelled, in words
	CreatedAt  time.Time
	SettledAt  time.Time
	BegunAt    time.Time // of the last claim
	// UnsureAt is since when the message may have arrived without our knowing;
	// zero when it surely has not, or surely has.
	UnsureAt time.Time
}

// Claimed is a delivery leased to a worker, with what is needed to send it.
type Claimed struct {
	Delivery
	Place Place
	// Revision and Retracted are the move's as it stands now; Revision is 0 for
	// a delivery without a move.
	Revision  int64
	Retracted bool
	// StoredAt is when the move was stored, if it is told as it was stored, or else
	// when the delivery was owed.
	StoredAt time.Time
	// RestUntil is until when the place is to be left alone, if that is after the
	// claim, which only ClaimRequest.Early allows.
	RestUntil time.Time
	// MutedUntil is the end of the mutes that cover this delivery, or zero.
	MutedUntil time.Time
	// MuteDrops says that one of them wants nothing caught up.
	MuteDrops bool
	// Company are, of an alert or a trend, the others that are open at the place, in
	// their order, fewer than MaxParts; without ClaimRequest.Company only those that
	// are held or joined this one before.
	Company []Companion
	// Target is, of an edit, the delivery whose message it edits, an empty one when
	// that was deleted. It is nil for every other kind.
	Target *Delivery
	// Parts are, of an edit, the moves its message tells of. A worker that joins
	// others to an alert puts all of them here.
	Parts []Part
	// Again is set when an earlier lease ran out without being settled, so the
	// message may already have arrived.
	Again bool
}

// Part is one move, or one turn, in a message that is to be edited or tells of
// several.
type Part struct {
	DeliveryID int64 // what owed it to the place
	MoveID     int64
	TurningID  int64 // of a turn, which has no move and no revision
	Revision   int64 // the move's as it stands now
	Shown      int64 // the move's as the message shows it, 0 while it does not
	Retracted  bool  // or deleted
}

// MaxParts is how many moves one message tells of at most, whether it has room to
// name them all or not.
const MaxParts = 100

// Companion is an open alert or trend of the place of a claimed one.
type Companion struct {
	Part
	// MergedInto is the delivery whose message tells of it as well, or 0.
	MergedInto int64
	Held       bool
	Muted      bool // by a mute that is in force
	DueAt      time.Time
	Roles      []string
}

// Outcome is how a claim ended.
type Outcome string

const (
	// OutcomeSent was accepted by the platform under Settlement.MessageID.
	OutcomeSent Outcome = "sent"
	// OutcomeRetry is an attempt that failed and counts; due again at DueAt.
	OutcomeRetry Outcome = "retry"
	// OutcomeReleased is when nothing was tried (throttled, shutting down); due again
	// at DueAt and no attempt is counted.
	OutcomeReleased Outcome = "released"
	// OutcomeHeld is covered by a mute; due again at DueAt, keeping nothing back.
	OutcomeHeld Outcome = "held"
	// OutcomeFailed is given up for Reason.
	OutcomeFailed Outcome = "failed"
	// OutcomeCancelled has nothing left to say, for Reason.
	OutcomeCancelled Outcome = "cancelled"
	// OutcomeGone says that the place is gone. The place is disabled with Reason, and
	// what it is owed is held for its return; what would make no sense then is
	// cancelled.
	OutcomeGone Outcome = "gone"
)

// Settlement ends a claim. It has no effect when the delivery's fence has moved
// on, because then another worker holds the delivery.
type Settlement struct {
	DeliveryID int64
	Fence      int64
	Outcome    Outcome
	At         time.Time
	DueAt      time.Time // for retry, released and held
	GiveUpAt   time.Time // when not zero, replaces the delivery's own
	// UnsureAt, when not zero, is since when the message may have arrived. An
	// earlier doubt stays.
	UnsureAt  time.Time
	MessageID string
	Reason    string
	Workspace bool // for gone: the whole workspace is, with every place in it
	// RestUntil, when not zero, is until when nobody is handed anything else for the
	// place: other replicas know nothing of what this one sent.
	RestUntil time.Time
	// Apart, of a retry, leaves those on their own again who joined its message.
	Apart bool
	// Shown are, of what was sent, the moves the message shows now, each with the
	// revision it was composed from or an earlier one. One that has a later revision
	// by then is owed an edit in the same transaction.
	Shown []Part
}
