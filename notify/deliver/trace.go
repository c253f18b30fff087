package deliver

import (
	"context"
	"log/slog"

	"sparkbot/store"
)

// traced reports whether somebody wants the steps of deliveries in the log. Whoever
// asks before it calls trace pays nothing for what nobody reads.
func (l *lane) traced() bool { return l.o.Log.Enabled(context.Background(), slog.LevelDebug) }

// trace writes a step of a delivery to the log, under its id and its move's, so
// that its way can be followed from fan-out, which tells of the move, to the
// record.
func (l *lane) trace(what string, c *store.Claimed, more ...any) {
	l.o.Log.With("delivery", c.ID, "kind", c.Kind, "move", c.MoveID, "edits", c.TargetID, "platform", l.platform,
		"channel", c.Place.Channel, "attempt", c.Attempt+1, "fence", c.Fence).Debug(what, more...)
}
