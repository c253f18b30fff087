package deliver

import (
	"context"
	"log/slog"

	"sparkbot/store"
)

// trace writes a step of a delivery to the log, under its id and its move's, so
// that its way can be followed from fan-out, which tells of the move, to the
// record. It costs nothing unless somebody wants it.
func (l *lane) trace(what string, c store.Claimed, more ...any) {
	if !l.o.Log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	l.o.Log.With("delivery", c.ID, "kind", c.Kind, "move", c.MoveID, "edits", c.Target.ID, "platform", l.platform,
		"channel", c.Place.Channel, "attempt", c.Attempt+1, "fence", c.Fence).Debug(what, more...)
}
