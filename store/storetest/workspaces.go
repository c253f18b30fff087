package storetest

import (
	"errors"
	"testing"
	"time"

	"sparkbot/store"
)

func installationsComeAndGo(t *testing.T, w *World) {
	if _, _, err := w.DB.Installation(t.Context(), "T1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("before any install: %v", err)
	}
	first := store.Installation{
		Workspace: "T1", Name: "Acme", Enterprise: "E1", App: "A1", BotUser: "U1", Scopes: []string{"commands", "chat:write"},
		InstalledBy: "U2", InstalledAt: w.Now,
	}
	sealed := store.Sealed{KeyID: "k1", Text: "one"}
	if err := w.DB.PutInstallation(t.Context(), first, sealed); err != nil {
		t.Fatal(err)
	}
	got, token, err := w.DB.Installation(t.Context(), "T1")
	if err != nil || token != sealed || got.Name != "Acme" || got.Enterprise != "E1" || len(got.Scopes) != 2 || !got.InstalledAt.Equal(w.Now) || got.InstalledBy != "U2" {
		t.Errorf("it comes back as %+v, %+v (%v)", got, token, err)
	}
	anew := store.Sealed{KeyID: "k2", Text: "two"}
	if done, err := w.DB.Reseal(t.Context(), "T1", sealed, anew); err != nil || !done {
		t.Errorf("resealing gives %v, %v", done, err)
	}
	if done, err := w.DB.Reseal(t.Context(), "T1", sealed, store.Sealed{KeyID: "k3", Text: "late"}); err != nil || done {
		t.Errorf("resealing what is not there any more gives %v, %v", done, err)
	}
	if err := w.DB.RemoveInstallation(t.Context(), "T1", w.Now, "the app was removed"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.DB.Installation(t.Context(), "T1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after the removal: %v", err)
	}
	var left string
	if err := w.Outside.QueryRowContext(t.Context(), "SELECT token FROM installations").Scan(&left); err != nil || left != "" {
		t.Errorf("after the removal the token %q is left (%v)", left, err)
	}
	if all, err := w.DB.Installations(t.Context()); err != nil || len(all) != 1 || all[0].RemovedReason != "the app was removed" || all[0].RemovedAt.IsZero() {
		t.Errorf("all are %+v (%v)", all, err)
	}
	if err := w.DB.PutInstallation(t.Context(), first, sealed); err != nil {
		t.Fatal(err)
	}
	if got, _, err := w.DB.Installation(t.Context(), "T1"); err != nil || !got.RemovedAt.IsZero() || got.RemovedReason != "" {
		t.Errorf("installed again it is %+v (%v)", got, err)
	}
}

// workspace makes three places of T1, one of which was archived before, and one
// of T2, all of which are owed the same move.
func workspace(w *World) (ours []store.Place, other store.Place) {
	w.T.Helper()
	w.Project("session", "COMMS")
	for _, channel := range []string{"c1", "c2", "archived"} {
		ours = append(ours, w.Place(channel, store.Moves, Everything))
	}
	other, err := w.DB.EnsurePlace(w.T.Context(), store.Place{Platform: store.Slack, Workspace: "T2", Channel: "c1"})
	if err != nil {
		w.T.Fatal(err)
	}
	w.Subscribe(store.Subscription{PlaceID: other.ID, Target: Everything, Events: store.Moves})
	w.Move("session", "first")
	w.Tell(store.Moves)
	w.Move("session", "second")
	w.Tell(store.Moves)
	for _, c := range w.Claim(w.Now, 10) {
		if c.Place.Channel == "archived" {
			w.Settle(c, store.OutcomeGone, func(s *store.Settlement) { s.Reason = "archived" })
			continue
		}
		w.Settle(c, store.OutcomeReleased, nil)
	}
	return ours, other
}

// standing gives the workspace's places and the other's, as they are now: which
// of them hear, and how many deliveries of each are open.
func standing(w *World) map[string]bool {
	w.T.Helper()
	hears := map[string]bool{}
	for _, workspace := range []string{"T1", "T2"} {
		all, err := w.DB.Listings(w.T.Context(), store.Slack, workspace)
		if err != nil {
			w.T.Fatal(err)
		}
		for _, l := range all {
			hears[workspace+" "+l.Place.Channel] = !l.Place.Disabled()
		}
	}
	return hears
}

func check(w *World, when string, want map[string]bool) {
	w.T.Helper()
	for place, hears := range standing(w) {
		if hears != want[place] {
			w.T.Errorf("%s, %s hears: %v", when, place, hears)
		}
	}
}

func workspacesCloseAndOpen(t *testing.T, w *World) {
	ours, _ := workspace(w)
	t1 := store.Workspace{Platform: store.Slack, ID: "T1"}
	n, err := w.DB.CloseWorkspace(t.Context(), t1, w.Now, "the app was removed")
	if err != nil || n != 2 {
		t.Errorf("closing gives %d, %v", n, err)
	}
	check(w, "closed", map[string]bool{"T2 c1": true})
	if c := w.Claim(w.Now.Add(time.Hour), 10); len(c) != 1 || c[0].Place.Workspace != "T2" {
		t.Errorf("of a closed workspace is claimed %+v", c)
	}
	if open, err := w.DB.OpenWorkspaces(t.Context(), store.Slack); err != nil || len(open) != 1 || open[0] != "T2" {
		t.Errorf("open are %v (%v)", open, err)
	}
	if closed, err := w.DB.ClosedWorkspaces(t.Context(), store.Slack); err != nil || len(closed) != 1 || closed[0] != "T1" {
		t.Errorf("closed are %v (%v)", closed, err)
	}
	if n, err := w.DB.CloseWorkspace(t.Context(), t1, w.Now, "again"); err != nil || n != 0 {
		t.Errorf("closing again gives %d, %v", n, err)
	}
	if n, err := w.DB.OpenWorkspace(t.Context(), t1); err != nil || n != 2 {
		t.Errorf("opening gives %d, %v", n, err)
	}
	check(w, "open again", map[string]bool{"T1 c1": true, "T1 c2": true, "T2 c1": true})
	if n, err := w.DB.OpenWorkspace(t.Context(), t1); err != nil || n != 0 {
		t.Errorf("opening again gives %d, %v", n, err)
	}
	if c := w.Claim(w.Now.Add(time.Minute), 10); len(c) != 2 || c[0].Place.Workspace != "T1" || c[1].Place.Workspace != "T1" {
		t.Errorf("of what was missed is claimed %+v", c)
	}
	w.Move("session", "third")
	w.Tell(store.Moves)
	if got, want := w.states(ours[1]), "alert sending, alert held, alert waiting"; got != want {
		t.Errorf("its deliveries are %s, want %s", got, want)
	}
	if got, want := w.states(ours[2]), "alert held, alert held, alert held"; got != want {
		t.Errorf("those of the place that was archived before are %s, want %s", got, want)
	}
}

func workspaceIsFoundGone(t *testing.T, w *World) {
	workspace(w)
	for _, c := range w.Claim(w.Now, 10) {
		if c.Place.Workspace == "T1" && c.Place.Channel == "c1" {
			w.Settle(c, store.OutcomeGone, func(s *store.Settlement) { s.Reason, s.Workspace = "the token was revoked", true })
		}
	}
	check(w, "after one place was found gone with its workspace", map[string]bool{"T2 c1": true})
	if n, err := w.DB.OpenWorkspace(t.Context(), store.Workspace{Platform: store.Slack, ID: "T1"}); err != nil || n != 2 {
		t.Errorf("opening gives %d, %v", n, err)
	}
	check(w, "open again", map[string]bool{"T1 c1": true, "T1 c2": true, "T2 c1": true})
}
