package deliver

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// TestAnOutageIsToldOnce has two parts notice it, one of which works in between.
func TestAnOutageIsToldOnce(t *testing.T) {
	var log bytes.Buffer
	o := &outage{log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 5 {
		o.began("writes", errAway)
		o.ended("reads")
		o.began("reads", errAway)
		o.ended("reads")
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("while it lasts %d lines are written:\n%s", n, log.String())
	}
	o.ended("writes")
	o.ended("writes")
	if n := strings.Count(log.String(), "delivery goes on"); n != 1 {
		t.Errorf("its end is told %d times:\n%s", n, log.String())
	}
}
