package sqlstore

import "github.com/jmoiron/sqlx"

// Writer is the pool that writes, for tests of its connections.
func (s *Store) Writer() *sqlx.DB { return s.write.DB }
