package storetest

import (
	"os"
	"testing"
)

// Server is a PostgreSQL of a test's own, which can be taken away and brought back.
type Server struct {
	URL string // of an empty database
	p   *process
}

// OwnServer starts one that ends with the test. It needs PostgreSQL's binaries;
// where there are none the test fails in CI and is skipped, loudly, elsewhere.
func OwnServer(t *testing.T) *Server {
	t.Helper()
	bin, err := binaries()
	if err == nil {
		var p *process
		if p, err = start(bin); err == nil {
			t.Cleanup(p.stop)
			return &Server{URL: p.url().String(), p: p}
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("no PostgreSQL to restart: %v", err)
	}
	t.Skipf("*** A RESTART OF POSTGRESQL IS NOT TESTED: %v", err)
	return nil
}

// Crash ends the server as a power cut would, with every connection to it.
func (s *Server) Crash() { s.p.crash() }

// Start brings it back on the same data.
func (s *Server) Start(t *testing.T) {
	t.Helper()
	if err := s.p.launch(); err != nil {
		t.Fatal(err)
	}
}
