package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sparkbot/store"
)

// claimWith claims one delivery with the company it has.
func (w *World) claimWith(at time.Time) store.Claimed {
	w.T.Helper()
	claimed, err := w.DB.Claim(w.T.Context(), store.ClaimRequest{
		Platforms: []store.Platform{store.Slack}, Now: at, Lease: 20 * time.Second, Limit: 10, Company: true,
	})
	if err != nil || len(claimed) != 1 {
		w.T.Fatalf("claimed %+v (%v), want one delivery", claimed, err)
	}
	return claimed[0]
}

// Join has all the company of a claim join it, as far as the store lets them, and
// gives the claim with its parts.
func (w *World) Join(c store.Claimed) store.Claimed {
	w.T.Helper()
	var ids []int64
	for _, o := range c.Company {
		ids = append(ids, o.DeliveryID)
	}
	joined, err := w.DB.Merge(w.T.Context(), c.ID, c.Fence, ids)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, o := range c.Company {
		if slices.Contains(joined, o.DeliveryID) {
			c.Parts = append(c.Parts, o.Part)
		}
	}
	return c
}

func manyBecomeOne(t *testing.T, w *World) {
	p := owing(w)
	w.Move("session", "fourth")
	w.Tell(store.Moves)
	c := w.claimWith(w.Now)
	if len(c.Company) != 3 || c.Company[0].Revision != 1 || c.Company[0].Held || c.Company[0].Muted || !c.Company[2].DueAt.Equal(w.Now) {
		t.Fatalf("the company is %+v", c.Company)
	}
	c = w.Join(c)
	w.Move("session", "too late")
	w.Tell(store.Moves)
	w.MustExec("UPDATE moves SET title = 'the second' WHERE title = 'second'")
	w.Retell(store.NoEvents)
	if other := w.Claim(w.Now, 10); len(other) != 0 {
		t.Errorf("while it is under way %+v is claimed", other)
	}
	w.Post(c, "m1")
	if got := w.queue(p); got != "alert sent, alert sent, alert sent, alert sent, alert waiting, edit waiting" {
		t.Errorf("the queue is %s", got)
	}
	late := w.claimWith(w.Now)
	if late.MoveID == c.MoveID || len(late.Company) != 0 {
		t.Errorf("then comes %+v", late)
	}
	w.Post(late, "m2")
	e := w.claimWith(w.Now)
	if e.Kind != store.DeliveryEdit || e.Target.ID != c.ID || e.Target.MessageID != "m1" || len(e.Parts) != 4 || e.Parts[1].Shown != 1 || e.Parts[1].Revision != 2 {
		t.Fatalf("the edit of one of them is %+v", e)
	}
	w.Post(e, "m1")
	for _, part := range e.Parts {
		if d, err := w.DB.Delivery(t.Context(), part.DeliveryID); err != nil || d.MessageID != "m1" || d.Shown != part.Revision || (d.MergedInto != c.ID) != (d.ID == c.ID) {
			t.Errorf("after the edit a part is %+v (%v)", d, err)
		}
	}
}

func whoJoinedStays(t *testing.T, w *World) {
	owing(w)
	first := w.claimWith(w.Now)
	joined := w.Join(first)
	w.Move("session", "fourth")
	w.Tell(store.Moves)
	heir := w.claimWith(w.Now.Add(20 * time.Second)) // the process died
	var with []bool
	for _, o := range heir.Company {
		with = append(with, o.MergedInto == heir.ID)
	}
	if heir.ID != first.ID || !slices.Equal(with, []bool{true, true, false}) {
		t.Fatalf("the heir finds %+v", heir.Company)
	}
	if more, err := w.DB.Merge(t.Context(), first.ID, first.Fence, []int64{heir.Company[2].DeliveryID}); err != nil || len(more) != 0 {
		t.Errorf("who lost the claim still has %v join it (%v)", more, err)
	}
	if w.Settle(joined, store.OutcomeSent, nil) {
		t.Error("who lost the claim settled it")
	}
	heir.Parts = nil
	for _, o := range heir.Company[:2] {
		heir.Parts = append(heir.Parts, o.Part)
	}
	w.Post(heir, "m1")
	if next := w.claimWith(w.Now); next.ID != heir.Company[2].DeliveryID {
		t.Errorf("the next is %+v", next)
	}
}

func whoJoinedIsFreed(t *testing.T, w *World) {
	for _, outcome := range []store.Outcome{store.OutcomeFailed, store.OutcomeCancelled, store.OutcomeHeld, store.OutcomeRetry} {
		w.MustExec("DELETE FROM places")
		w.MustExec("DELETE FROM projects")
		p := owing(w)
		c := w.Join(w.claimWith(w.Now))
		w.Settle(c, outcome, func(s *store.Settlement) { s.DueAt, s.Apart = w.Now.Add(time.Hour), true })
		deliveries, err := w.DB.Deliveries(t.Context(), p.ID, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range deliveries {
			if d.MergedInto != 0 || d.ID != c.ID && d.State != store.StateWaiting {
				t.Errorf("after %s: %+v", outcome, d)
			}
		}
		if outcome == store.OutcomeRetry {
			continue // keeps its place in the line
		}
		if next := w.claimWith(w.Now); next.ID == c.ID || len(next.Company) == 0 {
			t.Errorf("after %s the next is %+v", outcome, next)
		}
	}
}

func heldIsCaughtUp(t *testing.T, w *World) {
	p := owing(w)
	session, err := w.DB.ProjectBySlug(t.Context(), "session")
	if err != nil {
		t.Fatal(err)
	}
	until := w.Now.Add(time.Hour)
	if err := w.DB.SetMute(t.Context(), store.Mute{PlaceID: p.ID, ProjectID: session.ID, Until: until, CatchUp: false}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c := w.claimOne(w.Now)
		if !c.MutedUntil.Equal(until) || !c.MuteDrops {
			t.Fatalf("the claim is %+v", c)
		}
		w.Settle(c, store.OutcomeHeld, func(s *store.Settlement) { s.DueAt, s.GiveUpAt = until, until.Add(time.Hour) })
	}
	w.Move("session", "just now")
	w.Tell(store.Moves)
	c := w.claimOne(until) // without asking for company: what was held comes along anyway
	if !c.Held || len(c.Company) != 2 || !c.Company[0].Held || !c.Company[1].DueAt.Equal(until) {
		t.Fatalf("when the mute ends the claim is %+v", c)
	}
	w.Post(w.Join(c), "m1")
	if next := w.claimOne(until); next.Held || len(next.Company) != 0 {
		t.Errorf("then comes %+v", next)
	}
	if got := w.queue(p); got != "alert sent, alert sent, alert sent, alert sending" {
		t.Errorf("the queue is %s", got)
	}
}

func companyIsBounded(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	w.Place("c", store.Moves, Everything)
	other := w.Place("d", store.Moves, Everything)
	for i := range store.MaxParts + 20 {
		w.Move("session", fmt.Sprint("move ", i))
	}
	w.Tell(store.Moves)
	w.MustExec("DELETE FROM deliveries WHERE place_id = $1 AND id > (SELECT min(id) + 4 FROM deliveries)", other.ID)
	claimed, err := w.DB.Claim(t.Context(), store.ClaimRequest{Platforms: []store.Platform{store.Slack}, Now: w.Now, Lease: time.Minute, Limit: 10, Company: true})
	if err != nil || len(claimed) != 2 {
		t.Fatalf("claimed %d (%v)", len(claimed), err)
	}
	for _, c := range claimed {
		if c.PlaceID != other.ID && len(c.Company) != store.MaxParts-1 || c.PlaceID == other.ID && len(c.Company) > 4 {
			t.Errorf("place %s has a company of %d", c.Place.Channel, len(c.Company))
		}
	}
}

func quietIsKept(t *testing.T, w *World) {
	p := owing(w)
	until := w.Now.Add(9 * time.Hour)
	for range 3 {
		w.Settle(w.claimOne(w.Now), store.OutcomeHeld, func(s *store.Settlement) { s.DueAt, s.GiveUpAt = until, until.Add(time.Hour) })
	}
	q := store.Quiet{From: 20 * 60, To: 8 * 60, Zone: "Europe/Berlin", CatchUp: false}
	if err := w.DB.SetQuiet(t.Context(), p.ID, q, w.Now); err != nil {
		t.Fatal(err)
	}
	c := w.claimOne(w.Now) // what was held is looked at anew
	if c.Place.Quiet != q || !c.Held || len(c.Company) != 2 {
		t.Errorf("the claim is %+v", c)
	}
	if at, err := w.DB.PlaceAt(t.Context(), p.Platform, p.Workspace, p.Channel); err != nil || at.Quiet != q {
		t.Errorf("the place is quiet %s (%v)", at.Quiet, err)
	}
}

func turnsAreCaughtUp(t *testing.T, w *World) {
	p := owing(w)
	session, err := w.DB.ProjectBySlug(t.Context(), "session")
	if err != nil {
		t.Fatal(err)
	}
	w.Subscribe(store.Subscription{PlaceID: p.ID, Target: Slug("session"), Events: store.Trends})
	turning := w.turn(session, store.TurnSurging, time.Now().Add(time.Second))
	if n, _, err := w.DB.ExpandTurning(t.Context(), store.TurningExpansion{Turning: turning, Project: session, Now: w.Now, GiveUpAt: w.Now.Add(time.Hour), Chunk: 10}); err != nil || n != 1 {
		t.Fatalf("%d places are told of the turn (%v)", n, err)
	}
	until := w.Now.Add(time.Hour)
	for range 4 {
		w.Settle(w.claimOne(w.Now), store.OutcomeHeld, func(s *store.Settlement) { s.DueAt, s.GiveUpAt = until, until.Add(time.Hour) })
	}
	c := w.claimOne(until)
	if len(c.Company) != 3 {
		t.Fatalf("the company is %+v", c.Company)
	}
	if o := c.Company[2]; o.TurningID != turning.ID || o.MoveID != 0 || o.Retracted || !o.Held {
		t.Errorf("the turn is %+v", o)
	}
	w.Post(w.Join(c), "m1")
	if got := w.queue(p); got != "alert sent, alert sent, alert sent, trend sent" {
		t.Errorf("the queue is %s", got)
	}
	w.MustExec("UPDATE moves SET title = 'edited' WHERE title = 'second'")
	w.Retell(store.NoEvents)
	if e := w.claimOne(until); len(e.Parts) != 4 || e.Parts[3].TurningID != turning.ID || e.Parts[3].Retracted {
		t.Errorf("the edit is %+v", e)
	}
}
