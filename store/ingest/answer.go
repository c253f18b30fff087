package ingest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"math"
	"slices"
	"time"

	"sparkbot/store"
)

// Reading is a project's velocity as an answer tells it.
type Reading struct {
	Velocity float64
	Change   float64
	Trend    string
}

// answer is a project as the API tells it: the import's object and its reading.
type answer struct {
	project
	Velocity float64 `json:"velocity"`
	Curated  bool    `json:"velocity_curated"`
	Change   float64 `json:"change"`
	Trend    string  `json:"trend"`
}

// told is a project with all that an answer and its tag are made of.
type told struct {
	project store.Project
	recent  []store.Move // newest first
	pulse   []store.Move // all that count, without their words
	reading Reading
}

func (t told) answer() answer {
	return answer{
		project: encode(t.project, t.recent), Velocity: oneDecimal(t.reading.Velocity), Curated: t.project.Curated != nil,
		Change: oneDecimal(t.reading.Change), Trend: t.reading.Trend,
	}
}

// oneDecimal rounds, and takes the sign from a zero.
func oneDecimal(v float64) float64 { return math.Round(v*10)/10 + 0 }

// state names what the project holds, whatever part of it an answer shows: it
// changes with every word of it, every move, and the velocity.
func (t told) state() string {
	h := sha256.New()
	a := t.answer()
	a.Moves = nil
	write(h, a)
	byID := slices.SortedFunc(slices.Values(t.pulse), func(a, b store.Move) int { return cmp.Compare(a.ID, b.ID) })
	for _, m := range byID {
		write(h, []int64{m.ID, m.Revision})
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

func write(h hash.Hash, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values always marshal
	}
	_, _ = h.Write(text)
}

// tag is the entity tag of an answer that shows so many moves. What stands before
// the dot is the same for all of them, and is what If-Match compares.
func tag(state string, moves int) string {
	return fmt.Sprintf("%q", fmt.Sprintf("%s.%d", state, moves))
}

// written is the answer to moves that were stored.
type written struct {
	Added     int `json:"added"`
	Edited    int `json:"edited"`
	Unchanged int `json:"unchanged"`
}

// page is the answer to a question for projects.
type page struct {
	Projects []answer `json:"projects"`
	// Next is what to give as after to go on; absent on the last page.
	Next string `json:"next,omitempty"`
}

// tell scores projects and puts together what is told of them.
func (a *API) tell(projects []store.Project, recent, pulse map[int64][]store.Move, past map[int64][]store.Snapshot, at time.Time) []told {
	all := make([]told, len(projects))
	for i, p := range projects {
		all[i] = told{p, recent[p.ID], pulse[p.ID], a.o.Read(p, pulse[p.ID], past[p.ID], at)}
	}
	return all
}
