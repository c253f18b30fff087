package ingest

import (
	"time"

	"sparkbot/store"
)

// moves reads at most limit moves of one project, or any number when it is 0,
// and checks that no two are the same.
func (d *scanner) moves(path string, limit int) ([]store.Move, error) {
	var moves []store.Move
	keys, sources := map[string]string{}, map[string]string{}
	err := d.array(path, "moves", func(path string) error {
		if limit > 0 && len(moves) == limit {
			return wrong(path, "is one too many; %d moves are taken at a time", limit)
		}
		m, err := d.move(path)
		if err != nil {
			return err
		}
		if m.Key != "" {
			if other, taken := keys[m.Key]; taken {
				return wrong(member(path, "key"), "%q is already the key of %s", m.Key, other)
			}
			keys[m.Key] = path
		}
		if other, taken := sources[m.SourceURL]; taken {
			return wrong(member(path, "source_url"), "is already the source of %s; a project tells of a source once", other)
		}
		sources[m.SourceURL] = path
		moves = append(moves, m)
		return nil
	})
	return moves, err
}

func (d *scanner) move(path string) (store.Move, error) {
	var m store.Move
	err := d.object(path, "a move", func(name, path string) (err error) {
		switch name {
		case "key":
			m.Key, err = d.text(path)
		case "occurred_at":
			m.OccurredAt, err = d.time(path)
		case "title":
			m.Title, err = d.text(path)
		case "summary":
			m.Summary, err = d.text(path)
		case "source_url":
			m.SourceURL, err = d.text(path)
		case "spark":
			m.Spark, err = d.flag(path)
		default:
			err = wrong(path, "is unknown; a move holds key, occurred_at, title, summary, source_url and spark")
		}
		return err
	})
	if err != nil {
		return m, err
	}
	return m, checkMove(path, m)
}

// time reads an RFC 3339 time from year 1 on, which is where PostgreSQL's
// calendar and RFC 3339 agree.
func (d *scanner) time(path string) (time.Time, error) {
	text, err := d.text(path)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
		return time.Time{}, wrong(path, "%q is not a time; write it as RFC 3339, such as 2026-08-10T09:00:00Z", text)
	}
	return at.UTC(), nil
}
