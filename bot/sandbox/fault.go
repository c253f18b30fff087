package sandbox

import (
	"net/http"
	"strings"
	"sync"
)

// Fault makes the next requests fail as platforms do.
type Fault struct {
	Method string // of the requests; empty is any
	Path   string // the request's path holds this; empty is any request
	Times  int    // how many requests; 0 counts as 1
	Status int
	Header map[string]string
	Body   string
	// AfterAccept carries the request out and then drops the connection without
	// an answer, so that the bot cannot know whether it arrived.
	AfterAccept bool
}

// faults is a queue of them.
type faults struct {
	mu    sync.Mutex
	queue []Fault
	count map[string]int // requests by route
}

// requests counts the requests whose method and route hold a text.
func (f *faults) requests(part string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for route, count := range f.count {
		if strings.Contains(route, part) {
			n += count
		}
	}
	return n
}

// note counts a request by its route: the path with a * for every part in which
// there are digits, so that the routes stay few.
func (f *faults) note(r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	for i, part := range parts {
		if strings.ContainsAny(part, "0123456789") {
			parts[i] = "*"
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == nil {
		f.count = map[string]int{}
	}
	f.count[r.Method+" "+strings.Join(parts, "/")]++
}

// Requests counts the requests to the REST API whose method and route hold a text,
// such as "GET /channels/*/messages".
func (d *Discord) Requests(part string) int { return d.faults.requests(part) }

// Requests counts the calls of the Web API whose method and path hold a text, such
// as "conversations.history".
func (k *Slack) Requests(part string) int { return k.faults.requests(part) }

func (f *faults) add(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fault.Times = max(1, fault.Times)
	f.queue = append(f.queue, fault)
}

// left counts the requests that still will fail.
func (f *faults) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, one := range f.queue {
		n += one.Times
	}
	return n
}

// take gives the fault that a request meets, if any, and uses it up by one.
func (f *faults) take(method, path string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.queue {
		if !strings.Contains(path, f.queue[i].Path) || f.queue[i].Method != "" && f.queue[i].Method != method {
			continue
		}
		fault := f.queue[i]
		if f.queue[i].Times--; f.queue[i].Times == 0 {
			f.queue = append(f.queue[:i], f.queue[i+1:]...)
		}
		return fault, true
	}
	return Fault{}, false
}

// wrap puts the faults in front of a handler.
func (f *faults) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.note(r)
		fault, hit := f.take(r.Method, r.URL.Path)
		if !hit {
			next.ServeHTTP(w, r)
			return
		}
		if fault.AfterAccept {
			next.ServeHTTP(&deaf{header: http.Header{}}, r)
			panic(http.ErrAbortHandler) // drops the connection without an answer
		}
		for name, value := range fault.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(fault.Status)
		_, _ = w.Write([]byte(fault.Body))
	})
}

// deaf swallows an answer.
type deaf struct{ header http.Header }

func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) Write(p []byte) (int, error) { return len(p), nil }
func (d *deaf) WriteHeader(int)             {}
