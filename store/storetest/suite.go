package storetest

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"sparkbot/store"
	"sparkbot/store/sqlstore"
)

// Run is the suite: every story on both databases.
func Run(t *testing.T) {
	for _, story := range []struct {
		name string
		tell func(t *testing.T, w *World)
	}{
		{"a project and its moves come back as they were stored", projectsComeBack},
		{"storing the same again changes nothing", importIsIdempotent},
		{"an import fails as a whole", importIsAtomic},
		{"the tables refuse what the contract refuses", tablesRefuse},
		{"other programs' writes are noticed, each as what it is", writesAreNoticed},
		{"a commit is noticed within a second", commitsWake},
		{"a first import is history", firstImportIsHistory},
		{"subscriptions are kept, changed and ended", subscriptionsAreKept},
		{"a move reaches each place once, whatever matches", expansionIsExact},
		{"expansion goes on where it stopped", expansionInChunks},
		{"every way to hear of a project is heard, once", everyWayIsHeard},
		{"alerts are taken as they are owed", alertsAreTaken},
		{"only full chunks are taken, if so wished", fullChunksAreTaken},
		{"what was taken passes on", whatIsTakenPassesOn},
		{"what was told and pruned is not taken again", whatWasPrunedIsNotTaken},
		{"a place's deliveries are claimed in order", claimsKeepOrder},
		{"a lease that ran out passes on, and its holder is fenced off", leasesPassOn},
		{"a place that is gone is disabled, and hears again when enabled", placesGoAndReturn},
		{"a place that somebody deletes takes its deliveries along", deletedPlacesLeaveNothing},
		{"a batch of records is exact, whoever of it is fenced off", batchesAreExact},
		{"a mute holds and releases", mutesHold},
		{"a key is owed once", keysAreUnique},
		{"two workers never share a claim", workersDoNotShare},
		{"a doubt is kept since it began", doubtsAreKept},
		{"an edit follows its post, once for the last revision", editsFollow},
		{"a message that waits needs no edit, one under way does", editsOfWhatIsUnderWay},
		{"a spark turned on later is told and edited", sparkedLater},
		{"what changed between a claim and its record is edited", editsOfLateChanges},
		{"a move that stands again is told where it never was", standsAgain},
		{"edits are owed in chunks, and in places that are gone when they return", editsInChunks},
		{"many alerts become one message, and are edited there", manyBecomeOne},
		{"who joined a message stays with it", whoJoinedStays},
		{"who joined a message that is not posted is freed", whoJoinedIsFreed},
		{"what was held is caught up", heldIsCaughtUp},
		{"the company of a claim is bounded", companyIsBounded},
		{"changes of trend are caught up with the rest", turnsAreCaughtUp},
		{"quiet hours are kept, and what was held is looked at anew", quietIsKept},
		{"what a mute held comes one by one, in order", heldComesInOrder},
		{"only who holds the claim can find a place gone", goneIsFenced},
		{"a place that is gone is asked for, and its absence lasts until something is sent", placesAreProbed},
		{"the member who subscribed is told once of an absence", absencesAreTold},
		{"what is held for a place that is gone is bounded", heldIsBounded},
		{"what ended long ago is pruned and never owed again", prunedStaysKnown},
		{"what a wrong clock put off is brought forward", timesAreMended},
		{"the log tells what was owed, and what was not", logAnswers},
		{"what is explained is what is matched", explainingIsMatching},
		{"a lapsed lease is found behind what waits for it", headsAreFound},
		{"one of many holds a lease, until it lapses or is given back", oneHolds},
		{"a day's score is written once", snapshotsAreWrittenOnce},
		{"a dossier is whole", aDossierIsWhole},
		{"a turn is taken once, whoever decides", turnsAreTakenOnce},
		{"a turn is told to who follows the trend, in chunks and once", turnsAreToldInChunks},
		{"a trend is held like an alert, and ends with its project", trendsAreHeldAndEndWithTheirProject},
		{"a digest's schedule is kept", digestsAreKept},
		{"a week is closed once, and places that follow the same share an edition", weeksCloseOnce},
		{"alerts overtake digests", alertsOvertake},
		{"every move is in exactly one window, whatever commits late", windowsAreExact},
		{"what a process holds is renewed at once", holdingsAreRenewed},
		{"members share a limit, each knowing what the others have", membersShare},
		{"a place rests for every replica", placesRest},
		{"replicas work off backlogs in order and leave nothing behind", replicasKeepOrder},
		{"an installation comes back as it was stored, and goes without its token", installationsComeAndGo},
		{"a workspace closes and opens as one, and no other with it", workspacesCloseAndOpen},
		{"one place tells that its whole workspace is gone", workspaceIsFoundGone},
	} {
		t.Run(story.name, func(t *testing.T) {
			Each(t, func(t *testing.T, url string) { story.tell(t, NewWorld(t, url)) })
		})
	}
}

// clock is the real one: the databases keep their own time beside ours.
var clock = time.Now

// World is a migrated database and another program that writes to it.
type World struct {
	T       *testing.T
	DB      *sqlstore.Store
	Outside *sql.DB
	URL     string
	Now     time.Time
}

// NewWorld migrates the database at url.
func NewWorld(t *testing.T, url string) *World {
	t.Helper()
	db, err := sqlstore.Open(t.Context(), url, sqlstore.Options{Logger: Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	outside, err := OpenOutside(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = outside.Close() })
	return &World{T: t, DB: db, Outside: outside, URL: url, Now: clock().UTC().Truncate(time.Millisecond)}
}

// OpenOutside opens the database as a program that knows nothing of ours.
func OpenOutside(url string) (*sql.DB, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
	}
	return sql.Open("postgres", url)
}

// Exec runs a statement from outside.
func (w *World) Exec(query string, args ...any) error {
	_, err := w.Outside.ExecContext(w.T.Context(), query, args...)
	return err
}

// MustExec is Exec that ends the test when it fails.
func (w *World) MustExec(query string, args ...any) {
	w.T.Helper()
	if err := w.Exec(query, args...); err != nil {
		w.T.Fatalf("%s: %v", query, err)
	}
}

// Project stores a project from outside and gives it back.
func (w *World) Project(slug, category string, tags ...string) store.Project {
	w.T.Helper()
	w.MustExec("INSERT INTO projects (slug, name, category) VALUES ($1, $2, $3)", slug, strings.ToUpper(slug[:1])+slug[1:], category)
	for _, tag := range tags {
		w.MustExec("INSERT INTO project_tags (project_id, tag) SELECT id, $1 FROM projects WHERE slug = $2", tag, slug)
	}
	p, err := w.DB.ProjectBySlug(w.T.Context(), slug)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// Move stores a move of today from outside, with the fewest columns there may be.
func (w *World) Move(slug, title string) {
	w.T.Helper()
	w.MustExec("INSERT INTO moves (project_id, title, source_url, occurred_at) SELECT id, $1, $2, $3 FROM projects WHERE slug = $4",
		title, "https://example.org/"+strings.ReplaceAll(title, " ", "-"), w.Now.Format(time.RFC3339), slug)
}

// Place makes a place that is subscribed to the targets.
func (w *World) Place(channel string, events store.Events, targets ...store.Target) store.Place {
	w.T.Helper()
	p, err := w.DB.EnsurePlace(w.T.Context(), store.Place{Platform: store.Slack, Workspace: "T1", Channel: channel})
	if err != nil {
		w.T.Fatal(err)
	}
	for _, target := range targets {
		w.Subscribe(store.Subscription{PlaceID: p.ID, Target: target, Events: events})
	}
	return p
}

// Subscribe stores a subscription.
func (w *World) Subscribe(s store.Subscription) store.Subscription {
	w.T.Helper()
	s, err := w.DB.Subscribe(w.T.Context(), s)
	if err != nil {
		w.T.Fatal(err)
	}
	return s
}

// Changes gives the outbox.
func (w *World) Changes() []store.Change {
	w.T.Helper()
	changes, err := w.DB.Changes(w.T.Context(), 1000)
	if err != nil {
		w.T.Fatal(err)
	}
	return changes
}

// Kinds gives the outbox as words.
func (w *World) Kinds() string {
	w.T.Helper()
	var kinds []string
	for _, c := range w.Changes() {
		kinds = append(kinds, string(c.Kind))
	}
	return strings.Join(kinds, " ")
}

// Forget empties the outbox.
func (w *World) Forget() {
	w.T.Helper()
	var ids []int64
	for _, c := range w.Changes() {
		ids = append(ids, c.ID)
	}
	if err := w.DB.FinishChanges(w.T.Context(), ids); err != nil {
		w.T.Fatal(err)
	}
}

// Tell expands the whole outbox to whoever hears of events.
func (w *World) Tell(events store.Events) (added int) {
	w.T.Helper()
	return w.expand(events, false)
}

// Retell expands the whole outbox to whoever hears of events, and edits what was
// posted of its moves.
func (w *World) Retell(events store.Events) (added int) {
	w.T.Helper()
	return w.expand(events, true)
}

func (w *World) expand(events store.Events, edit bool) (added int) {
	w.T.Helper()
	for _, c := range w.Changes() {
		added += w.expandOne(c, events, edit)
	}
	return added
}

// TellOne expands one change to whoever hears of events.
func (w *World) TellOne(c store.Change, events store.Events) (added int) {
	w.T.Helper()
	return w.expandOne(c, events, false)
}

func (w *World) expandOne(c store.Change, events store.Events, edit bool) (added int) {
	w.T.Helper()
	p := w.projectOf(c)
	for done := false; !done; {
		x, err := w.DB.Expand(w.T.Context(), store.Expansion{Change: c, Project: p, Events: events, Edit: edit, Now: w.Now, GiveUpAt: w.Now.Add(6 * time.Hour), Chunk: 100})
		if err != nil {
			w.T.Fatal(err)
		}
		added, done = added+x.Owed, x.Done
	}
	return added
}

// Claim claims up to limit deliveries at a time.
func (w *World) Claim(at time.Time, limit int) []store.Claimed {
	w.T.Helper()
	return w.ClaimAs(store.ClaimRequest{Platforms: []store.Platform{store.Discord, store.Slack}, Now: at, Lease: 20 * time.Second, Limit: limit})
}

// ClaimAs is DB.Claim, which must work.
func (w *World) ClaimAs(r store.ClaimRequest) []store.Claimed {
	w.T.Helper()
	claimed, err := w.DB.Claim(w.T.Context(), r)
	if err != nil {
		w.T.Fatal(err)
	}
	return claimed
}

// Settle settles one claim and reports whether it was still the caller's.
func (w *World) Settle(c store.Claimed, outcome store.Outcome, change func(*store.Settlement)) bool {
	w.T.Helper()
	s := store.Settlement{DeliveryID: c.ID, Fence: c.Fence, Outcome: outcome, At: w.Now, DueAt: w.Now}
	if change != nil {
		change(&s)
	}
	stale, _, err := w.DB.Settle(context.WithoutCancel(w.T.Context()), []store.Settlement{s})
	if err != nil {
		w.T.Fatal(err)
	}
	return len(stale) == 0
}

// Post settles a claim as posted under a message id, or as edited, as a worker
// does.
func (w *World) Post(c store.Claimed, messageID string) bool {
	w.T.Helper()
	return w.Settle(c, store.OutcomeSent, func(s *store.Settlement) { s.MessageID, s.Shown = messageID, shows(c) })
}

// shows gives what the message of a claim shows once it is posted.
func shows(c store.Claimed) (parts []store.Part) {
	if c.Kind == store.DeliveryAlert {
		parts = append(parts, store.Part{DeliveryID: c.ID, MoveID: c.MoveID, Shown: c.Revision})
	}
	for _, p := range c.Parts {
		if p.DeliveryID != c.ID {
			parts = append(parts, store.Part{DeliveryID: p.DeliveryID, Shown: p.Revision})
		}
	}
	return parts
}

// Everything is the target of a subscription to all projects.
var Everything = store.Target{Kind: store.TargetEverything}

// Slug is the target of one project.
func Slug(slug string) store.Target { return store.Target{Kind: store.TargetProject, Value: slug} }
