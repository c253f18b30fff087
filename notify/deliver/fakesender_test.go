package deliver

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

// fakeLibrary knows every move and one project.
type fakeLibrary struct {
	mu    sync.Mutex
	reads int
	err   error
	taken map[int64]bool   // moves that were taken back
	gone  []store.Place    // of the member ada
	told  []store.Delivery // to ada
	past  []store.Snapshot // of the one project
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
	return map[int64][]store.Snapshot{1: l.past}, nil
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
