package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"sparkbot/store"
)

// settlement is how deliveries end that end alike: most of a batch were sent.
// A null time leaves what is stored.
type settlement struct {
	State   string
	Attempt int // how many attempts it adds
	WakeAt  any
	GiveUp  any
	Unsure  any
	At      any // null: not final
	Reason  string
	Shown   int64 // 0: as it is
}

// end brings every delivery that is still the caller's to its new state, those
// that end alike in one statement. It gives the places of those it ended, by
// delivery, and which of them show an earlier revision than their move has now.
func (s *Store) end(ctx context.Context, tx *sqlx.Tx, settlements []store.Settlement, at time.Time) (places map[int64]int64, behind []int64, err error) {
	kinds, alike := s.alike(settlements, at)
	places = make(map[int64]int64, len(settlements))
	shown := map[int64][]revisionRow{} // what was sent, by move
	for _, k := range kinds {
		var ended []struct {
			ID       int64 `db:"id"`
			PlaceID  int64 `db:"place_id"`
			Shows    int64 `db:"shows"` // a move, where it was sent as an alert
			Revision int64 `db:"revision"`
		}
		err := tx.SelectContext(ctx, &ended, s.endQuery()+endedColumns, s.endArgs(k, alike[k])...)
		if err != nil {
			return nil, nil, err
		}
		for _, row := range ended {
			places[row.ID] = row.PlaceID
			if row.Shows != 0 {
				shown[row.Shows] = append(shown[row.Shows], revisionRow{row.ID, row.Revision})
			}
		}
	}
	behind, err = s.behind(ctx, tx, shown)
	return places, behind, err
}

// endPlain ends the plain ones and gives their ids, which of them show an earlier
// revision than their move has now, and those that are left.
func (s *Store) endPlain(ctx context.Context, tx *sqlx.Tx, settlements []store.Settlement, at time.Time) (sent, behind []int64, left []store.Settlement, err error) {
	sent = make([]int64, 0, len(settlements))
	shown := map[int64][]revisionRow{}
	alike := map[int64][]*store.Settlement{} // by the revision they show
	for i := range settlements {
		one := &settlements[i]
		if !plain(one) {
			left = append(left, *one)
			continue
		}
		move, revision := one.Shown[0].MoveID, one.Shown[0].Shown
		sent = append(sent, one.DeliveryID)
		shown[move] = append(shown[move], revisionRow{one.DeliveryID, revision})
		alike[revision] = append(alike[revision], one)
	}
	for _, revision := range slices.Sorted(maps.Keys(alike)) {
		all := alike[revision]
		result, err := tx.ExecContext(ctx, s.endQuery(), s.endArgs(s.settlement(all[0], at), all)...)
		if err != nil {
			return nil, nil, nil, err
		}
		if n, err := result.RowsAffected(); err != nil || int(n) < len(all) {
			return nil, nil, nil, cmp.Or(err, errSomeStale)
		}
	}
	behind, err = s.behind(ctx, tx, shown)
	return sent, behind, left, err
}

// alike sorts settlements by how they end.
func (s *Store) alike(settlements []store.Settlement, at time.Time) (kinds []settlement, alike map[settlement][]*store.Settlement) {
	alike = map[settlement][]*store.Settlement{}
	for i := range settlements {
		one := &settlements[i]
		kind := s.settlement(one, at)
		if _, known := alike[kind]; !known {
			kinds = append(kinds, kind)
		}
		alike[kind] = append(alike[kind], one)
	}
	return kinds, alike
}

// behind gives those of what was sent that show an earlier revision of their move
// than it has now.
func (s *Store) behind(ctx context.Context, tx *sqlx.Tx, shown map[int64][]revisionRow) (behind []int64, err error) {
	if len(shown) == 0 {
		return nil, nil
	}
	var moves []revisionRow
	err = tx.SelectContext(ctx, &moves, s.dialect.sql("SELECT m.id, m.revision FROM moves m WHERE m.id IN (SELECT CAST(value AS bigint) FROM {elements $1} e)"),
		array(slices.Sorted(maps.Keys(shown))))
	for _, move := range moves {
		for _, sent := range shown[move.ID] {
			if move.Revision > sent.Revision {
				behind = append(behind, sent.ID)
			}
		}
	}
	return behind, err
}

// latest is the time of a batch, which stands for all of it: its records wait a
// few milliseconds for each other.
func latest(settlements []store.Settlement) (at time.Time) {
	for _, one := range settlements {
		if one.At.After(at) {
			at = one.At
		}
	}
	return at
}

// settlement is the one place that says which state an outcome leads to.
func (s *Store) settlement(o *store.Settlement, at time.Time) settlement {
	row := settlement{Reason: o.Reason, GiveUp: s.dialect.json(o.GiveUpAt), Unsure: s.dialect.json(o.UnsureAt)}
	switch o.Outcome {
	case store.OutcomeRetry:
		row.State, row.Attempt, row.WakeAt = string(store.StateWaiting), 1, s.dialect.json(o.DueAt)
	case store.OutcomeReleased:
		row.State, row.WakeAt = string(store.StateWaiting), s.dialect.json(o.DueAt)
	case store.OutcomeHeld:
		row.State, row.WakeAt = string(store.StateHeld), s.dialect.json(o.DueAt)
	case store.OutcomeSent:
		for _, part := range o.Shown {
			if part.DeliveryID == o.DeliveryID {
				row.Shown = part.Shown
			}
		}
		row.State, row.Attempt, row.At = string(store.StateSent), 1, s.dialect.json(at)
	case store.OutcomeCancelled:
		row.State, row.At = string(store.StateCancelled), s.dialect.json(at)
	case store.OutcomeGone: // disable decides what is not kept
		row.State, row.Attempt = string(store.StateHeld), 1
	default:
		row.State, row.Attempt, row.At = string(store.StateFailed), 1, s.dialect.json(at)
	}
	return row
}

// json gives a time as it stands inside a JSON argument, or in place of one: equal
// times are equal values.
func (d dialect) json(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	if d.name == onSQLite.name {
		return t.UnixMilli()
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// endQuery ends deliveries that end alike. Arguments: $1 their ids, fences and
// message ids, $2 state, $3 attempts to add, $4 when they wake, $5 when they are
// given up, $6 since when they are in doubt, $7 when they were settled, $8 reason,
// $9 the revision they show. On PostgreSQL $1 are the ids, $10 the fences and $11 the
// message ids: arrays of its own cost it half of what JSON does.
func (s *Store) endQuery() string {
	from, moment := "unnest(CAST($1 AS bigint[]), CAST($10 AS bigint[]), CAST($11 AS text[])) AS x (id, fence, message)", "timestamptz"
	if s.dialect.name == onSQLite.name {
		from, moment = `(SELECT value ->> 0 AS id, value ->> 1 AS fence, value ->> 2 AS message FROM json_each($1)) AS x`, "integer"
	}
	return fmt.Sprintf(`UPDATE deliveries SET state = $2, attempt = deliveries.attempt + $3, wake_at = coalesce(CAST($4 AS %[1]s), deliveries.wake_at),
		give_up_at = coalesce(CAST($5 AS %[1]s), deliveries.give_up_at), unsure_at = coalesce(deliveries.unsure_at, CAST($6 AS %[1]s)), message_id = x.message,
		reason = $8, settled_at = CAST($7 AS %[1]s), revision = CASE WHEN CAST($9 AS bigint) > 0 THEN CAST($9 AS bigint) ELSE deliveries.revision END,
		parked = false, merged_into = 0, held = deliveries.held OR CAST($2 AS text) = 'held'
		FROM %[2]s WHERE deliveries.id = x.id AND deliveries.fence = x.fence AND deliveries.state = 'sending'`, moment, from)
}

// endedColumns has endQuery tell of what it ended.
const endedColumns = ` RETURNING deliveries.id, deliveries.place_id,
	CASE WHEN deliveries.kind = 'alert' AND deliveries.state = 'sent' THEN deliveries.move_id ELSE 0 END AS shows, deliveries.revision`

// endArgs are the arguments of endQuery.
func (s *Store) endArgs(k settlement, all []*store.Settlement) []any {
	rest := []any{k.State, k.Attempt, k.WakeAt, k.GiveUp, k.Unsure, k.At, k.Reason, k.Shown}
	if s.dialect.name == onSQLite.name {
		rows := make([][3]any, len(all))
		for i, one := range all {
			rows[i] = [3]any{one.DeliveryID, one.Fence, one.MessageID}
		}
		return append([]any{array(rows)}, rest...)
	}
	ids, fences, messages := make(pq.Int64Array, len(all)), make(pq.Int64Array, len(all)), make(pq.StringArray, len(all))
	for i, one := range all {
		ids[i], fences[i], messages[i] = one.DeliveryID, one.Fence, one.MessageID
	}
	return append(append([]any{ids}, rest...), fences, messages)
}
