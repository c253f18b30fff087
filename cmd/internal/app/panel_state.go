package app

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"sparkbot/notify/velocity"
	"sparkbot/store"
)

const (
	panelMoves      = 8
	panelDeliveries = 30
)

// panelState is everything the panel draws.
type panelState struct {
	Projects   []panelProject  `json:"projects"`
	Moves      []written       `json:"moves"`
	Timeline   []traced        `json:"timeline"`
	Deliveries []panelDelivery `json:"deliveries"`
	Gone       []panelGone     `json:"gone"`
	Faults     map[string]int  `json:"faults"` // requests that still will fail
}

type panelProject struct {
	Slug     string  `json:"slug"`
	Name     string  `json:"name"`
	Velocity float64 `json:"velocity"`
	Trend    string  `json:"trend"`
}

// panelDelivery is one line of the queue and log. Times are milliseconds.
type panelDelivery struct {
	ID       int64          `json:"id"`
	Kind     string         `json:"kind"`
	Platform store.Platform `json:"platform"`
	Channel  string         `json:"channel"`
	Title    string         `json:"title"`
	State    string         `json:"state"`
	Attempt  int            `json:"attempt"`
	Due      int64          `json:"due"`
	Settled  int64          `json:"settled,omitempty"`
	Reason   string         `json:"reason"`
}

// panelGone is a channel the bot is out of.
type panelGone struct {
	Platform store.Platform `json:"platform"`
	Channel  string         `json:"channel"`
	Reason   string         `json:"reason"`
}

func (p *panel) serveState(w http.ResponseWriter, r *http.Request) {
	s, err := p.state(r.Context())
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, s)
}

func (p *panel) state(ctx context.Context) (panelState, error) {
	s := panelState{
		Projects: []panelProject{}, Deliveries: []panelDelivery{}, Gone: []panelGone{}, Timeline: p.trace.list(),
		Faults: map[string]int{string(store.Discord): p.world.Discord().Faults(), string(store.Slack): p.world.Slack().Faults()},
	}
	var err error
	if s.Moves, err = p.outside.latest(ctx, panelMoves); err != nil {
		return s, err
	}
	if s.Projects, err = p.projects(ctx); err != nil {
		return s, err
	}
	for _, at := range p.places() {
		place, err := p.app.db.PlaceAt(ctx, at.Platform, at.Workspace, at.Channel)
		if errors.Is(err, store.ErrNotFound) {
			continue // nothing was ever asked for there
		}
		if err != nil {
			return s, err
		}
		if place.Disabled() {
			s.Gone = append(s.Gone, panelGone{place.Platform, p.channelName(place), place.DisabledReason})
		}
		owed, err := p.app.db.Deliveries(ctx, place.ID, panelDeliveries)
		if err != nil {
			return s, err
		}
		for _, d := range owed {
			s.Deliveries = append(s.Deliveries, p.delivery(ctx, place, d))
		}
	}
	slices.SortFunc(s.Deliveries, func(a, b panelDelivery) int { return cmp.Compare(b.ID, a.ID) })
	s.Deliveries = s.Deliveries[:min(len(s.Deliveries), panelDeliveries)]
	return s, nil
}

func (p *panel) projects(ctx context.Context) ([]panelProject, error) {
	projects, err := p.app.db.Projects(ctx)
	if err != nil {
		return nil, err
	}
	pulse, err := p.app.db.Pulse(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]panelProject, len(projects))
	for i, project := range projects {
		reading := velocity.Read(project, pulse[project.ID], p.clock.Now())
		all[i] = panelProject{project.Slug, project.Name, reading.Value, string(reading.Trend)}
	}
	slices.SortFunc(all, func(a, b panelProject) int {
		return cmp.Or(cmp.Compare(b.Velocity, a.Velocity), strings.Compare(a.Slug, b.Slug))
	})
	return all, nil
}

func (p *panel) delivery(ctx context.Context, place store.Place, d store.Delivery) panelDelivery {
	line := panelDelivery{
		ID: d.ID, Kind: string(d.Kind), Platform: place.Platform, Channel: p.channelName(place), State: string(d.State),
		Attempt: d.Attempt, Due: d.DueAt.UnixMilli(), Reason: d.Reason,
	}
	if d.State == store.StateSending {
		line.Due = d.LeaseUntil.UnixMilli()
	}
	if !d.SettledAt.IsZero() {
		line.Settled = d.SettledAt.UnixMilli()
	}
	if d.MoveID != 0 {
		if m, err := p.app.db.Move(ctx, d.MoveID); err == nil {
			line.Title = m.Title
		}
	}
	return line
}
