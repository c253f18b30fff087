package sqlstore_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"sparkbot/store"
)

// move stores a move, which the next alert tells of, and gives its id.
func (m *machine) move(rt *rapid.T) (id int64) {
	title := fmt.Sprintf("move %d", m.keys)
	m.w.Move("session", title)
	if err := m.w.Outside.QueryRowContext(m.w.T.Context(), "SELECT id FROM moves WHERE title = $1", title).Scan(&id); err != nil {
		rt.Fatal(err)
	}
	m.w.Forget()
	m.revisions[id] = 1
	return id
}

// target is the delivery whose message tells of the move of d.
func target(d *store.Delivery) int64 {
	if d.MergedInto != 0 {
		return d.MergedInto
	}
	return d.ID
}

// edit changes a move, and has its messages edited.
func (m *machine) edit(rt *rapid.T) {
	if len(m.revisions) == 0 {
		rt.Skip("there is no move yet")
	}
	move := rapid.SampledFrom(slices.Sorted(maps.Keys(m.revisions))).Draw(rt, "move")
	m.revisions[move]++
	m.w.MustExec("UPDATE moves SET summary = $1 WHERE id = $2", fmt.Sprint("revision ", m.revisions[move]), move)
	var due []*store.Delivery
	for _, d := range m.ordered() {
		joined := d.MergedInto != 0 && isOpen(d)
		if d.Kind == store.DeliveryAlert && d.MoveID == move &&
			(d.State == store.StateSending || d.State == store.StateSent && d.Shown < m.revisions[move] || joined) {
			due = append(due, d)
		}
	}
	due = m.unless(due)
	m.w.Retell(store.NoEvents)
	m.expect(rt, due, m.w.Now)
}

// unless leaves out those alerts whose message an edit that waits will put right.
func (m *machine) unless(alerts []*store.Delivery) []*store.Delivery {
	return slices.DeleteFunc(alerts, func(d *store.Delivery) bool {
		for _, e := range m.all {
			waits := e.State == store.StateWaiting || e.State == store.StateHeld
			if e.Kind == store.DeliveryEdit && (waits && e.TargetID == target(d) || e.PlaceID == d.PlaceID && e.Key == m.editKey(d)) {
				return true
			}
		}
		return false
	})
}

func (m *machine) editKey(d *store.Delivery) string {
	return fmt.Sprintf("edit:%d:%d", d.MoveID, m.revisions[d.MoveID])
}

// expect finds the edits of the alerts, and no others, among what is stored.
func (m *machine) expect(rt *rapid.T, alerts []*store.Delivery, due time.Time) {
	found := 0
	for _, place := range m.places {
		stored, err := m.w.DB.Deliveries(m.w.T.Context(), place, 1000)
		if err != nil {
			rt.Fatal(err)
		}
		for _, s := range stored {
			if m.all[s.ID] != nil {
				continue
			}
			i := slices.IndexFunc(alerts, func(d *store.Delivery) bool {
				return s.Kind == store.DeliveryEdit && s.PlaceID == d.PlaceID && s.Key == m.editKey(d) && s.TargetID == target(d) && s.MoveID == d.MoveID
			})
			if i < 0 || !s.DueAt.Equal(due) {
				rt.Fatalf("nobody owes %+v", s)
			}
			m.all[s.ID] = &s
			found++
		}
	}
	if found != len(alerts) {
		rt.Fatalf("%d edits are owed, want %d", found, len(alerts))
	}
}

// merge has some alerts that wait join a claim, which may have passed on.
func (m *machine) merge(rt *rapid.T) {
	if len(m.claims) == 0 {
		rt.Skip("nothing was claimed yet")
	}
	c := rapid.SampledFrom(m.claims).Draw(rt, "claim")
	head := m.all[c.ID]
	own := head.State == store.StateSending && head.Fence == c.Fence && head.Kind == store.DeliveryAlert
	var others, want []int64
	for _, d := range m.ordered() {
		if d.PlaceID != c.PlaceID || d.ID <= c.ID || d.Kind != store.DeliveryAlert || head.Kind != store.DeliveryAlert || rapid.Bool().Draw(rt, "not") {
			continue
		}
		others = append(others, d.ID)
		if own && d.MergedInto == 0 && (d.State == store.StateWaiting || d.State == store.StateHeld) {
			want = append(want, d.ID)
			d.MergedInto, d.Shown = c.ID, m.revisions[d.MoveID]
		}
	}
	joined, err := m.w.DB.Merge(m.w.T.Context(), c.ID, c.Fence, others)
	if err != nil {
		rt.Fatal(err)
	}
	if slices.Sort(joined); !slices.Equal(joined, want) {
		rt.Fatalf("%v joined, want %v", joined, want)
	}
}

// joined are those who joined a delivery and are not sent yet.
func (m *machine) joined(id int64) (all []*store.Delivery) {
	for _, d := range m.ordered() {
		if d.MergedInto == id && isOpen(d) {
			all = append(all, d)
		}
	}
	return all
}

// shows is what a worker that holds the claim says its message shows.
func (m *machine) shows(c store.Claimed) (parts []store.Part) {
	if c.Kind == store.DeliveryEdit {
		for _, p := range c.Parts {
			parts = append(parts, store.Part{DeliveryID: p.DeliveryID, Shown: p.Revision})
		}
		return parts
	}
	if c.Kind == store.DeliveryAlert {
		parts = append(parts, store.Part{DeliveryID: c.ID, Shown: c.Revision})
	}
	for _, d := range m.joined(c.ID) {
		parts = append(parts, store.Part{DeliveryID: d.ID, Shown: d.Shown})
	}
	return parts
}

// posted notes what a message shows, and expects edits where that is out of date.
func (m *machine) posted(rt *rapid.T, sent *store.Delivery, shown []store.Part) {
	var due []*store.Delivery
	for _, p := range shown {
		d := m.all[p.DeliveryID]
		if d.State != store.StateSent && d.MergedInto != sent.ID {
			continue
		}
		d.State, d.Shown = store.StateSent, p.Shown
		if d.Shown < m.revisions[d.MoveID] {
			due = append(due, d)
		}
	}
	m.expect(rt, m.unless(due), m.now)
}

// free leaves on their own those who joined a delivery that is not posted.
func (m *machine) free(id int64) {
	for _, d := range m.joined(id) {
		d.MergedInto = 0
	}
}

// aimed checks that an edit knows its message and all the moves of that.
func (m *machine) aimed(rt *rapid.T, c store.Claimed) {
	if c.Kind != store.DeliveryEdit {
		return
	}
	var want []int64
	for _, d := range m.ordered() {
		if d.ID == c.TargetID || d.MergedInto == c.TargetID && d.State == store.StateSent {
			want = append(want, d.ID)
		}
	}
	var got []int64
	for _, p := range c.Parts {
		got = append(got, p.DeliveryID)
		if p.Shown != m.all[p.DeliveryID].Shown || p.Revision != m.revisions[p.MoveID] {
			rt.Fatalf("the edit has the part %+v, the model %+v", p, *m.all[p.DeliveryID])
		}
	}
	if !slices.Equal(got, want) || c.Target.State != m.all[c.TargetID].State {
		rt.Fatalf("the edit %+v is of %v, want %v", c, got, want)
	}
}
