// Package chart draws velocity: 26 weeks of one project for a card or a message
// about its trend, and the movers of a digest. A picture is a PNG that stands on
// a ground of its own, so that it reads on a light and on a dark client alike, at
// a density of two, with type that is still readable when a phone shrinks it.
//
// It scores nothing, reads no clock and no database, and knows no platform. What
// a picture shows is also said in its Alt.
package chart

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"sparkbot/notify/velocity"
	"sparkbot/store"
)

const (
	// Density is how many pixels are drawn for one of the client's.
	Density = 2
	// Width is how wide every picture is meant to be shown, in a client's pixels:
	// what a phone in the hand and the column of a desktop client both have.
	Width = 480
	// Weeks is how far back a picture looks.
	Weeks = 26
	// Days is Weeks in days, the last of them today.
	Days = 7 * Weeks
)

// Picture is a PNG with what it says. Its fields are those of notify.Picture, so
// that one converts to the other.
type Picture struct {
	Name          string // of the file
	Alt           string
	PNG           []byte
	Width, Height int // in pixels
}

// Line is what the picture of one project shows.
type Line struct {
	Slug, Name string
	// Points are the velocities at the end of every day, oldest first, the last
	// of them today's; at most Days of them are shown.
	Points []velocity.Point
	Sparks []time.Time // when sparks happened; those before the first point are left out
	Value  float64     // the velocity told to people, which a curated one may be
	// Curated says that a person gave Value.
	Curated bool
	Change  float64
	Known   bool // whether there is anything to compare with
	Trend   velocity.Trend
	Now     time.Time
}

// LineOf gives the picture's facts of a project: its half year as it was told, or
// as the moves give it where nothing was told.
func LineOf(p store.Project, moves []store.Move, told velocity.Told, r velocity.Reading, now time.Time) Line {
	l := Line{
		Slug: p.Slug, Name: p.Name, Points: Trail(moves, told, now), Sparks: SparksOf(moves, now),
		Value: r.Value, Curated: r.Curated, Change: r.Change, Known: r.Known, Trend: r.Trend, Now: now,
	}
	return l
}

// Trail gives the velocities of the days a picture shows.
func Trail(moves []store.Move, told velocity.Told, now time.Time) []velocity.Point {
	now = now.UTC()
	return velocity.AsTold(velocity.Series(moves, now.AddDate(0, 0, 1-Days), now, 1), told, now)
}

// SparksOf gives when the sparks of the days a picture shows happened.
func SparksOf(moves []store.Move, now time.Time) []time.Time {
	var all []time.Time
	from := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-Days)
	for _, m := range moves {
		if m.Spark && !m.Retracted() && !m.OccurredAt.After(now) && !m.OccurredAt.Before(from) {
			all = append(all, m.OccurredAt)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// Movers is what the picture of a digest shows.
type Movers struct {
	Title string // "What moved this week", for example
	Days  int    // how long the change took: the last Days of every row are lit
	Rows  []Mover
	Now   time.Time
}

// Mover is one project among the movers. Its fields mean what those of Line do.
type Mover struct {
	Slug, Name    string
	Points        []velocity.Point
	Sparks        []time.Time
	Value, Change float64
	Known         bool
	Trend         velocity.Trend
}

// maxKept bounds the cache; a picture has 10 to 60 kilobytes.
const maxKept = 128

// Studio draws pictures and keeps the latest, so that one that is shown in many
// places is drawn once, however many ask for it at the same time. It is safe for
// concurrent use.
type Studio struct {
	drawing singleflight.Group

	mu    sync.Mutex
	kept  map[string]Picture
	order []string // oldest first
}

// New makes a Studio that has drawn nothing yet.
func New() *Studio { return &Studio{kept: map[string]Picture{}} }

// Velocity draws one project. Its PNG must not be changed: others share it.
func (s *Studio) Velocity(l Line) (Picture, error) {
	l.Points = l.Points[max(0, len(l.Points)-Days):]
	l.Now = l.Now.UTC().Truncate(24 * time.Hour)
	content, err := l.sum()
	if err != nil {
		return Picture{}, err
	}
	return s.draw(content, func() (Picture, error) { return drawLine(l) })
}

// Movers draws the first MaxRows of the rows, as they are ordered. Its PNG must
// not be changed: others share it.
func (s *Studio) Movers(m Movers) (Picture, error) {
	m.Rows = m.Rows[:min(len(m.Rows), MaxRows)]
	m.Now = m.Now.UTC().Truncate(24 * time.Hour)
	content, err := m.sum()
	if err != nil {
		return Picture{}, err
	}
	return s.draw(content, func() (Picture, error) { return drawMovers(m) })
}

// draw gives the picture of a content, drawn when it is not kept.
func (s *Studio) draw(content string, make func() (Picture, error)) (Picture, error) {
	if p, drawn := s.find(content); drawn {
		return p, nil
	}
	made, err, _ := s.drawing.Do(content, func() (any, error) {
		if p, drawn := s.find(content); drawn { // by whoever was at it a moment ago
			return p, nil
		}
		p, err := make()
		if err == nil {
			s.keep(content, p)
		}
		return p, err
	})
	if err != nil {
		return Picture{}, fmt.Errorf("draw a picture: %w", err)
	}
	p, _ := made.(Picture)
	return p, nil
}

func (s *Studio) find(content string) (Picture, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, drawn := s.kept[content]
	return p, drawn
}

func (s *Studio) keep(content string, p Picture) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == maxKept {
		delete(s.kept, s.order[0])
		s.order = s.order[1:]
	}
	s.kept[content] = p
	s.order = append(s.order, content)
}
