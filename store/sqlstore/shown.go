package sqlstore

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"sparkbot/store"
)

// shown is one row of the JSON argument that notes what messages show now.
type shown struct {
	ID       int64  `json:"id"`
	Leader   int64  `json:"leader"` // the delivery whose message it is, when that was just posted
	Revision int64  `json:"revision"`
	Message  string `json:"message_id"`
	At       any    `json:"at"`
}

// show notes what the messages that were just sent or edited show: those merged
// into a message are sent with it, and a message that is behind by now is owed an
// edit. Which of the settled deliveries themselves are behind is known.
func (s *Store) show(ctx context.Context, tx *sqlx.Tx, settlements []store.Settlement, settled map[int64]int64, behind []int64, at time.Time) error {
	var rows []shown
	late := behind // and of those merged, all that may be
	for _, one := range settlements {
		if _, done := settled[one.DeliveryID]; !done || one.Outcome != store.OutcomeSent {
			continue
		}
		for _, part := range one.Shown {
			if part.DeliveryID != one.DeliveryID {
				late = append(late, part.DeliveryID)
				rows = append(rows, shown{part.DeliveryID, one.DeliveryID, part.Shown, one.MessageID, s.dialect.json(one.At)})
			}
		}
	}
	if len(rows) > 0 {
		if _, err := tx.ExecContext(ctx, s.showQuery(), array(rows)); err != nil {
			return err
		}
	}
	return s.oweLate(ctx, tx, late, at)
}

func (s *Store) showQuery() string {
	from := `jsonb_to_recordset(CAST($1 AS jsonb)) AS x(id bigint, leader bigint, revision bigint, message_id text, at timestamptz)`
	if s.dialect.name == onSQLite.name {
		from = `(SELECT value ->> 'id' AS id, value ->> 'leader' AS leader, value ->> 'revision' AS revision,
			value ->> 'message_id' AS message_id, value ->> 'at' AS at FROM json_each($1)) AS x`
	}
	return `UPDATE deliveries SET state = 'sent', revision = x.revision, message_id = x.message_id, reason = '', parked = false,
		settled_at = coalesce(deliveries.settled_at, x.at)
		FROM ` + from + ` WHERE deliveries.id = x.id AND (deliveries.state = 'sent'
			OR (deliveries.merged_into = x.leader AND deliveries.state IN ('waiting', 'held')))`
}
