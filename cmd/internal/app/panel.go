package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"sparkbot/bot/sandbox"
	"sparkbot/notify/deliver"
	"sparkbot/notify/fanout"
	"sparkbot/store"
)

// panel is the demo's levers: what the world around the bot does to it, and what
// it makes of that. It decides nothing of its own; every lever is pulled from
// outside the bot, as the outside would.
type panel struct {
	ready   atomic.Bool // the fields below are set
	world   *sandbox.Sandbox
	app     *App
	clock   *clock
	outside *outsider
	trace   trace
}

// open lets requests in, once everything the panel needs is there.
func (p *panel) open(world *sandbox.Sandbox, a *App, outside *outsider) {
	p.world, p.app, p.outside = world, a, outside
	p.ready.Store(true)
}

// noticed and sent are the bot's hooks; they tell the page that there is news.
func (p *panel) noticed(changes []store.Change) {
	p.trace.noticed(changes, time.Now(), p.clock.Now().Add(-fanout.DefaultMaxAge))
	p.tell()
}

func (p *panel) sent(e deliver.Event) {
	if p.ready.Load() {
		p.trace.settled(e, p.channelName(e.Place), time.Now())
	}
	p.tell()
}

func (p *panel) tell() {
	if p.ready.Load() {
		p.world.Tell(map[string]string{"panel": "changed"})
	}
}

// ServeHTTP answers below /panel.
func (p *panel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.ready.Load() {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "the bot is starting"})
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", p.serveState)
	mux.HandleFunc("GET /previews", p.servePreviews)
	mux.HandleFunc("POST /lever", p.serveLever)
	mux.ServeHTTP(w, r)
}

func (p *panel) serveLever(w http.ResponseWriter, r *http.Request) {
	var l lever
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&l); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "the lever is not readable"})
		return
	}
	said, err := p.pull(r.Context(), l)
	p.tell()
	if err != nil {
		writeJSON(w, http.StatusOK, map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"said": said})
}

// places are the channels of both platforms.
func (p *panel) places() []store.Place {
	var all []store.Place
	for _, c := range p.world.Discord().Channels() {
		all = append(all, store.Place{Platform: store.Discord, Workspace: p.world.Discord().Guild(), Channel: c.ID})
	}
	for _, c := range p.world.Slack().Channels() {
		all = append(all, store.Place{Platform: store.Slack, Workspace: p.world.Slack().Team(), Channel: c.ID})
	}
	return all
}

func (p *panel) channelName(place store.Place) string {
	channels := p.world.Slack().Channels()
	if place.Platform == store.Discord {
		channels = p.world.Discord().Channels()
	}
	for _, c := range channels {
		if c.ID == place.Channel {
			return c.Name
		}
	}
	return place.Channel
}

// quiet reports whether neither a change nor a delivery is due, and none is on its
// way: the lease of one that is would run out with a stride of the clock.
func (p *panel) quiet(ctx context.Context) bool {
	if changes, err := p.app.db.Changes(ctx, 1); err != nil || len(changes) > 0 {
		return false
	}
	now := p.clock.Now()
	if next, open, err := p.app.db.NextDue(ctx, now); err != nil || open && !next.After(now) {
		return false
	}
	for _, at := range p.places() {
		place, err := p.app.db.PlaceAt(ctx, at.Platform, at.Workspace, at.Channel)
		if err != nil {
			continue // nothing was ever owed there
		}
		owed, err := p.app.db.Deliveries(ctx, place.ID, panelDeliveries)
		if err != nil || slices.ContainsFunc(owed, func(d store.Delivery) bool { return d.State == store.StateSending }) {
			return false
		}
	}
	return true
}
