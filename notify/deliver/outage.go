package deliver

import (
	"log/slog"
	"sync"
)

// outage writes one line when the database stops answering and one when it
// answers again, however many loops notice.
type outage struct {
	log  *slog.Logger
	mu   sync.Mutex
	away bool
}

func (o *outage) began(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.away {
		o.log.Error("delivery waits: nothing is lost, it goes on when the database answers again", "err", err)
	}
	o.away = true
}

func (o *outage) ended() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.away {
		o.log.Info("delivery goes on")
	}
	o.away = false
}
