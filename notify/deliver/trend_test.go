package deliver

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sparkbot/notify"
	"sparkbot/notify/chart"
	"sparkbot/store"
)

func TestATrendIsToldWithItsPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lane{library: &fakeLibrary{taken: map[int64]bool{9: true}}, o: Options{Studio: chart.New(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}}
		trend := &store.Claimed{Delivery: store.Delivery{Kind: store.DeliveryTrend, TurningID: 3}}
		m, err := l.words(t.Context(), trend, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var picture notify.Picture
		for _, b := range m.Blocks {
			if p, ok := b.(notify.Picture); ok {
				picture = p
			}
		}
		if !strings.HasPrefix(m.Fallback, "Session is surging · velocity 4.9 ▲3.7 surging") || len(picture.PNG) == 0 || !strings.Contains(picture.Alt, "Session over 26 weeks: 4.9") {
			t.Errorf("the message is %q with the picture %q", m.Fallback, picture.Alt)
		}
		trend.TurningID = 9
		if _, err := l.words(t.Context(), trend, time.Now()); !errors.Is(err, errProjectGone) {
			t.Errorf("of a deleted project it gives %v", err)
		}
	})
}

func TestATrendOfADeletedProjectIsDropped(t *testing.T) {
	c := &store.Claimed{Delivery: store.Delivery{Kind: store.DeliveryTrend, TurningID: 9}, Retracted: true}
	if s, send := Ready(c, noon); send || s.Outcome != store.OutcomeCancelled || !strings.Contains(s.Reason, "project was deleted") {
		t.Errorf("the claim ends as %+v", s)
	}
	c.Retracted, c.MutedUntil = false, noon.Add(time.Hour)
	if s, send := Ready(c, noon); send || s.Outcome != store.OutcomeHeld || !s.DueAt.Equal(c.MutedUntil) {
		t.Errorf("a muted one ends as %+v", s)
	}
}
