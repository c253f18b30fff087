package sqlstore_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"sparkbot/store/sqlstore"
	"sparkbot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func TestStore(t *testing.T) { storetest.Run(t) }

// TestManyMigrateAtOnce starts a dozen stores on one empty database, as
// replicas of a deployment do.
func TestManyMigrateAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		var group sync.WaitGroup
		applied := make(chan int, 12)
		for range 12 {
			group.Go(func() {
				db, err := sqlstore.Open(t.Context(), url, sqlstore.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = db.Close() }()
				steps, err := db.Migrate(t.Context())
				if err != nil {
					t.Error(err)
				}
				applied <- len(steps)
			})
		}
		group.Wait()
		close(applied)
		workers := 0
		for n := range applied {
			if n > 0 {
				workers++
			}
		}
		if workers != 1 {
			t.Errorf("%d of 12 applied the migrations, want one", workers)
		}
	})
}

func TestOpenSaysWhatIsWrongAndNoPassword(t *testing.T) {
	for _, url := range []string{
		"mysql://u:hunter2@localhost/x", "postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable", "postgres://u:hunter2@[/x",
		"sqlite:" + t.TempDir() + "/no/such/folder/x.db",
	} {
		db, err := sqlstore.Open(t.Context(), url, sqlstore.Options{})
		if err == nil {
			_ = db.Close()
			t.Errorf("%s was opened", url)
			continue
		}
		if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "hunter2") {
			t.Errorf("the error shows the password: %s", text)
		}
	}
}
