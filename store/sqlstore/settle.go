package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// settlement is one row of the JSON argument that settles a batch.
type settlement struct {
	ID      int64  `json:"id"`
	Fence   int64  `json:"fence"`
	State   string `json:"state"`
	Attempt int    `json:"attempt"` // how many attempts it adds
	WakeAt  any    `json:"wake_at"` // null: as it is
	GiveUp  any    `json:"give_up_at"`
	Unsure  any    `json:"unsure_at"` // null: as it is
	Message string `json:"message_id"`
	Reason  string `json:"reason"`
	At      any    `json:"at"` // null: not final
	Shown   int64  `json:"shown"`
}

// Settle ends claims, all in one transaction, and gives those that were no
// longer the caller's to end.
func (s *Store) Settle(ctx context.Context, settlements []store.Settlement) (stale []int64, err error) {
	if len(settlements) == 0 {
		return nil, nil
	}
	rows := make([]settlement, len(settlements))
	for i, one := range settlements {
		rows[i] = s.settlement(one)
	}
	wide := map[int64]store.Settlement{} // places gone with their whole workspace
	err = s.within(ctx, func(tx *sqlx.Tx) error {
		stale, err = s.settle(ctx, tx, settlements, rows, wide)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("settle %d deliveries: %w", len(settlements), err)
	}
	s.closeAround(ctx, wide)
	return stale, nil
}

func (s *Store) settle(ctx context.Context, tx *sqlx.Tx, settlements []store.Settlement, rows []settlement, wide map[int64]store.Settlement) (stale []int64, err error) {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	if err := s.holdPlacesOf(ctx, tx, ids); err != nil {
		return nil, err
	}
	var settled []struct {
		ID      int64 `db:"id"`
		PlaceID int64 `db:"place_id"`
	}
	if err := tx.SelectContext(ctx, &settled, s.settleQuery(), array(rows)); err != nil {
		return nil, err
	}
	places := make(map[int64]int64, len(settled))
	for _, row := range settled {
		places[row.ID] = row.PlaceID
	}
	if err := s.show(ctx, tx, settlements, places); err != nil {
		return nil, err
	}
	if err := s.part(ctx, tx, settlements, places); err != nil {
		return nil, err
	}
	var free []int64 // places where a later delivery may have its turn
	for i, one := range settlements {
		place, done := places[one.DeliveryID]
		switch {
		case !done:
			stale = append(stale, one.DeliveryID)
		case one.Outcome == store.OutcomeGone:
			if err := s.disable(ctx, tx, place, one); err != nil {
				return nil, err
			}
			if one.Workspace {
				wide[place] = one
			}
		case rows[i].State != string(store.StateWaiting):
			free = append(free, place)
		}
	}
	return stale, s.unpark(ctx, tx, free)
}

// settlement is the one place that says which state an outcome leads to.
func (s *Store) settlement(o store.Settlement) settlement {
	row := settlement{ID: o.DeliveryID, Fence: o.Fence, Message: o.MessageID, Reason: o.Reason, GiveUp: s.dialect.json(o.GiveUpAt), Unsure: s.dialect.json(o.UnsureAt)}
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
		row.State, row.Attempt, row.At = string(store.StateSent), 1, s.dialect.json(o.At)
	case store.OutcomeCancelled:
		row.State, row.At = string(store.StateCancelled), s.dialect.json(o.At)
	case store.OutcomeGone: // disable decides what is not kept
		row.State, row.Attempt = string(store.StateHeld), 1
	default:
		row.State, row.Attempt, row.At = string(store.StateFailed), 1, s.dialect.json(o.At)
	}
	return row
}

// json gives a time as it stands inside a JSON argument.
func (d dialect) json(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	if d.name == onSQLite.name {
		return t.UnixMilli()
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func (s *Store) settleQuery() string {
	from := `jsonb_to_recordset(CAST($1 AS jsonb)) AS x(id bigint, fence bigint, state text, attempt integer, wake_at timestamptz,
		give_up_at timestamptz, unsure_at timestamptz, message_id text, reason text, at timestamptz, shown bigint)`
	if s.dialect.name == onSQLite.name {
		from = `(SELECT value ->> 'id' AS id, value ->> 'fence' AS fence, value ->> 'state' AS state, value ->> 'attempt' AS attempt,
			value ->> 'wake_at' AS wake_at, value ->> 'give_up_at' AS give_up_at, value ->> 'unsure_at' AS unsure_at, value ->> 'message_id' AS message_id,
			value ->> 'reason' AS reason, value ->> 'at' AS at, value ->> 'shown' AS shown FROM json_each($1)) AS x`
	}
	return `UPDATE deliveries SET state = x.state, attempt = deliveries.attempt + x.attempt, wake_at = coalesce(x.wake_at, deliveries.wake_at),
		give_up_at = coalesce(x.give_up_at, deliveries.give_up_at), unsure_at = coalesce(deliveries.unsure_at, x.unsure_at), message_id = x.message_id, reason = x.reason, settled_at = x.at,
		revision = CASE WHEN x.shown > 0 THEN x.shown ELSE deliveries.revision END, parked = false, merged_into = 0,
		held = deliveries.held OR x.state = 'held'
		FROM ` + from + ` WHERE deliveries.id = x.id AND deliveries.fence = x.fence AND deliveries.state = 'sending' RETURNING deliveries.id, deliveries.place_id`
}
