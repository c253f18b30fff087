package digest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"sparkbot/notify/zone"
	"sparkbot/store"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02 15:04:05 -0700", text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNext(t *testing.T) {
	for _, tc := range []struct {
		name           string
		weekday        time.Weekday
		hour, minute   int
		zone           string
		after, want    string
		wantedAgain    string // the one after that
		wantedLocalDay time.Weekday
	}{
		{"the coming Monday", time.Monday, 9, 0, "UTC", "2026-08-05 12:00:00 +0000", "2026-08-10 09:00:00 +0000", "2026-08-17 09:00:00 +0000", time.Monday},
		{"at the very minute it is the week after", time.Monday, 9, 0, "UTC", "2026-08-10 09:00:00 +0000", "2026-08-17 09:00:00 +0000", "2026-08-24 09:00:00 +0000", time.Monday},
		{"a second before, it is now", time.Monday, 9, 0, "UTC", "2026-08-10 08:59:59 +0000", "2026-08-10 09:00:00 +0000", "2026-08-17 09:00:00 +0000", time.Monday},
		{"a zone that is a day ahead", time.Monday, 0, 30, "Pacific/Kiritimati", "2026-08-08 12:00:00 +0000", "2026-08-09 10:30:00 +0000", "2026-08-16 10:30:00 +0000", time.Monday},
		{"over the end of summer time it stays nine o'clock", time.Monday, 9, 0, "Europe/Berlin", "2026-10-20 12:00:00 +0000", "2026-10-26 08:00:00 +0000", "2026-11-02 08:00:00 +0000", time.Monday},
		{"a time in the gap is the first after it", time.Sunday, 2, 30, "Europe/Berlin", "2026-03-28 12:00:00 +0000", "2026-03-29 01:00:00 +0000", "2026-04-05 00:30:00 +0000", time.Sunday},
		{"the end of the gap exists", time.Sunday, 3, 0, "Europe/Berlin", "2026-03-28 12:00:00 +0000", "2026-03-29 01:00:00 +0000", "2026-04-05 01:00:00 +0000", time.Sunday},
		{"a time that comes twice is the first of them", time.Sunday, 2, 30, "Europe/Berlin", "2026-10-24 12:00:00 +0000", "2026-10-25 00:30:00 +0000", "2026-11-01 01:30:00 +0000", time.Sunday},
		{"between the two it is a week later", time.Sunday, 2, 30, "Europe/Berlin", "2026-10-25 00:45:00 +0000", "2026-11-01 01:30:00 +0000", "2026-11-08 01:30:00 +0000", time.Sunday},
		{"a gap of half an hour", time.Sunday, 2, 15, "Australia/Lord_Howe", "2026-10-03 00:00:00 +0000", "2026-10-03 15:30:00 +0000", "2026-10-10 15:15:00 +0000", time.Sunday},
		{"a gap at midnight", time.Sunday, 0, 0, "America/Santiago", "2026-09-05 12:00:00 +0000", "2026-09-06 04:00:00 +0000", "2026-09-13 03:00:00 +0000", time.Sunday},
		{"a Friday that Samoa left out", time.Friday, 9, 0, "Pacific/Apia", "2011-12-24 12:00:00 +0000", "2011-12-30 10:00:00 +0000", "2012-01-05 19:00:00 +0000", time.Saturday},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := store.Schedule{Weekday: tc.weekday, Minute: tc.hour*60 + tc.minute, Zone: tc.zone}
			got, err := Next(s, at(t, tc.after))
			if err != nil || !got.Equal(at(t, tc.want)) {
				t.Fatalf("it is %s (%v), want %s", got, err, tc.want)
			}
			where, err := zone.Load(tc.zone)
			if err != nil || got.In(where).Weekday() != tc.wantedLocalDay {
				t.Errorf("there it is %s (%v)", got.In(where), err)
			}
			if again, err := Next(s, got); err != nil || !again.Equal(at(t, tc.wantedAgain)) {
				t.Errorf("after that it is %s (%v), want %s", again, err, tc.wantedAgain)
			}
		})
	}
	for _, s := range []store.Schedule{{Weekday: 7, Zone: "UTC"}, {Minute: 1440, Zone: "UTC"}, {Minute: -1, Zone: "UTC"}, {Zone: "Local"}, {}} {
		if got, err := Next(s, time.Unix(0, 0)); err == nil {
			t.Errorf("%+v comes at %s", s, got)
		}
	}
}

func TestTwoDigestsAreADayApart(t *testing.T) {
	came := at(t, "2026-08-10 09:00:00 +0000")
	d := store.Digest{Schedule: store.Schedule{Weekday: time.Monday, Minute: 11 * 60, Zone: "UTC"}, Since: came}
	for what, tc := range map[string]struct {
		now, since time.Time
		want       string
	}{
		"moved to later the same day":   {came.Add(time.Hour), came, "2026-08-17 11:00:00 +0000"},
		"before any came":               {came.Add(time.Hour), time.Time{}, "2026-08-10 11:00:00 +0000"},
		"long after the last":           {came.Add(10 * 24 * time.Hour), came, "2026-08-24 11:00:00 +0000"},
		"when a clock was years ahead":  {came, came.AddDate(3, 0, 0), "2026-08-10 11:00:00 +0000"},
		"when a clock was put back":     {came.Add(-time.Minute), came, "2026-08-17 11:00:00 +0000"},
		"on the instant of the last":    {came, came, "2026-08-17 11:00:00 +0000"},
		"when a day has passed exactly": {came.Add(24 * time.Hour), came, "2026-08-17 11:00:00 +0000"},
	} {
		d.Since = tc.since
		if got, err := NextOf(d, tc.now); err != nil || !got.Equal(at(t, tc.want)) {
			t.Errorf("%s, it comes at %s (%v), want %s", what, got, err, tc.want)
		}
	}
}

// The oracle's years.
var (
	oracleBegin = time.Date(2012, time.January, 2, 0, 0, 0, 0, time.UTC)
	oracleEnd   = time.Date(2032, time.January, 5, 0, 0, 0, 0, time.UTC)
)

// change is an instant at which a zone's clocks are turned by a whole or part of
// an hour.
type change struct {
	at            time.Time
	before, after time.Duration // offsets
}

// changes finds a zone's changes by looking at its offset every four hours and
// halving what lies between two that differ. It asks for nothing but what a
// clock in the zone shows, so that it shares no code with what it checks.
func changes(where *time.Location) []change {
	offset := func(unix int64) time.Duration {
		_, s := time.Unix(unix, 0).In(where).Zone()
		return time.Duration(s) * time.Second
	}
	var all []change
	const step = 4 * 3600
	before := offset(oracleBegin.Unix())
	for u := oracleBegin.Unix() + step; u <= oracleEnd.Unix(); u += step {
		after := offset(u)
		if after == before {
			continue
		}
		low, high := u-step, u
		for high-low > 1 {
			if middle := (low + high) / 2; offset(middle) == before {
				low = middle
			} else {
				high = middle
			}
		}
		all = append(all, change{time.Unix(high, 0), before, after})
		before = after
	}
	return all
}

// oracle gives the first instant at which a clock, which shows `changes`, shows
// the local time or a later one, by looking at it every minute from a day before.
func oracle(all []change, base time.Duration, wished time.Time) time.Time {
	minutes := wished.Unix()/60 - 27*60
	offset, next := base, 0
	for ; ; minutes++ {
		for next < len(all) && all[next].at.Unix() <= minutes*60 {
			offset = all[next].after
			next++
		}
		if minutes+int64(offset/time.Minute) >= wished.Unix()/60 {
			return time.Unix(minutes*60, 0)
		}
	}
}

// TestNextAgreesWithAClockOnTheWall walks twenty years of Mondays and the like in
// every zone of the database.
func TestNextAgreesWithAClockOnTheWall(t *testing.T) {
	for _, name := range zone.Names() {
		where, err := zone.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := changes(where)
			sum := fnv.New64a()
			_, _ = sum.Write([]byte(name))
			chance := rand.New(rand.NewPCG(sum.Sum64(), 1)) //nolint:gosec // the same schedules every time
			_, seconds := oracleBegin.In(where).Zone()
			base := time.Duration(seconds) * time.Second
			// Wherever clocks are turned: in the middle, at both ends and beside.
			for i, c := range all {
				for _, by := range turnsToTry(c, chance) {
					wished := c.at.Add(min(c.before, c.after) + by).Truncate(time.Minute)
					agree(t, name, all[max(0, i-1):min(len(all), i+2)], offsetBefore(all, i, base), wished.UTC())
				}
			}
			// And week by week in between, by whoever comes next.
			s := store.Schedule{Weekday: time.Weekday(chance.IntN(7)), Minute: chance.IntN(24 * 60), Zone: name}
			walk(t, s, all, base)
		})
	}
}

func offsetBefore(all []change, i int, base time.Duration) time.Duration {
	if i < 2 {
		return base
	}
	return all[i-2].after
}

func turnsToTry(c change, chance *rand.Rand) []time.Duration {
	length := (c.after - c.before).Abs()
	tries := []time.Duration{0, length / 2, length, length - time.Minute, -time.Minute, time.Duration(chance.IntN(int(length/time.Minute)+1)) * time.Minute}
	if sparse {
		return tries[1:2]
	}
	return tries
}

// agree asks for the week of one local time, from a little before it.
func agree(t *testing.T, name string, near []change, base time.Duration, wished time.Time) {
	t.Helper()
	want := oracle(near, base, wished)
	s := store.Schedule{Weekday: wished.Weekday(), Minute: wished.Hour()*60 + wished.Minute(), Zone: name}
	for _, before := range []time.Duration{time.Second, 5 * time.Hour, 5 * 24 * time.Hour} {
		got, err := Next(s, want.Add(-before))
		if err != nil || !got.Equal(want) {
			t.Errorf("%s, from %s before it: %s (%v), want %s", wished.Format("Mon 2006-01-02 15:04"), before, got, err, want.UTC())
		}
	}
	if got, err := Next(s, want); err != nil || got.Sub(want) < 5*24*time.Hour {
		t.Errorf("%s comes at %s and again at %s (%v)", wished.Format("Mon 2006-01-02 15:04"), want.UTC(), got, err)
	}
}

// walk goes from one digest to the next and counts: one a week, at its local
// time or, where that is left out, as the oracle says.
func walk(t *testing.T, s store.Schedule, all []change, base time.Duration) {
	t.Helper()
	next, n := oracleBegin.AddDate(0, 0, 14), 0
	last := oracleEnd.AddDate(0, 0, -14)
	i := 0
	offset := base
	for ; next.Before(last); n++ {
		got, err := Next(s, next)
		if err != nil {
			t.Fatal(err)
		}
		for i < len(all) && !all[i].at.After(got) {
			offset = all[i].after
			i++
		}
		local := got.Add(offset).UTC()
		if local.Weekday() != s.Weekday || local.Hour()*60+local.Minute() != s.Minute {
			inGap := i > 0 && all[i-1].at.Equal(got) && all[i-1].after > all[i-1].before
			if !inGap {
				t.Fatalf("%s comes when it is %s", s, local.Format("Mon 2006-01-02 15:04"))
			}
		}
		if gap := got.Sub(next); n > 0 && (gap < 6*24*time.Hour || gap > 8*24*time.Hour) {
			t.Fatalf("%s comes at %s and then at %s", s, next, got)
		}
		next = got
	}
	if weeks := int(last.Sub(oracleBegin.AddDate(0, 0, 14)) / (7 * 24 * time.Hour)); n < weeks || n > weeks+1 {
		t.Errorf("%s comes %d times in %d weeks", s, n, weeks)
	}
}

func FuzzNext(f *testing.F) {
	f.Add(int64(1_786_000_000), uint8(1), uint16(540), uint16(200))
	f.Add(int64(-62_000_000_000), uint8(6), uint16(1439), uint16(3))
	names := zone.Names()
	f.Fuzz(func(t *testing.T, unix int64, day uint8, minute, where uint16) {
		if unix < -1<<36 || unix > 1<<36 {
			return
		}
		s := store.Schedule{Weekday: time.Weekday(day % 7), Minute: int(minute % 1440), Zone: names[int(where)%len(names)]}
		after := time.Unix(unix, 0)
		got, err := Next(s, after)
		if err != nil {
			t.Fatal(err)
		}
		if wait := got.Sub(after); wait <= 0 || wait > 9*24*time.Hour {
			t.Errorf("%s after %s is %s, in %s", s, after.UTC(), got, wait)
		}
	})
}

func ExampleNext() {
	monday := store.Schedule{Weekday: time.Monday, Minute: 9 * 60, Zone: "Europe/Berlin"}
	next, _ := Next(monday, time.Date(2026, time.October, 25, 0, 0, 0, 0, time.UTC))
	fmt.Println(next)
	// Output: 2026-10-26 08:00:00 +0000 UTC
}
