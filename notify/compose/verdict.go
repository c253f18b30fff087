package compose

import (
	"fmt"
	"strings"

	"sparkbot/notify/digest"
	"sparkbot/notify/velocity"
	"sparkbot/store"
)

// How far a week's moves must be from the usual to be called busy or calm: by a
// quarter and by two moves.
const (
	busier  = 1.25
	calmer  = 0.75
	notable = 2.0
)

// verdict is the week in one sentence, of which every word is a fact.
func verdict(w digest.Week) string {
	if len(w.Ranked) == 0 {
		return "None of the projects this channel follows is known any more."
	}
	if w.Empty() {
		return quietVerdict(w)
	}
	var b strings.Builder
	moves := float64(w.Moves)
	switch {
	case w.Usual < 0:
		b.WriteString("This week, ")
	case moves >= busier*w.Usual && moves-w.Usual >= notable:
		b.WriteString("Busier than usual: ")
	case moves <= calmer*w.Usual && w.Usual-moves >= notable:
		b.WriteString("Calmer than usual: ")
	default:
		b.WriteString("A week like most: ")
	}
	if len(w.Ranked) == 1 {
		b.WriteString(name(w.Ranked[0].Project, digestName) + " made " + several(w.Moves, "move"))
	} else {
		fmt.Fprintf(&b, "%d of %d projects made %s", w.Moved, len(w.Ranked), several(w.Moves, "move"))
	}
	switch {
	case len(w.Sparks) == 1 && w.Moves == 1:
		b.WriteString(", a spark")
	case len(w.Sparks) == 1:
		b.WriteString(", one of them a spark")
	case len(w.Sparks) == w.Moves:
		b.WriteString(", all of them sparks")
	case len(w.Sparks) > 1:
		fmt.Fprintf(&b, ", %d of them sparks", len(w.Sparks))
	}
	b.WriteString(leader(w))
	return b.String() + "."
}

// leader says who moved most.
func leader(w digest.Week) string {
	up, down, began := w.Leading()
	only := len(w.Ranked) == 1
	switch {
	case only && len(up) == 1:
		return fmt.Sprintf(", and is at %s, up %s", velocity.Format(up[0].Reading.Value), tenth(up[0]))
	case only && len(down) == 1:
		return fmt.Sprintf(", and is still at %s, down %s", velocity.Format(down[0].Reading.Value), tenth(down[0]))
	case only && w.Ranked[0].Reading.Known:
		return fmt.Sprintf(", and stays at %s", velocity.Format(w.Ranked[0].Reading.Value))
	case only:
		return fmt.Sprintf(", its first, and begins at %s", velocity.Format(w.Ranked[0].Reading.Value))
	case len(up) > 0:
		return fmt.Sprintf("; %s gained most, up %s to %s", name(up[0].Project, digestName), tenth(up[0]), velocity.Format(up[0].Reading.Value))
	case len(began) > 0:
		return fmt.Sprintf("; %s begins at %s", name(began[0].Project, digestName), velocity.Format(began[0].Reading.Value))
	case len(down) > 0:
		return "; none gained speed"
	default:
		return ""
	}
}

// tenth is how far a project went, without its direction.
func tenth(m *digest.Mover) string {
	return strings.TrimLeft(velocity.FormatChange(m.Reading.Change), "▲▼±")
}

// quietVerdict is the one line of a week without a move.
func quietVerdict(w digest.Week) string {
	if len(w.Ranked) == 1 {
		return name(w.Ranked[0].Project, digestName) + " did not move" + slower(w) + "."
	}
	return fmt.Sprintf("None of the %d projects this channel follows moved%s.", len(w.Ranked), slower(w))
}

func slower(w digest.Week) string {
	_, down, _ := w.Leading()
	switch {
	case len(down) == 0:
		return ""
	case len(w.Ranked) == 1:
		return fmt.Sprintf(" and is at %s, down %s", velocity.Format(down[0].Reading.Value), tenth(down[0]))
	default:
		return fmt.Sprintf("; %s slowed most, down %s to %s", name(down[0].Project, digestName), tenth(down[0]), velocity.Format(down[0].Reading.Value))
	}
}

// digestTitleOf names the digest and the days it is about, as they are called in
// the place's zone.
func digestTitleOf(w digest.Week) string {
	what := "Weekly digest"
	switch w.Edition.Variant {
	case store.OnDemand:
		what = "Digest of the last seven days"
	case store.Trial:
		what = "A test digest"
	case store.Weekly:
	}
	begin, end := local(w.Edition.Begin, w.Edition.Schedule.Zone), local(w.Edition.End, w.Edition.Schedule.Zone)
	from := begin.Format("2 January")
	switch {
	case begin.Year() != end.Year():
		from = begin.Format("2 January 2006")
		return what + ", " + from + " – " + end.Format("2 January 2006")
	case begin.Month() == end.Month():
		from = begin.Format("2")
	}
	return what + ", " + from + " – " + end.Format("2 January")
}
