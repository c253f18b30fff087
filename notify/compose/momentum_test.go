package compose

import (
	"fmt"
	"testing"

	"sparkbot/notify"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// drawn stands in for a picture, which this room gets and never draws.
func drawn(name, alt string) *notify.Picture {
	return &notify.Picture{Name: name, Alt: alt, Width: 960, Height: 536}
}

func TestMomentumGoldens(t *testing.T) {
	surging := card(store.Project{Slug: "session", Name: "Session", Category: "COMMS"},
		move(1, 0, true, "Session doubles its team", ""), move(2, 3, false, "Desktop 1.17", ""), move(3, 90, true, "Protocol V2", ""))
	quiet := card(store.Project{Slug: "river", Name: "River", Category: "DATA"}, move(1, 28, false, "River 0.41", ""), move(2, 60, true, "River 0.40", ""))
	rtl := card(store.Project{Slug: "rtl", Name: "סשן 🕊️", Category: "COMMS"}, move(1, 1, true, "\u202eמימון\u202c הגיע 👨‍👩‍👧‍👦", ""), move(2, 60, false, "1.0", ""))
	trend := func(c Card, turn store.Turn, silent int) Trend {
		return Trend{
			Project: c.Project, Turn: turn, Silent: silent, Move: c.Moves[0], Reading: c.Reading, Why: c.Why,
			Picture: drawn("velocity-"+c.Project.Slug+".png", "Velocity of "+c.Project.Name+" over 26 weeks."),
		}
	}
	deleted := trend(quiet, store.TurnQuiet, 28)
	deleted.Move, deleted.Picture = store.Move{}, nil
	movers := Movers{
		Days: 7, Other: 28, Page: 2, Pages: 3, Up: 2, Down: 1, Fresh: 1, Total: 20, Picture: drawn("movers.png", "What moved most."),
		Rows: []Mover{
			{Project: surging.Project, Reading: surging.Reading, Change: surging.Reading.Change, Known: true, Top: surging.Moves[0]},
			{Project: rtl.Project, Reading: rtl.Reading, Change: rtl.Reading.Change, Known: true, Top: rtl.Moves[0]},
			{Project: store.Project{Slug: "x", Name: "Bare"}, Reading: velocity.Reading{Value: 2.2, Trend: velocity.New}, Change: 2.2},
			{Project: quiet.Project, Reading: quiet.Reading, Change: quiet.Reading.Change, Known: true},
		},
	}
	movers.Most = &movers.Rows[0]
	for name, m := range map[string]notify.Message{
		"trend-surging": TrendMessage(trend(surging, store.TurnSurging, 0), now),
		"trend-awake":   TrendMessage(trend(rtl, store.TurnAwake, 59), now),
		"trend-quiet":   TrendMessage(trend(quiet, store.TurnQuiet, 28), now),
		"trend-deleted": TrendMessage(deleted, now),
		"movers":        MoversMessage(movers, now),
		"movers-none":   MoversMessage(Movers{Days: 28, Other: 7, Page: 1, Pages: 1, Total: 3}, now),
		"movers-empty":  MoversMessage(Movers{Days: 7, Other: 28, Page: 1, Pages: 1}, now),
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, "fallback: "+m.Fallback+"\n\n"+Plain(m, 78)+"\n"+structure(m))
		})
	}
}

// The verdict tells what there is, and no more.
func TestTheVerdictOfMovers(t *testing.T) {
	most := &Mover{Project: store.Project{Slug: "a", Name: "A"}, Change: -1.26}
	for want, l := range map[string]Movers{
		"No project is stored yet.":                                                 {Days: 7},
		"No velocity changed in the last 28 days.":                                  {Days: 28, Total: 1},
		"Of 1 project 1 began.":                                                     {Days: 7, Total: 1, Fresh: 1},
		"Of 3 projects 1 slowed down; A changed most, by ▼1.3.":                     {Days: 7, Total: 3, Down: 1, Most: most},
		"Of 9 projects 2 sped up, 3 slowed down, 1 began; A changed most, by ▼1.3.": {Days: 7, Total: 9, Up: 2, Down: 3, Fresh: 1, Most: most},
	} {
		if got := l.verdict(); got != want {
			t.Errorf("%s\nis said of %s", got, fmt.Sprintf("%+v", l))
		}
	}
}
