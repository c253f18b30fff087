package chart

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"sparkbot/notify/velocity"
)

// summed names a content: two pictures that would look different have different
// sums. The points, of which there are many, are written as they are; the few facts
// beside them as Go prints them.
type summed struct {
	text []byte
	odd  bool // a number was none
}

func newSum(kind string) *summed { return &summed{text: []byte(kind)} }

func (s *summed) points(all []velocity.Point) {
	s.text = slices.Grow(s.text, 16*(len(all)+1))
	s.text = binary.AppendVarint(s.text, int64(len(all)))
	for _, p := range all {
		s.text = binary.BigEndian.AppendUint64(s.text, uint64(p.Day.Unix()))
		s.numbers(p.Value)
	}
}

func (s *summed) numbers(all ...float64) {
	for _, n := range all {
		s.odd = s.odd || math.IsNaN(n) || math.IsInf(n, 0)
		s.text = binary.BigEndian.AppendUint64(s.text, math.Float64bits(n))
	}
}

// of ends the sum with everything else.
func (s *summed) of(rest any) (string, error) {
	if s.odd {
		return "", errors.New("a number to draw is none")
	}
	s.text = fmt.Appendf(s.text, "%#v", rest)
	of := sha256.Sum256(s.text)
	return string(of[:]), nil
}

func (l Line) sum() (string, error) {
	s := newSum("line")
	s.points(l.Points)
	s.numbers(l.Value, l.Change)
	l.Points = nil
	return s.of(l)
}

func (m Movers) sum() (string, error) {
	s := newSum("movers")
	m.Rows = slices.Clone(m.Rows)
	for i, row := range m.Rows {
		s.points(row.Points)
		s.numbers(row.Value, row.Change)
		m.Rows[i].Points = nil
	}
	return s.of(m)
}
