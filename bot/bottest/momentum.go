package bottest

import (
	"context"
	"strings"
	"testing"
	"time"

	"sparkbot/bot"
	"sparkbot/notify"
	"sparkbot/notify/chart"
	"sparkbot/notify/compose"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// catalogue lets a bot answer from a Shelf what it is asked about projects.
type catalogue struct {
	bot.Store // nothing else is asked
	shelf     Shelf
}

func (c catalogue) Projects(ctx context.Context) ([]store.Project, error) {
	return c.shelf.Projects(ctx)
}

func (c catalogue) Pulse(ctx context.Context, _ ...int64) (map[int64][]store.Move, error) {
	return c.shelf.Pulse(ctx)
}

func (c catalogue) Moves(_ context.Context, projectID int64, _ int) ([]store.Move, error) {
	return c.shelf.Moves[projectID], nil
}

func (c catalogue) Snapshots(context.Context, time.Time, ...int64) (map[int64][]store.Snapshot, error) {
	return nil, nil
}

// MoversOf is what the command movers shows of a shelf.
func MoversOf(s Shelf, command bot.Command) notify.Message {
	b := bot.New(catalogue{shelf: s}, bot.Options{Now: func() time.Time { return Now }})
	command.Verb = bot.Movers
	return b.Answer(context.Background(), bot.Request{Command: command}).Message
}

// TrendOf is what is said of a turn that one of a shelf's projects took.
func TrendOf(s Shelf, which int, turn store.Turn) notify.Message {
	p := s.All[which]
	moves := s.Moves[p.ID]
	t := compose.Trend{Project: p, Turn: turn, Reading: velocity.Read(p, moves, Now), Why: velocity.Why(moves, Now, len(moves))}
	if silence, moved := velocity.SilenceOf(moves, Now); moved {
		t.Silent, t.Move = silence.Days, silence.Last
		if turn == store.TurnAwake {
			t.Silent = silence.Before
		}
	}
	drawn, err := studio.Velocity(chart.LineOf(p, moves, nil, t.Reading, Now))
	if err != nil {
		panic(err) // a project of a Shelf can be drawn
	}
	picture := notify.Picture(drawn)
	t.Picture = &picture
	return compose.TrendMessage(t, Now)
}

// Momenta are the messages about momentum that every adapter shows.
func Momenta() map[string]notify.Message {
	all := map[string]notify.Message{}
	shelves := Shelves()
	for name, s := range shelves {
		all["movers-"+name] = MoversOf(s, bot.Command{})
	}
	all["movers-page"] = MoversOf(shelves["200"], bot.Command{Days: 28, Page: 3})
	for name, of := range map[string]struct {
		shelf string
		which int
		turn  store.Turn
	}{
		"busy": {"busy", 12, store.TurnSurging}, "quiet": {"quiet", 1, store.TurnQuiet}, "one": {"one", 0, store.TurnAwake},
		"first": {"first", 0, store.TurnSurging}, "rtl": {"rtl", 0, store.TurnAwake}, "emoji": {"rtl", 2, store.TurnSurging},
	} {
		all["trend-"+name] = TrendOf(shelves[of.shelf], of.which, of.turn)
	}
	all["trend-200"] = turnsAtOnce(shelves["200"])
	return all
}

// turnsAtOnce is the one message that a place gets when everything it follows turns
// on one day: as many turns as a message holds.
func turnsAtOnce(s Shelf) notify.Message {
	turns := []store.Turn{store.TurnSurging, store.TurnAwake, store.TurnQuiet}
	var b compose.Bundle
	for i, p := range s.All[:min(store.MaxParts, len(s.All))] {
		b.Items = append(b.Items, compose.Item{Project: p, Turn: turns[i%len(turns)], Move: store.Move{OccurredAt: Now}})
	}
	return compose.BundleMessage(b, Now)
}

// momentaFit posts what is said of momentum with hard texts.
func momentaFit(t *testing.T, h Harness, _ *Script) {
	for name, m := range Momenta() {
		if _, err := post(t, h, m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for what, text := range map[string]string{
		"long": strings.Repeat("A long text goes on and on. ", 30), "marks": strings.Repeat("*_~`<>&|[]()#-\\", 60), "emoji": strings.Repeat("👨‍👩‍👧‍👦", 200),
		"right to left": strings.Repeat("שלום עולם ", 90), "Chinese": strings.Repeat("隐私消息", 200),
	} {
		s := crowd(text, 30)
		for _, m := range []notify.Message{MoversOf(s, bot.Command{}), TrendOf(s, 0, store.TurnSurging), TrendOf(s, 0, store.TurnAwake), TrendOf(s, 0, store.TurnQuiet)} {
			if _, err := post(t, h, m); err != nil {
				t.Errorf("with %s text: %v", what, err)
			}
		}
	}
}
