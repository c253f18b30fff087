package deliver

import (
	"log/slog"
	"sync"
)

// outage writes one line when the database stops working and one when it works
// again, however many parts notice. Each part ends what it began itself: a disk
// that is full lets one part read while another cannot write.
type outage struct {
	log  *slog.Logger
	mu   sync.Mutex
	away map[any]struct{} // the parts for which it does not work
}

func (o *outage) began(part any, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.away) == 0 {
		o.log.Error("delivery waits: nothing is lost, it goes on when the database works again", "err", err)
		o.away = map[any]struct{}{}
	}
	o.away[part] = struct{}{}
}

func (o *outage) ended(part any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, away := o.away[part]; !away {
		return
	}
	delete(o.away, part)
	if len(o.away) == 0 {
		o.log.Info("delivery goes on")
	}
}
