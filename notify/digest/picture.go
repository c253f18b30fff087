package digest

import (
	"fmt"

	"sparkbot/notify/chart"
)

// Picture draws the movers a digest shows, those that went up first. There is
// none when nothing went anywhere.
func (w Week) Picture(studio *chart.Studio) (p chart.Picture, drawn bool, err error) {
	up, down, began := w.Leading()
	var rows []chart.Mover
	for _, m := range append(append(up, began...), down...) {
		row := chart.Mover{
			Slug: m.Project.Slug, Name: m.Project.Name, Value: m.Reading.Value, Change: m.Reading.Change, Known: m.Reading.Known, Trend: m.Reading.Trend,
			Points: chart.Trail(m.pulse, m.told, w.Edition.End), Sparks: chart.SparksOf(m.pulse, w.Edition.End),
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return chart.Picture{}, false, nil
	}
	p, err = studio.Movers(chart.Movers{Title: "What moved this week", Days: 7, Rows: rows, Now: w.Edition.End})
	if err != nil {
		return chart.Picture{}, false, fmt.Errorf("draw the movers: %w", err)
	}
	return p, true, nil
}
