package app

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sparkbot/store/storetest"
)

// away is how long a database is gone.
var away = time.Duration(storetest.Soak(3, 30)) * time.Second

// TestSoakDatabaseOutages takes the database away while a spark is on its way, and
// brings it back. Nothing is lost, nothing doubled, and one line says that it is
// away and one that it is back, however often it was asked.
func TestSoakDatabaseOutages(t *testing.T) {
	t.Run("PostgreSQL crashes and comes back", func(t *testing.T) {
		server := storetest.OwnServer(t)
		s := troubled(t, server.URL)
		s.amid(func() {
			server.Crash()
			wait(t, away)
			server.Start(t)
		})
	})
	t.Run("another process locks the SQLite file", func(t *testing.T) {
		s := troubled(t, storetest.SQLite(t))
		s.amid(func() {
			lock := exec.CommandContext(t.Context(), os.Args[0])
			lock.Env = append(os.Environ(), roleEnv+"=lock", "SPARKBOT_TEST_URL="+s.url, "SPARKBOT_TEST_AWAY="+max(away, longerThanPatience).String())
			if out, err := lock.CombinedOutput(); err != nil {
				t.Fatalf("another process locks the file: %v\n%s", err, out)
			}
		})
	})
}

// longerThanPatience outlasts the five seconds that a claim waits for a lock, from
// whenever it begins.
const longerThanPatience = 12 * time.Second

// amid stores a spark, does something while it is on its way, and stores another
// one afterwards.
func (s *trouble) amid(do func()) {
	s.t.Helper()
	storeSpark(s.t, s.url, "session", "before")
	eventually(s.t, "some places have it", crashPatience, func() bool { return reached(s.world, s.channels, "before") > 0 })
	// More than a channel of Slack takes at once, so that something is due while the
	// database is away.
	meanwhile := []string{"meanwhile-one", "meanwhile-two", "meanwhile-three"}
	storeHere(s.t, s.url, meanwhile...)
	posts := s.posts()
	do()
	eventually(s.t, "another can be stored", crashPatience, func() bool { return canStore(s.url) })
	storeSpark(s.t, s.url, "session", "afterwards")
	s.arrived(append(meanwhile, "before", "afterwards")...)
	for line, most := range map[string]int{"delivery waits": 4, "delivery goes on": 4, "fan-out waits": 4} {
		if n := s.log.count(line); n > most {
			s.t.Errorf("%q stands in the log %d times", line, n)
		}
	}
	if s.log.count("delivery waits")+s.log.count("fan-out waits") == 0 {
		s.t.Error("nothing in the log says that the database was away")
	}
	if n := strings.Count(s.log.String(), "\n"); n > 200 {
		s.t.Errorf("the log has %d lines", n)
	}
	if n := s.posts() - posts; n > 7*placesOfTrouble {
		s.t.Errorf("%d posts", n)
	}
}

// storeHere stores sparks of Session at once, without a process for each.
func storeHere(t *testing.T, url string, titles ...string) {
	t.Helper()
	db, err := openOutside(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, title := range titles {
		if _, err := db.Exec(`INSERT INTO moves (project_id, title, source_url, spark, occurred_at)
			SELECT id, $1, $2, $3, $4 FROM projects WHERE slug = 'session'`,
			title, "https://example.org/"+title, true, time.Now().UTC().Format(time.RFC3339)); err != nil {
			t.Fatal(err)
		}
	}
}

// canStore reports whether the database takes a write.
func canStore(url string) bool {
	db, err := openOutside(url)
	if err != nil {
		return false
	}
	defer func() { _ = db.Close() }()
	_, err = db.Exec("UPDATE projects SET tagline = tagline WHERE slug = 'session'")
	return err == nil
}

// wait lets time pass for a database that is to stay away.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// lockProcess keeps every other process from writing to an SQLite file.
func lockProcess() error {
	d, err := time.ParseDuration(os.Getenv("SPARKBOT_TEST_AWAY"))
	if err != nil {
		return err
	}
	db, err := openOutside(os.Getenv("SPARKBOT_TEST_URL"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	<-time.After(d)
	_, err = db.Exec("COMMIT")
	return err
}

// TestSoakFullDisk lets the disk under an SQLite file be full while a spark is on
// its way: no file of the bot's process can grow. Then there is room again.
func TestSoakFullDisk(t *testing.T) {
	url := storetest.SQLite(t)
	world := crashWorld(t, true)
	channels := subscribeMany(t, url, world, placesOfTrouble)
	bot := startProcess(t, url, world, "SPARKBOT_TEST_LEASE="+leaseOfCrashes.String())
	storeSpark(t, url, "session", "before")
	eventually(t, "some places have it", crashPatience, func() bool { return reached(world, channels, "before") > 0 })

	limit := func(bytes uint64) {
		t.Helper()
		if err := unix.Prlimit(bot.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
			t.Fatal(err)
		}
	}
	limit(1)
	storeSpark(t, url, "session", "full") // by another process, which has room
	wait(t, away)
	if n := reached(world, channels, "full"); n > 0 {
		t.Errorf("%d places were told of what could not be recorded", n)
	}
	limit(unix.RLIM_INFINITY)
	sparks := []string{"before", "full", "afterwards"}
	storeSpark(t, url, "session", "afterwards")
	for _, spark := range sparks {
		eventually(t, "every place has "+spark, crashPatience, func() bool { return reached(world, channels, spark) == len(channels) })
	}
	eventually(t, "nothing is owed any more", crashPatience, func() bool { return owed(t, url) == 0 })
	if lost, doubled := tally(world, channels, sparks); lost+doubled > 0 {
		t.Errorf("lost %d, doubled %d", lost, doubled)
	}
	said := output(bot)
	for _, line := range []string{"waits"} {
		if n := strings.Count(said, line); n < 1 || n > 8 {
			t.Errorf("%q is said %d times:\n%s", line, n, said)
		}
	}
}

// output is what a process of startProcess has said so far.
func output(cmd *exec.Cmd) string { return fmt.Sprint(cmd.Stdout) }

// outlastFullDisks has a full disk be an error and not the end of the process.
func outlastFullDisks() { signal.Ignore(syscall.SIGXFSZ) }

// TestAClockThatJumps sets the bot's clock forward and back while sparks are on
// their way.
func TestAClockThatJumps(t *testing.T) {
	for name, jumps := range map[string][]time.Duration{
		"two hours forward":         {2 * time.Hour},
		"ten seconds back":          {-10 * time.Second},
		"forward and back again":    {2 * time.Hour, -2 * time.Hour},
		"half a minute back":        {30 * time.Second, -30 * time.Second},
		"a minute forward and back": {time.Minute, -time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := troubled(t, storetest.SQLite(t))
			storeSpark(t, s.url, "session", "before")
			sparks := []string{"before"}
			for i, jump := range jumps {
				last := sparks[len(sparks)-1]
				eventually(t, "some places have "+last, crashPatience, func() bool { return reached(s.world, s.channels, last) > 0 })
				s.ahead.Add(int64(jump))
				s.app.LookAgain()
				sparks = append(sparks, fmt.Sprint("jump-", i))
				storeSpark(t, s.url, "session", sparks[len(sparks)-1])
			}
			s.arrived(sparks...)
			if n := s.posts(); n > 2*len(sparks)*placesOfTrouble {
				t.Errorf("%d posts for %d messages", n, len(sparks)*placesOfTrouble)
			}
			if n := strings.Count(s.log.String(), "\n"); n > 200 {
				t.Errorf("the log has %d lines:\n%s", n, s.log.String())
			}
		})
	}
}
