package deliver

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

var errAway = errors.New("connection refused")

// fakeQueue keeps deliveries in memory by the rules of the real queue: one of a
// place at a time, the oldest; leases; fences.
type fakeQueue struct {
	mu      sync.Mutex
	rows    []*store.Claimed
	away    error // what every call answers while the database is away
	refuse  int64 // a delivery whose records are refused
	claims  int
	settles int
	asked   int
	history []store.Settlement
}

// owe adds an alert of a move to a place and gives its id.
func (q *fakeQueue) owe(place store.Place, move int64) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	id := int64(len(q.rows) + 1)
	q.rows = append(q.rows, &store.Claimed{
		Place: place, Revision: 1,
		Delivery: store.Delivery{
			ID: id, PlaceID: place.ID, Kind: store.DeliveryAlert, MoveID: move, State: store.StateWaiting,
			DueAt: time.Now(), GiveUpAt: time.Now().Add(6 * time.Hour), CreatedAt: time.Now(),
		},
	})
	return id
}

// change edits a delivery as another program would.
func (q *fakeQueue) change(id int64, edit func(c *store.Claimed)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	edit(q.rows[id-1])
}

func (q *fakeQueue) get(id int64) store.Claimed {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *q.rows[id-1]
}

// calls gives how often the queue was claimed from, settled and asked.
func (q *fakeQueue) calls() (claims, settles, asked int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.claims, q.settles, q.asked
}

func (q *fakeQueue) setAway(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.away = err
}

func (q *fakeQueue) Claim(_ context.Context, r store.ClaimRequest) ([]store.Claimed, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.claims++
	if q.away != nil {
		return nil, q.away
	}
	var turn []*store.Claimed
	open := map[int64]bool{}
	for _, c := range q.rows {
		blocked := open[c.PlaceID]
		open[c.PlaceID] = blocked || c.State == store.StateWaiting || c.State == store.StateSending ||
			c.State == store.StateHeld && due(c, r.Now)
		if blocked || !due(c, r.Now) || c.Place.Disabled() || !slices.Contains(r.Platforms, c.Place.Platform) ||
			slices.Contains(r.SkipPlaces, c.PlaceID) ||
			slices.Contains(r.SkipWorkspaces, store.Workspace{Platform: c.Place.Platform, ID: c.Place.Workspace}) {
			continue
		}
		turn = append(turn, c)
	}
	slices.SortStableFunc(turn, func(a, b *store.Claimed) int { return a.DueAt.Compare(b.DueAt) })
	var out []store.Claimed
	for _, c := range turn[:min(r.Limit, len(turn))] {
		if c.State == store.StateSending {
			c.Again = true
			c.Attempt++
			c.UnsureAt = firstOf(c.UnsureAt, c.BegunAt)
		}
		c.State, c.LeaseUntil, c.BegunAt = store.StateSending, r.Now.Add(r.Lease), r.Now
		c.Fence++
		claimed := *c
		claimed.Company = q.company(c, r.Company)
		out = append(out, claimed)
	}
	return out, nil
}

// company gives the other open alerts of the place of c.
func (q *fakeQueue) company(c *store.Claimed, all bool) (company []store.Companion) {
	for _, o := range q.rows {
		open := o.State == store.StateWaiting || o.State == store.StateHeld
		if o != c && open && o.PlaceID == c.PlaceID && alerts(*o) && alerts(*c) && (all || o.Held || o.MergedInto == c.ID) {
			company = append(company, store.Companion{
				Part:       store.Part{DeliveryID: o.ID, MoveID: o.MoveID, TurningID: o.TurningID, Revision: o.Revision, Retracted: o.Retracted},
				MergedInto: o.MergedInto, Held: o.Held, Muted: o.MutedUntil.After(time.Now()), DueAt: o.DueAt, Roles: o.Roles,
			})
		}
	}
	return company
}

func (q *fakeQueue) Merge(_ context.Context, delivery, fence int64, others []int64) (joined []int64, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.away != nil {
		return nil, q.away
	}
	head := q.rows[delivery-1]
	for _, id := range others {
		if o := q.rows[id-1]; head.Fence == fence && head.State == store.StateSending && (o.State == store.StateWaiting || o.State == store.StateHeld) {
			o.MergedInto = delivery
			joined = append(joined, id)
		}
	}
	return joined, nil
}

func due(c *store.Claimed, now time.Time) bool {
	switch c.State {
	case store.StateWaiting, store.StateHeld:
		return !c.DueAt.After(now)
	case store.StateSending:
		return !c.LeaseUntil.After(now)
	default:
		return false
	}
}

func (q *fakeQueue) Settle(_ context.Context, all []store.Settlement) (stale []int64, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settles++
	if q.away != nil {
		return nil, q.away
	}
	for _, s := range all {
		if s.DeliveryID == q.refuse {
			return nil, errors.New("check constraint")
		}
	}
	for _, s := range all {
		c := q.rows[s.DeliveryID-1]
		if c.Fence != s.Fence || c.State != store.StateSending {
			stale = append(stale, s.DeliveryID)
			continue
		}
		q.history = append(q.history, s)
		q.apply(c, s)
	}
	return stale, nil
}

func (q *fakeQueue) apply(c *store.Claimed, s store.Settlement) {
	c.Reason = s.Reason
	if !s.UnsureAt.IsZero() {
		c.UnsureAt = firstOf(c.UnsureAt, s.UnsureAt)
	}
	if !s.GiveUpAt.IsZero() {
		c.GiveUpAt = s.GiveUpAt
	}
	switch s.Outcome {
	case store.OutcomeSent:
		c.State, c.MessageID = store.StateSent, s.MessageID
		c.Attempt++
		for _, part := range s.Shown {
			for _, o := range q.rows {
				if o.ID == part.DeliveryID && o.MergedInto == c.ID {
					o.State, o.MessageID = store.StateSent, s.MessageID
				}
			}
		}
	case store.OutcomeRetry:
		c.State, c.DueAt = store.StateWaiting, s.DueAt
		c.Attempt++
	case store.OutcomeReleased:
		c.State, c.DueAt = store.StateWaiting, s.DueAt
	case store.OutcomeHeld:
		c.State, c.DueAt, c.Held = store.StateHeld, s.DueAt, true
	case store.OutcomeCancelled:
		c.State = store.StateCancelled
	case store.OutcomeFailed:
		c.State = store.StateFailed
		c.Attempt++
	case store.OutcomeGone:
		c.State = store.StateHeld
		c.Attempt++
	}
	if c.State == store.StateHeld || c.State == store.StateFailed || c.State == store.StateCancelled || s.Apart {
		for _, o := range q.rows {
			if o.MergedInto == c.ID && o.State != store.StateSent {
				o.MergedInto = 0
			}
		}
	}
	if s.Outcome != store.OutcomeGone {
		return
	}
	for _, other := range q.rows {
		if other.PlaceID == c.PlaceID {
			other.Place.DisabledAt = s.At
			if other.State == store.StateWaiting || other.State == store.StateHeld {
				other.State = store.StateHeld
			}
		}
	}
}

func (q *fakeQueue) MendTimes(_ context.Context, now, latest, lease time.Time) (n int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range q.rows {
		switch {
		case c.State == store.StateWaiting && c.DueAt.After(latest):
			c.DueAt = now
		case c.State == store.StateSending && c.LeaseUntil.After(lease):
			c.LeaseUntil = lease
		default:
			continue
		}
		n++
	}
	return n, q.away
}

func (q *fakeQueue) NextDue(context.Context, time.Time) (next time.Time, open bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked++
	for _, c := range q.rows {
		at := c.DueAt
		switch c.State {
		case store.StateSending:
			at = c.LeaseUntil
		case store.StateWaiting, store.StateHeld:
		default:
			continue
		}
		if !open || at.Before(next) {
			next, open = at, true
		}
	}
	return next, open, q.away
}

// fakeLibrary knows every move and one project.
type fakeLibrary struct {
	mu    sync.Mutex
	reads int
	err   error
	taken map[int64]bool   // moves that were taken back
	gone  []store.Place    // of the member ada
	told  []store.Delivery // to ada
}

func (l *fakeLibrary) Move(_ context.Context, id int64) (store.Move, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	m := store.Move{
		ID: id, ProjectID: 1, Revision: 1, Title: fmt.Sprintf("Move %d", id),
		SourceURL: "https://getsession.org/blog", OccurredAt: time.Now().Add(-time.Hour),
	}
	if l.taken[id] {
		m.RetractedAt = time.Now()
	}
	return m, l.err
}

func (l *fakeLibrary) Project(context.Context, int64) (store.Project, error) {
	return store.Project{ID: 1, Slug: "session", Name: "Session", Category: "COMMS"}, nil
}

func (l *fakeLibrary) Pulse(_ context.Context, ids ...int64) (map[int64][]store.Move, error) {
	return map[int64][]store.Move{ids[0]: {{ID: 1, ProjectID: ids[0], OccurredAt: time.Now().Add(-time.Hour)}}}, nil
}

func (l *fakeLibrary) Moves(context.Context, int64, int) ([]store.Move, error) {
	return []store.Move{
		{ID: 1, ProjectID: 1, Title: "Move 1", SourceURL: "https://getsession.org/blog", OccurredAt: time.Now().Add(-time.Hour), Spark: true},
		{ID: 2, ProjectID: 1, Title: "Move 2", SourceURL: "https://getsession.org/older", OccurredAt: time.Now().AddDate(0, 0, -40)},
	}, nil
}

func (l *fakeLibrary) Snapshots(context.Context, time.Time, ...int64) (map[int64][]store.Snapshot, error) {
	return nil, nil
}

func (l *fakeLibrary) Turning(_ context.Context, id int64) (store.Turning, error) {
	if l.taken[id] {
		return store.Turning{}, store.ErrNotFound
	}
	return store.Turning{ID: id, ProjectID: 1, Turn: store.TurnSurging, At: time.Now(), MoveID: 1}, nil
}

func (l *fakeLibrary) Place(_ context.Context, id int64) (store.Place, error) {
	return store.Place{ID: id, Platform: store.Slack, Workspace: "w1", Channel: "@ada"}, nil
}

func (l *fakeLibrary) GoneOf(context.Context, store.Platform, string, string, int) ([]store.Place, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone, nil
}

func (l *fakeLibrary) Deliveries(context.Context, int64, int) ([]store.Delivery, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.told, nil
}

// post is what a fakeSender was asked to post.
type post struct {
	at             time.Time
	channel, nonce string
	text           string
}

// fakeSender takes latency for a post and answers what answer says; nil means
// yes to everything.
type fakeSender struct {
	latency time.Duration
	answer  func(ctx context.Context, e notify.Envelope) (notify.Receipt, error)
	encode  func(m notify.Message) (notify.Body, error)
	// find answers questions; nil finds whatever was accepted under the nonce.
	find func(n int, e notify.Envelope) (string, bool, error)

	refuse func(messageID string) error // of an edit

	mu      sync.Mutex
	posts   []post
	edits   []edit
	asked   []time.Time
	arrived map[string]string // message ids by nonce
	encodes int
}

func (s *fakeSender) Encode(m notify.Message) (notify.Body, error) {
	s.mu.Lock()
	s.encodes++
	s.mu.Unlock()
	if s.encode != nil {
		return s.encode(m)
	}
	return title(m), nil
}

var titles = regexp.MustCompile(`[Mm]ove \d+`)

// title is the body of tests: of all that is said, the title of the move.
func title(m notify.Message) notify.Body {
	return notify.Body{Content: []byte(titles.FindString(m.Fallback))}
}

func (s *fakeSender) Post(ctx context.Context, e notify.Envelope, body notify.Body) (notify.Receipt, error) {
	s.mu.Lock()
	s.posts = append(s.posts, post{time.Now(), e.Channel, e.Nonce, string(body.Content)})
	n := len(s.posts)
	s.mu.Unlock()
	if !sleep(ctx, s.latency) {
		return notify.Receipt{}, &notify.Failure{Kind: notify.Ambiguous, Reason: "no answer in time", Err: ctx.Err()}
	}
	if s.answer != nil {
		r, err := s.answer(ctx, e)
		if err == nil {
			s.arrive(e, r.MessageID)
		}
		return r, err
	}
	s.arrive(e, fmt.Sprintf("m%d", n))
	return notify.Receipt{MessageID: fmt.Sprintf("m%d", n)}, nil
}

// edit is what a fakeSender was asked to edit.
type edit struct {
	at                     time.Time
	channel, message, text string
}

func (s *fakeSender) Edit(ctx context.Context, e notify.Envelope, messageID string, body notify.Body) error {
	s.mu.Lock()
	s.edits = append(s.edits, edit{time.Now(), e.Channel, messageID, string(body.Content)})
	s.mu.Unlock()
	if !sleep(ctx, s.latency) {
		return &notify.Failure{Kind: notify.Transient, Reason: "no answer in time", Err: ctx.Err()}
	}
	if s.refuse != nil {
		return s.refuse(messageID)
	}
	return nil
}

// edited gives the edits, oldest first.
func (s *fakeSender) edited() []edit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.edits)
}

// arrive lets a message stand in its channel, whatever the bot is told.
func (s *fakeSender) arrive(e notify.Envelope, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.arrived == nil {
		s.arrived = map[string]string{}
	}
	s.arrived[e.Nonce] = id
}

func (s *fakeSender) Find(_ context.Context, e notify.Envelope, _ time.Time) (string, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, time.Now())
	if s.find != nil {
		return s.find(len(s.asked), e)
	}
	return s.arrived[e.Nonce], true, nil
}

// sent gives the posts to a channel, or all of them for "".
func (s *fakeSender) sent(channel string) []post {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.posts), func(p post) bool { return channel != "" && p.channel != channel })
}

func place(platform store.Platform, id int64) store.Place {
	return store.Place{ID: id, Platform: platform, Workspace: fmt.Sprintf("w%d", id%3), Channel: fmt.Sprintf("c%d", id)}
}

// begin runs a worker on synctest's clock and gives a function that ends it and
// waits until it has ended.
func begin(t *testing.T, q Queue, senders map[store.Platform]Sender, o Options) (stop func() time.Duration) {
	t.Helper()
	return beginWith(t, q, &fakeLibrary{}, senders, o)
}

func beginWith(t *testing.T, q Queue, l Library, senders map[store.Platform]Sender, o Options) (stop func() time.Duration) {
	t.Helper()
	o.Now = time.Now
	if o.Rand == nil {
		o.Rand = func() float64 { return 0.5 }
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- New(q, l, senders, o).Run(ctx, nil) }()
	return func() time.Duration {
		start := time.Now()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run gave %v after its context ended", err)
		}
		return time.Since(start)
	}
}
