package bot

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/chart"
	"sparkbot/notify/digest"
	"sparkbot/store"
)

// Access asks a platform whether the bot may post in a channel. The error is one
// sentence that says what is missing and what to do about it. A channel of
// another workspace is refused.
type Access interface {
	CanPost(ctx context.Context, workspace, channel string) error
}

// Store is all the bot needs of the database.
type Store interface {
	Catalogue
	Places
	Subscriptions
	Silence
	Queue
	Digests
}

// Catalogue reads projects.
type Catalogue interface {
	Projects(ctx context.Context) ([]store.Project, error)
	ProjectBySlug(ctx context.Context, slug string) (store.Project, error)
	Moves(ctx context.Context, projectID int64, limit int) ([]store.Move, error)
	// Dossier gives a project with its moves, and its velocities as they were told from
	// a day on; store.ErrNotFound when there is none.
	Dossier(ctx context.Context, slug string, from time.Time) (store.Dossier, error)
	Pulse(ctx context.Context, projectIDs ...int64) (map[int64][]store.Move, error)
	// Snapshots gives velocities as they were told, from a day on.
	Snapshots(ctx context.Context, from time.Time, projectIDs ...int64) (map[int64][]store.Snapshot, error)
}

// Places finds and makes places.
type Places interface {
	PlaceAt(ctx context.Context, platform store.Platform, workspace, channel string) (store.Place, error)
	EnsurePlace(ctx context.Context, p store.Place) (store.Place, error)
	EnablePlace(ctx context.Context, id int64, now time.Time) error
	Log(ctx context.Context, q store.LogQuery) ([]store.LogEntry, error)
	// OpenWorkspace enables the places that were gone with their workspace.
	OpenWorkspace(ctx context.Context, w store.Workspace) (int, error)
	Listings(ctx context.Context, platform store.Platform, workspace string) ([]store.Listing, error)
}

// Subscriptions keeps what places hear of.
type Subscriptions interface {
	Subscribe(ctx context.Context, s store.Subscription) (store.Subscription, error)
	Unsubscribe(ctx context.Context, placeID int64, t store.Target) error
	UnsubscribeAll(ctx context.Context, placeID int64) (int, error)
	Subscriptions(ctx context.Context, placeID int64) ([]store.Subscription, error)
}

// Silence keeps mutes and quiet hours.
type Silence interface {
	// SetQuiet also makes due at now what was held, so that it is held anew or told.
	SetQuiet(ctx context.Context, placeID int64, q store.Quiet, now time.Time) error
	SetMute(ctx context.Context, m store.Mute) error
	ClearMutes(ctx context.Context, placeID int64, now time.Time) (int, error)
	Mutes(ctx context.Context, placeID int64, now time.Time) ([]store.Mute, error)
}

// Queue owes a delivery to a place.
type Queue interface {
	Enqueue(ctx context.Context, d store.Delivery) (store.Delivery, bool, error)
}

// Options are what a Bot is made with.
type Options struct {
	// Access has an entry for every platform that is configured.
	Access map[store.Platform]Access
	// MaxAge is how long ago a move may have happened to be alerted; a log tells it.
	MaxAge time.Duration
	Now    func() time.Time
	Log    *slog.Logger
	// Answered, when set, is told of every command. It is called before the reply
	// goes out, so it must be quick.
	Answered func(Answered)
}

// Bot answers commands. It is safe for concurrent use.
type Bot struct {
	store    Store
	desk     *digest.Desk // of the digests members look at
	access   map[store.Platform]Access
	charts   *chart.Studio
	cards    cards
	maxAge   time.Duration // of a move that is alerted
	now      func() time.Time
	log      *slog.Logger
	answered func(Answered)
}

// New makes a Bot on a store.
func New(s Store, o Options) *Bot {
	b := &Bot{store: s, desk: digest.NewDesk(s, nil), access: o.Access, charts: chart.New(), maxAge: o.MaxAge, now: o.Now, log: o.Log, answered: o.Answered}
	if b.maxAge == 0 {
		b.maxAge = 72 * time.Hour
	}
	if b.now == nil {
		b.now = time.Now
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	return b
}

// refusal is an answer that says no, in words for the member.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// Answer carries out a request and gives the reply. It always gives one: what
// the member did wrong is said in one sentence, what went wrong on our side is
// logged and said without its details.
func (b *Bot) Answer(ctx context.Context, r Request) (reply Reply) {
	defer b.tell(r, b.now())(&reply)
	reply, err := b.handle(ctx, r)
	if err == nil {
		return reply
	}
	if no, ok := errors.AsType[*refusal](err); ok {
		reply = private(no.text)
		reply.outcome = OutcomeRefused
		return reply
	}
	if usage, ok := errors.AsType[*UsageError](err); ok {
		reply = private(usage.Error())
		reply.outcome = OutcomeRefused
		return reply
	}
	b.log.Error("a command failed", "request", r.ID, "verb", r.Command.Verb, "platform", r.Platform, "workspace", r.Workspace, "channel", r.Channel, "error", err)
	return b.sorry()
}

func (b *Bot) sorry() Reply {
	reply := private("Something went wrong on our side and nothing was changed; please try again in a minute.")
	reply.outcome = OutcomeFailed
	return reply
}

func (b *Bot) handle(ctx context.Context, r Request) (Reply, error) {
	if r.Command.manages() && !r.Manager {
		return Reply{}, &refusal{whoMay(r.Platform)}
	}
	if r.Command.Channel != "" {
		r.Channel = r.Command.Channel
	}
	if r.Command.manages() {
		if err := b.letIn(ctx, r); err != nil {
			return Reply{}, err
		}
	}
	switch r.Command.Verb {
	case Show:
		return b.show(ctx, r)
	case All:
		return b.all(ctx, r)
	case Movers:
		return b.movers(ctx, r)
	case Subscribe:
		return b.subscribe(ctx, r)
	case Unsubscribe:
		return b.unsubscribe(ctx, r)
	case List:
		return b.list(ctx, r)
	case Mute:
		return b.mute(ctx, r)
	case Unmute:
		return b.unmute(ctx, r)
	case Quiet:
		return b.quiet(ctx, r)
	case Only:
		return b.only(ctx, r)
	case Test:
		if r.Command.Digest.Action == DigestNow {
			return b.digestNow(ctx, r, store.Trial)
		}
		return b.test(ctx, r)
	case Digest:
		return b.digest(ctx, r)
	case Log:
		return b.fates(ctx, r)
	case Help:
		return help(r)
	default:
		return b.overview(ctx, r)
	}
}

// manages reports whether the command changes what a channel hears.
func (c Command) manages() bool {
	switch c.Verb {
	case Subscribe, Unsubscribe, Mute, Unmute, Only, Test:
		return true
	case Quiet:
		return c.Quiet.Action != QuietShow
	case Digest:
		switch c.Digest.Action {
		case DigestSet, DigestOn, DigestOff, DigestNow:
			return true
		default:
			return false
		}
	default:
		return false
	}
}

func whoMay(p store.Platform) string {
	if p == store.Discord {
		return "Only members with the permission Manage Server can change what this channel hears; ask one of them."
	}
	return "Only admins and owners of this workspace can change what this channel hears; ask one of them."
}

const accent = 0x8B5CF6

// private is a reply of plain sentences that only the member sees.
func private(text string) Reply {
	return Reply{Private: true, Message: notify.Message{
		Accent: accent, Fallback: text, Blocks: []notify.Block{notify.Text{Spans: []notify.Span{{Text: text}}}},
	}}
}

// place finds or makes the place a request comes from.
func (b *Bot) place(ctx context.Context, r Request) (store.Place, error) {
	return b.store.EnsurePlace(ctx, store.Place{Platform: r.Platform, Workspace: r.Workspace, Channel: r.Channel})
}

// letIn enables the place a request manages, if it was gone and the bot may post
// there again, and with it what was gone with the whole workspace.
func (b *Bot) letIn(ctx context.Context, r Request) error {
	p, err := b.store.PlaceAt(ctx, r.Platform, r.Workspace, r.Channel)
	if errors.Is(err, store.ErrNotFound) || err == nil && !p.Disabled() {
		return nil
	}
	if err != nil {
		return err
	}
	if open := b.mayPost(ctx, r) == nil; open { // if not, what needs the place says so itself
		if err := b.store.EnablePlace(ctx, p.ID, b.now()); err != nil {
			return err
		}
		_, err := b.store.OpenWorkspace(ctx, store.Workspace{Platform: p.Platform, ID: p.Workspace})
		return err
	}
	return nil
}

// mayPost refuses when the bot may not post in the channel.
func (b *Bot) mayPost(ctx context.Context, r Request) error {
	access, ok := b.access[r.Platform]
	if !ok {
		return nil
	}
	if err := access.CanPost(ctx, r.Workspace, r.Channel); err != nil {
		return &refusal{"Nothing was changed, because I cannot post there: " + err.Error()}
	}
	return nil
}
