package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sparkbot/store"
)

// Digest gives a place's digest.
func (w *World) Digest(placeID int64) store.Digest {
	w.T.Helper()
	d, err := w.DB.Digest(w.T.Context(), placeID)
	if err != nil {
		w.T.Fatal(err)
	}
	return d
}

// SetDigest stores a place's digest.
func (w *World) SetDigest(d store.Digest) {
	w.T.Helper()
	if err := w.DB.SetDigest(w.T.Context(), d); err != nil {
		w.T.Fatal(err)
	}
}

// Notices gives the last notice.
func (w *World) Notices() int64 {
	w.T.Helper()
	n, err := w.DB.Notices(w.T.Context())
	if err != nil {
		w.T.Fatal(err)
	}
	return n
}

// ImportHistory imports a project that is new, with moves at the given times.
func (w *World) ImportHistory(slug string, at ...time.Time) {
	w.T.Helper()
	moves := make([]store.Move, len(at))
	for i, t := range at {
		moves[i] = store.Move{Title: fmt.Sprint("Release ", i), SourceURL: fmt.Sprintf("https://example.org/%s/%d", slug, i), OccurredAt: t}
	}
	put(w, store.Project{Slug: slug, Name: slug, Category: "DATA"}, moves)
}

// Told gives the titles of a window's moves, in order; history has a ° behind.
func (w *World) Told(after, upTo int64, since time.Time) string {
	w.T.Helper()
	moves, err := w.DB.Told(w.T.Context(), after, upTo, since)
	if err != nil {
		w.T.Fatal(err)
	}
	titles := make([]string, len(moves))
	for i, m := range moves {
		titles[i] = m.Title
		if m.History {
			titles[i] += "°"
		}
	}
	return strings.Join(titles, ", ")
}

func digestsAreKept(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	bare := w.Place("bare", store.NoEvents)
	if d := w.Digest(bare.ID); d.Schedule != store.DefaultSchedule || d.Off || d.SkipQuiet || !d.NextAt.IsZero() || d.Wanted {
		t.Errorf("a place that never subscribed has the digest %+v", d)
	}
	p := w.Place("c", store.DefaultEvents, Slug("session"))
	alerts := w.Place("alerts", store.Sparks, Slug("session"))
	if d := w.Digest(p.ID); d.Schedule != store.DefaultSchedule || !d.Wanted {
		t.Errorf("a place that subscribed has the digest %+v", d)
	}
	if w.Digest(alerts.ID).Wanted {
		t.Error("a place that chose sparks alone wants a digest")
	}
	unset := func() (places []int64) {
		t.Helper()
		all, err := w.DB.UnsetDigests(t.Context(), w.Now.AddDate(0, 0, 9), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			places = append(places, d.PlaceID)
		}
		slices.Sort(places)
		return places
	}
	if got := unset(); !slices.Equal(got, []int64{p.ID, alerts.ID}) {
		t.Errorf("without a next time are %v", got)
	}
	friday := store.Digest{
		PlaceID: p.ID, Schedule: store.Schedule{Weekday: time.Friday, Minute: 965, Zone: "Europe/Berlin"}, SkipQuiet: true, NextAt: w.Now.Add(time.Hour),
	}
	w.SetDigest(friday)
	friday.Wanted = true
	if d := w.Digest(p.ID); d != friday {
		t.Errorf("it is kept as %+v, want %+v", d, friday)
	}
	w.SetDigest(store.Digest{PlaceID: alerts.ID, Schedule: store.DefaultSchedule, Off: true})
	if got := unset(); len(got) != 0 {
		t.Errorf("then without a next time are %v", got)
	}
	if next, some, err := w.DB.NextDigest(t.Context()); err != nil || !some || !next.Equal(friday.NextAt) {
		t.Errorf("the next is at %s (%v, %v)", next, some, err)
	}
	friday.NextAt = w.Now.AddDate(1, 0, 0) // as by a clock that was wrong
	w.SetDigest(friday)
	if got := unset(); !slices.Equal(got, []int64{p.ID}) {
		t.Errorf("a next time of next year is believed: %v", got)
	}
}

func weeksCloseOnce(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	var places []store.Place
	for i, targets := range [][]store.Target{{Slug("session"), Everything}, {Everything, Slug("session")}, {Everything}, nil} {
		places = append(places, w.Place(fmt.Sprint("c", i), store.Digests, targets...))
	}
	for _, p := range places {
		w.SetDigest(store.Digest{PlaceID: p.ID, Schedule: store.DefaultSchedule, NextAt: w.Now.Add(-time.Minute)})
	}
	due, err := w.DB.DueDigests(t.Context(), w.Now, 100)
	if err != nil || len(due) != 4 || due[0].Follows == "" || due[0].Follows != due[1].Follows || due[2].Follows == due[0].Follows || due[3].Follows != "" {
		t.Fatalf("due are %+v (%v)", due, err)
	}
	for i, d := range due[:3] {
		if follows, err := w.DB.Follows(t.Context(), d.PlaceID); err != nil || follows != d.Follows {
			t.Errorf("place %d follows %s (%v), and for its digest %s", i, follows, err, d.Follows)
		}
	}
	edition := store.Edition{
		Variant: store.Weekly, Schedule: store.DefaultSchedule, Follows: due[0].Follows, Begin: w.Now.AddDate(0, 0, -7), End: w.Now, First: true, UpTo: 7, SkipQuiet: true,
	}
	other := edition
	other.Follows = due[2].Follows
	next := w.Now.AddDate(0, 0, 7)
	var closings []store.Closing
	for i, d := range due {
		closings = append(closings, store.Closing{PlaceID: d.PlaceID, Due: d.NextAt, NextAt: next, Edition: []int{0, 0, 1, -1}[i], Since: w.Now, Seen: 7})
	}
	closeAll := func() int {
		t.Helper()
		_, n, err := w.DB.CloseDigests(t.Context(), w.Now, w.Now.Add(24*time.Hour), []store.Edition{edition, other}, closings)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if first, second := closeAll(), closeAll(); first != 3 || second != 0 {
		t.Errorf("closing owes %d, and once more %d", first, second)
	}
	if again, err := w.DB.DueDigests(t.Context(), w.Now, 100); err != nil || len(again) != 0 {
		t.Errorf("after that are due %+v (%v)", again, err)
	}
	if d := w.Digest(places[0].ID); !d.NextAt.Equal(next) || !d.Since.Equal(w.Now) || d.Seen != 7 {
		t.Errorf("the digest goes on as %+v", d)
	}
	claimed := w.Claim(w.Now, 10)
	if len(claimed) != 3 || claimed[0].EditionID == 0 || claimed[0].EditionID != claimed[1].EditionID || claimed[2].EditionID == claimed[0].EditionID {
		t.Fatalf("claimed are %+v", claimed)
	}
	if c := claimed[0]; c.Kind != store.DeliveryDigest || c.Rank != store.RankDigest || !c.GiveUpAt.Equal(w.Now.Add(24*time.Hour)) || !strings.HasPrefix(c.Key, "digest:20") {
		t.Errorf("a digest is owed as %+v", c.Delivery)
	}
	edition.ID = claimed[0].EditionID
	if e, err := w.DB.Edition(t.Context(), edition.ID); err != nil || e != edition {
		t.Errorf("the edition is %+v (%v), want %+v", e, err, edition)
	}
	if _, err := w.DB.EditionOf(t.Context(), places[0].ID, edition.ID); err != nil {
		t.Errorf("a place does not find its edition: %v", err)
	}
	if _, err := w.DB.EditionOf(t.Context(), places[2].ID, edition.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a place finds another's edition: %v", err)
	}
	if same, err := w.DB.PutEdition(t.Context(), edition); err != nil || same.ID != edition.ID {
		t.Errorf("the same edition is stored as %d (%v)", same.ID, err)
	}
	if n, err := w.DB.PruneEditions(t.Context(), w.Now.Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("%d editions that are owed were forgotten (%v)", n, err)
	}
	for _, c := range claimed {
		w.Settle(c, store.OutcomeSent, nil)
	}
	if n, err := w.DB.PruneEditions(t.Context(), w.Now.Add(time.Hour)); err != nil || n != 2 {
		t.Errorf("%d editions were forgotten (%v), want 2", n, err)
	}
}

func alertsOvertake(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	p, other := w.Place("c", store.Moves, Everything), w.Place("other", store.NoEvents)
	owe := func(place store.Place, key string) {
		t.Helper()
		if _, _, err := w.DB.Enqueue(t.Context(), store.Delivery{
			PlaceID: place.ID, Kind: store.DeliveryDigest, Key: key, Rank: store.RankDigest, DueAt: w.Now.Add(-time.Hour), GiveUpAt: w.Now.Add(time.Hour),
		}); err != nil {
			t.Fatal(err)
		}
	}
	owe(p, "digest:1")
	owe(p, "digest:2")
	owe(other, "digest:1")
	w.Move("session", "first")
	w.Move("session", "second")
	w.Tell(store.Moves)
	var order []string
	for range 5 {
		claimed := w.Claim(w.Now, 1)
		if len(claimed) != 1 {
			t.Fatalf("after %v nothing is claimed", order)
		}
		order = append(order, string(claimed[0].Kind)+" to "+claimed[0].Place.Channel)
		w.Settle(claimed[0], store.OutcomeSent, nil)
	}
	if got, want := strings.Join(order, ", "), "alert to c, alert to c, digest to c, digest to c, digest to other"; got != want {
		t.Errorf("they go as %s, want %s", got, want)
	}
	owe(p, "digest:3")
	held := w.Claim(w.Now, 1)[0]
	w.Move("session", "while a digest is on its way")
	w.Tell(store.Moves)
	if c := w.Claim(w.Now, 5); len(c) != 1 || c[0].Kind != store.DeliveryAlert {
		t.Errorf("beside a digest on its way are claimed %+v", c)
	}
	w.Settle(held, store.OutcomeRetry, func(s *store.Settlement) { s.DueAt = w.Now.Add(time.Hour) })
	if due, open, err := w.DB.NextDue(t.Context(), w.Now); err != nil || !open || due.After(w.Now.Add(time.Minute)) {
		t.Errorf("the next is due at %s (%v, %v), not when the alert's lease ends", due, open, err)
	}
}

func windowsAreExact(t *testing.T, w *World) {
	w.Project("session", "COMMS")
	long := w.Now.AddDate(0, 0, -30)
	if got := w.Notices(); got != 0 {
		t.Errorf("before any move there are %d notices", got)
	}
	w.Move("session", "one")
	if waits, err := w.DB.Unnoticed(t.Context(), w.Now.Add(time.Minute)); err != nil || !waits {
		t.Errorf("a change in the outbox does not wait (%v)", err)
	}
	if got := w.Told(0, 1000, long); got != "" {
		t.Errorf("before the outbox is read, told is %s", got)
	}
	// A program that is slow to commit stores a move in the first window.
	slow, err := w.Outside.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	late := w.DB.Dialect() == "postgres" // SQLite has one writer at a time
	if late {
		if _, err := slow.ExecContext(t.Context(), `INSERT INTO moves (project_id, title, source_url, occurred_at)
			SELECT id, 'slow', 'https://x.org/slow', $1 FROM projects`, w.Now.Format(time.RFC3339)); err != nil {
			t.Fatal(err)
		}
	}
	w.Forget()
	first := w.Notices()
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	if waits, err := w.DB.Unnoticed(t.Context(), w.Now.Add(time.Minute)); err != nil || waits != late {
		t.Errorf("after it was read the outbox waits: %v (%v)", waits, err)
	}
	w.Move("session", "two")
	w.Tell(store.Moves)
	w.MustExec("UPDATE moves SET title = 'one, edited' WHERE title = 'one'")
	w.Move("session", "taken back")
	w.MustExec("UPDATE moves SET retracted_at = $1 WHERE title = 'taken back'", w.Now.Format(time.RFC3339))
	w.MustExec("INSERT INTO moves (project_id, title, source_url, occurred_at) SELECT id, 'old', 'https://x.org/old', $1 FROM projects", w.Now.AddDate(-1, 0, 0).Format(time.RFC3339))
	w.Forget()
	second := w.Notices()
	if got := w.Told(0, first, long); got != "one, edited" {
		t.Errorf("the first window holds %s", got)
	}
	want := "two"
	if late {
		want = "slow, two"
	}
	if got := w.Told(first, second, long); got != want {
		t.Errorf("the second window holds %s, want %s", got, want)
	}
	if got := w.Told(second, w.Notices(), long); got != "" {
		t.Errorf("the third window holds %s", got)
	}
	w.MustExec("DELETE FROM moves WHERE title = 'two'")
	moves, err := w.DB.MovesByID(t.Context(), []int64{1, 2, 3, 4, 999})
	if err != nil || len(moves) < 2 {
		t.Errorf("moves by id are %+v (%v)", moves, err)
	}
	if late {
		notYetCommitted(t, w)
	}
}

// notYetCommitted asks for the last notice while another process is adding one.
func notYetCommitted(t *testing.T, w *World) {
	w.Move("session", "in flight")
	tx, err := w.Outside.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "DELETE FROM move_changes"); err != nil {
		t.Fatal(err)
	}
	asked := make(chan int64, 1)
	go func() { asked <- w.Notices() }()
	for waits := 0; waits == 0; {
		if err := w.Outside.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").Scan(&waits); err != nil {
			t.Fatal(err)
		}
		select {
		case n := <-asked:
			t.Fatalf("the last notice is %d while another is not committed", n)
		default:
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := w.Told(<-asked-1, w.Notices(), w.Now.AddDate(0, 0, -30)); got != "in flight" {
		t.Errorf("what was in flight is told as %q", got)
	}
}
