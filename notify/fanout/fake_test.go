package fanout

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"sparkbot/store"
)

// owed is one delivery of the fake.
type owed struct {
	place, move int64
	due         time.Time
}

// fakeStore keeps an outbox and a queue in memory. Every place hears of
// everything; a chunk takes a second and holds its change's lock that long.
type fakeStore struct {
	mu       sync.Mutex
	places   int64
	changes  []store.Change
	locked   map[int64]bool
	queue    []owed
	away     error
	calls    int
	finished int
	edits    []int64        // moves whose messages were edited, once for each chunk
	gone     map[int64]bool // projects deleted
	expanded []store.Expansion
	broken   error // what an expansion gives
}

func newFake(places int64, changes ...store.Change) *fakeStore {
	return &fakeStore{places: places, changes: changes, locked: map[int64]bool{}, gone: map[int64]bool{}}
}

func (s *fakeStore) Changes(_ context.Context, limit int) ([]store.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.away != nil {
		return nil, s.away
	}
	return slices.Clone(s.changes[:min(limit, len(s.changes))]), nil
}

func (s *fakeStore) Project(_ context.Context, id int64) (store.Project, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone[id] {
		return store.Project{}, store.ErrNotFound
	}
	return store.Project{ID: id, Slug: "session"}, s.away
}

func (s *fakeStore) FinishChanges(_ context.Context, ids []int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished++
	s.changes = slices.DeleteFunc(s.changes, func(c store.Change) bool { return slices.Contains(ids, c.ID) })
	return s.away
}

func (s *fakeStore) Heard(_ context.Context, moves []int64) (map[int64]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := map[int64]bool{}
	for _, id := range moves {
		told[id] = slices.ContainsFunc(s.queue, func(o owed) bool { return o.move == id })
	}
	return told, s.away
}

func (s *fakeStore) Expand(_ context.Context, e store.Expansion) (store.Expanded, error) {
	id := e.Change.ID
	if s.broken != nil {
		return store.Expanded{}, s.broken
	}
	if err := s.lock(id); err != nil {
		return store.Expanded{}, err
	}
	<-time.After(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked[id] = false
	s.expanded = append(s.expanded, e)
	i := slices.IndexFunc(s.changes, func(c store.Change) bool { return c.ID == id })
	if i < 0 {
		return store.Expanded{Done: true}, nil
	}
	if e.Edit {
		s.edits = append(s.edits, e.Change.Move.ID)
	}
	if e.Events == store.NoEvents {
		s.changes = slices.Delete(s.changes, i, i+1)
		return store.Expanded{Done: true}, nil
	}
	var x store.Expanded
	for p := s.changes[i].Cursor + 1; p <= s.places && x.Owed < e.Chunk; p++ {
		s.queue = append(s.queue, owed{p, e.Change.Move.ID, e.Now})
		s.changes[i].Cursor = p
		if x.Owed++; len(e.Take) > 0 {
			x.Claimed = append(x.Claimed, store.Claimed{Delivery: store.Delivery{PlaceID: p, MoveID: e.Change.Move.ID}})
		}
	}
	if e.TakeFull && x.Owed < e.Chunk {
		x.Claimed = nil
	}
	if x.Done = x.Owed < e.Chunk; x.Done {
		s.changes = slices.Delete(s.changes, i, i+1)
	}
	return x, nil
}

func (s *fakeStore) lock(id int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return s.away
	}
	if s.locked[id] {
		return store.ErrBusy
	}
	s.locked[id] = true
	return nil
}

func (s *fakeStore) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = err
}

func (s *fakeStore) store(changes ...store.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = append(s.changes, changes...)
}

// asked gives how often the outbox was read, and left what is in it.
func (s *fakeStore) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *fakeStore) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.changes)
}

func (s *fakeStore) owed() []owed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queue)
}

var errAway = errors.New("connection refused")

// stored is a fresh spark's change; its move has the same id.
func stored(id int64) store.Change {
	return store.Change{
		ID: id, Kind: store.ChangeStored,
		Move: store.Move{ID: id, ProjectID: 1, Spark: true, OccurredAt: noon},
	}
}

// old is the change of a move that is history.
func old(id int64) store.Change {
	c := stored(id)
	c.Move.OccurredAt = noon.AddDate(-30, 0, 0)
	return c
}
