package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/chart"
	"sparkbot/notify/compose"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// trend tells of a turn that a project took, with its half year as a picture. The
// error is errRetracted when the project is gone. A picture that cannot be drawn
// is left out.
func (l *lane) trend(ctx context.Context, turningID int64, now time.Time) (notify.Message, error) {
	turning, err := l.library.Turning(ctx, turningID)
	if errors.Is(err, store.ErrNotFound) {
		return notify.Message{}, errProjectGone
	}
	if err != nil {
		return notify.Message{}, fmt.Errorf("read turning %d: %w", turningID, err)
	}
	p, err := l.library.Project(ctx, turning.ProjectID)
	if errors.Is(err, store.ErrNotFound) {
		return notify.Message{}, errProjectGone
	}
	if err != nil {
		return notify.Message{}, fmt.Errorf("read the project of turning %d: %w", turningID, err)
	}
	moves, err := l.library.Moves(ctx, p.ID, 0)
	if err != nil {
		return notify.Message{}, fmt.Errorf("read the moves of %s: %w", p.Slug, err)
	}
	snapshots, err := l.library.Snapshots(ctx, now.UTC().AddDate(0, 0, -chart.Days), p.ID)
	if err != nil {
		return notify.Message{}, fmt.Errorf("read the past of %s: %w", p.Slug, err)
	}
	told := velocity.ToldOf(snapshots[p.ID])
	t := compose.Trend{
		Project: p, Turn: turning.Turn, Silent: turning.Silent,
		Reading: velocity.ReadTold(p, moves, told, now), Why: velocity.Why(moves, now, len(moves)),
	}
	for _, m := range moves {
		if m.ID == turning.MoveID {
			t.Move = m
		}
	}
	if l.o.Studio == nil {
		return compose.TrendMessage(t, now), nil
	}
	drawn, err := l.o.Studio.Velocity(chart.LineOf(p, moves, told, t.Reading, now))
	if err != nil {
		l.o.Log.Error("a project could not be drawn", "project", p.Slug, "error", err)
	} else {
		picture := notify.Picture(drawn)
		t.Picture = &picture
	}
	return compose.TrendMessage(t, now), nil
}
