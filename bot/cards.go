package bot

import (
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"sparkbot/notify"
	"sparkbot/store"
)

const (
	// maxCards bounds how many cards are kept, and maxFacts of how many moves one may be
	// to be kept: a move takes half a kilobyte or so, and all of them 2 MB at most.
	maxCards = 16
	maxFacts = 200
)

// cards keep what was composed of late, since many ask for the same card just after an
// alert. A card is given again only while everything it tells of is read to be as it
// was, and within the minute for which it was composed; so what is stored shows at once.
// It is safe for concurrent use; its zero value is ready.
type cards struct {
	mu   sync.Mutex
	kept map[cardKey]card
}

// cardKey names what was asked for. A platform encodes a card once, so each has its own.
type cardKey struct {
	platform store.Platform
	project  int64
	view     View
	page     int
}

// facts are all that a card is composed of.
type facts struct {
	store.Dossier

	minute time.Time
}

func (f facts) equal(o facts) bool {
	return f.minute.Equal(o.minute) && slices.Equal(f.Moves, o.Moves) && slices.Equal(f.Snapshots, o.Snapshots) && reflect.DeepEqual(f.Project, o.Project)
}

// card is a message, which nobody may change, with the facts it was composed of.
type card struct {
	facts   facts
	message notify.Message
	encoded *encoded
}

// of gives the card of these facts, composed when it is not kept.
func (c *cards) of(key cardKey, f facts, compose func() notify.Message) card {
	c.mu.Lock()
	kept, found := c.kept[key]
	c.mu.Unlock()
	if found && kept.facts.equal(f) {
		return kept
	}
	made := card{facts: f, message: compose(), encoded: &encoded{}}
	if len(f.Moves) > maxFacts {
		return made
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.kept, func(_ cardKey, old card) bool { return !old.facts.minute.Equal(f.minute) }) // nobody gets them any more
	if c.kept == nil || len(c.kept) >= maxCards {
		c.kept = map[cardKey]card{}
	}
	c.kept[key] = made
	return made
}
