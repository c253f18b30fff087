package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sparkbot/bot/discord"
	"sparkbot/bot/slack"
	"sparkbot/notify"
	"sparkbot/notify/compose"
	"sparkbot/notify/digest"
	"sparkbot/store"
	"sparkbot/store/sqlstore"
)

// A crowd of places is due in the same minute. They follow two things each, of
// which there are crowdSets different pairs.
const (
	crowdProjects = 200
	crowdMoves    = 40 // of a project
	crowdSets     = 400
	crowdRounds   = 5
)

// encoder is an adapter's way from a message to a body.
type encoder interface {
	Encode(m notify.Message) (notify.Body, error)
}

// measureDigest closes the week of 10,000 places that are due in the same minute,
// and composes and encodes for both platforms what they are owed, with the code
// that serve runs. Pictures are not in it: they are drawn when a digest is sent.
func measureDigest(ctx context.Context, b *bench) error {
	onDiscord, err := discord.New(discord.Options{Token: "bench"})
	if err != nil {
		return fmt.Errorf("make the adapter of Discord: %w", err)
	}
	onSlack, err := slack.New(slack.Options{BotToken: botToken})
	if err != nil {
		return fmt.Errorf("make the adapter of Slack: %w", err)
	}
	for _, kind := range b.databases {
		if err := b.digest(ctx, kind, []encoder{onDiscord, onSlack}); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

func (b *bench) digest(ctx context.Context, kind string, encoders []encoder) error {
	d, err := b.open(ctx, kind)
	if err != nil {
		return err
	}
	defer d.close()
	now, n := time.Now().UTC().Truncate(time.Minute), b.size(10_000)
	if err := d.crowd(ctx, n, now); err != nil {
		return err
	}
	db, err := sqlstore.Open(ctx, d.url, sqlstore.Options{})
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	defer func() { _ = db.Close() }()
	if err := notice(ctx, db); err != nil {
		return err
	}
	var all, closes, words []float64
	for range crowdRounds {
		if err := d.due(ctx, now); err != nil {
			return err
		}
		begun := time.Now()
		if _, err := digest.New(db, digest.Options{Now: func() time.Time { return now }}).Pass(ctx); err != nil {
			return fmt.Errorf("close the weeks: %w", err)
		}
		closed := time.Since(begun)
		editions, err := d.editions(ctx, n)
		if err != nil {
			return err
		}
		begun = time.Now()
		if err := say(ctx, db, editions, now, encoders); err != nil {
			return err
		}
		composed := time.Since(begun)
		all, closes, words = append(all, (closed+composed).Seconds()), append(closes, closed.Seconds()), append(words, composed.Seconds())
	}
	b.table.atMost("digest_"+kind+"_10k_s", median(all), 2, "%d places in %d sets; closed in %.2f s, composed in %.2f s", n, crowdSets, median(closes), median(words))
	return nil
}

// say composes and encodes editions.
func say(ctx context.Context, db *sqlstore.Store, editions []int64, now time.Time, encoders []encoder) error {
	desk := digest.NewDesk(db, db)
	for _, id := range editions {
		w, err := desk.Digest(ctx, id, now)
		if err != nil {
			return fmt.Errorf("read a digest: %w", err)
		}
		m := compose.DigestMessage(w, nil)
		for _, e := range encoders {
			if _, err := e.Encode(m); err != nil {
				return fmt.Errorf("encode a digest: %w", err)
			}
		}
	}
	return nil
}

// crowd stores projects, their moves, and n places that follow them.
func (d *database) crowd(ctx context.Context, n int, now time.Time) error {
	for _, table := range []struct {
		into string
		n    int
		row  func(i int) string
	}{
		{"projects (id, slug, name, category, prediction)", crowdProjects, func(i int) string {
			return fmt.Sprintf("(%d, 'p-%d', 'Project %d', 'CATEGORY %d', 'It goes on.')", i, i, i, i%4)
		}},
		{"project_tags (project_id, tag)", crowdProjects, func(i int) string { return fmt.Sprintf("(%d, 'tag-%d')", i, i%7) }},
		{"moves (project_id, title, source_url, spark, occurred_at)", crowdProjects * crowdMoves, func(i int) string {
			project, move := i%crowdProjects+1, i/crowdProjects
			at := now.Add(-time.Duration(move*(20+project)) * time.Hour).Format(time.RFC3339)
			return fmt.Sprintf("(%d, 'Move %d', 'https://example.org/%d/%d', %t, '%s')", project, move, project, i, move%5 == 0, at)
		}},
		{"places (id, platform, workspace, channel)", n, func(i int) string {
			return fmt.Sprintf("(%d, '%s', '%s', 'C%d')", i, []store.Platform{store.Discord, store.Slack}[i%2], team, i)
		}},
		{"subscriptions (place_id, kind, value, events)", n, func(i int) string {
			return fmt.Sprintf("(%d, 'project', 'p-%d', %d)", i, i%crowdSets/2+1, store.DefaultEvents)
		}},
		{"subscriptions (place_id, kind, value, events)", n, func(i int) string {
			if i%2 == 0 {
				return fmt.Sprintf("(%d, 'category', 'CATEGORY %d', %d)", i, i/2%4, store.DefaultEvents)
			}
			return fmt.Sprintf("(%d, 'tag', 'tag-%d', %d)", i, i%crowdSets%7, store.DefaultEvents)
		}},
	} {
		const chunk = 500
		for first := 1; first <= table.n; first += chunk {
			var values []string
			for i := first; i < first+chunk && i <= table.n; i++ {
				values = append(values, table.row(i))
			}
			//nolint:gosec // of this file's own words and numbers alone
			if _, err := d.db.ExecContext(ctx, "INSERT INTO "+table.into+" VALUES "+strings.Join(values, ", ")); err != nil {
				return fmt.Errorf("fill %s: %w", table.into, err)
			}
		}
	}
	if d.kind == "postgres" {
		if _, err := d.db.ExecContext(ctx, "ANALYZE"); err != nil {
			return fmt.Errorf("analyze: %w", err)
		}
	}
	return nil
}

// due makes every digest due at a time, as if none had come before.
func (d *database) due(ctx context.Context, at time.Time) error {
	stamp := "'" + at.Format(time.RFC3339) + "'"
	if d.kind == "sqlite" {
		stamp = strconv.FormatInt(at.UnixMilli(), 10)
	}
	for _, statement := range []string{"DELETE FROM deliveries", "UPDATE digests SET since = NULL, seen = 0, next_at = " + stamp} {
		if _, err := d.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("make digests due: %w", err)
		}
	}
	return nil
}

// editions gives what n places are owed, once each.
func (d *database) editions(ctx context.Context, n int) (ids []int64, err error) {
	rows, err := d.db.QueryContext(ctx, "SELECT edition_id, count(*) FROM deliveries WHERE kind = 'digest' GROUP BY edition_id")
	if err != nil {
		return nil, fmt.Errorf("read what is owed: %w", err)
	}
	defer func() { _ = rows.Close() }()
	places := 0
	for rows.Next() {
		var id int64
		var owed int
		if err := rows.Scan(&id, &owed); err != nil {
			return nil, fmt.Errorf("read what is owed: %w", err)
		}
		ids, places = append(ids, id), places+owed
	}
	if places != n {
		return nil, fmt.Errorf("%d places are owed a digest, not %d", places, n)
	}
	return ids, rows.Err()
}

// notice empties the outbox, as fan-out does.
func notice(ctx context.Context, db *sqlstore.Store) error {
	for {
		changes, err := db.Changes(ctx, 1000)
		if err != nil || len(changes) == 0 {
			return err
		}
		ids := make([]int64, len(changes))
		for i, c := range changes {
			ids[i] = c.ID
		}
		if err := db.FinishChanges(ctx, ids); err != nil {
			return err
		}
	}
}
