package sqlstore

import (
	"context"
	"fmt"
	"time"
)

// MendTimes brings forward what is due, or leased, later than any clock that is
// right can have meant: what is due after latest becomes due at now, and no lease
// lasts longer than until lease. It says how many there were. What is held waits
// for the end of a mute, as long as that may be.
func (s *Store) MendTimes(ctx context.Context, now, latest, lease time.Time) (int, error) {
	result, err := s.write.ExecContext(ctx, `UPDATE deliveries SET wake_at = CASE WHEN state = 'sending' THEN $3 ELSE $1 END
		WHERE `+open+` AND ((state = 'waiting' AND wake_at > $2) OR (state = 'sending' AND wake_at > $3))`,
		s.dialect.stamp(now), s.dialect.stamp(latest), s.dialect.stamp(lease))
	if err != nil {
		return 0, fmt.Errorf("bring forward what is due too late: %w", err)
	}
	n, err := result.RowsAffected()
	return int(n), err
}
