package app

import (
	"cmp"
	"os"

	"github.com/google/uuid"

	"sparkbot/store/lease"
)

// holder gives this process a name among the replicas: the host's, for whoever
// looks into the table, and something that no other process has.
func holder() string {
	host, _ := os.Hostname() // a host without a name is called that
	return cmp.Or(host, "nameless") + "/" + uuid.NewString()
}

// alone gives the turn to do what one replica at a time should do. A SQLite file
// is served by one process, which need not wait for a lease that one before it
// left behind.
func (a *App) alone(name string) *lease.Turn {
	o := lease.Options{Name: name, Holder: a.holder, Log: a.log}
	if a.db.Dialect() == "sqlite" {
		return lease.New(lease.Free{}, o)
	}
	return lease.New(a.db, o)
}
