package ingest

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"sparkbot/store"
)

// Library is what the API reads, in a transaction or outside of one.
type Library interface {
	// ProjectsPage gives a page of projects, by slug.
	ProjectsPage(ctx context.Context, q store.ProjectQuery) ([]store.Project, error)
	// ProjectBySlug gives store.ErrNotFound when there is none.
	ProjectBySlug(ctx context.Context, slug string) (store.Project, error)
	// RecentMoves gives the newest moves of each project, newest first, without
	// the retracted ones.
	RecentMoves(ctx context.Context, limit int, projectIDs ...int64) (map[int64][]store.Move, error)
	// Pulse gives all moves of the projects without their words.
	Pulse(ctx context.Context, projectIDs ...int64) (map[int64][]store.Move, error)
	// Snapshots gives what velocities were told from a day on.
	Snapshots(ctx context.Context, from time.Time, projectIDs ...int64) (map[int64][]store.Snapshot, error)
}

// Transaction reads and writes, all or nothing. A project that it has read is not
// changed by others before it ends.
type Transaction interface {
	Library
	Writer
}

// Store is a Library that can be written.
type Store interface {
	Library
	// Within runs do in one transaction and keeps what it wrote if do succeeds.
	Within(ctx context.Context, do func(Transaction) error) error
}

// Options say how an API works. All but Log are required.
type Options struct {
	Tokens []Token
	// PerMinute is how many requests a token may make in a minute, a sixth of them
	// at once.
	PerMinute int
	// Read scores a project whose moves are given, and what was told of it in the
	// last week.
	Read func(p store.Project, pulse []store.Move, told []store.Snapshot, at time.Time) Reading
	Now  func() time.Time
	Log  *slog.Logger
}

// API answers /api/v1/. It is safe for concurrent use.
type API struct {
	store  Store
	o      Options
	keys   keyring
	limits limits
}

// NewAPI makes an API that takes the tokens of o. Without any of them everything
// is answered with 404.
func NewAPI(s Store, o Options) *API {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &API{store: s, o: o, keys: newKeyring(o.Tokens), limits: newLimits(len(o.Tokens), o.PerMinute)}
}

// call is one request on its way.
type call struct {
	id    string
	token Token
	slug  string
	w     http.ResponseWriter
	r     *http.Request
}

// ServeHTTP answers a request whose path begins with /api/v1/.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := call{id: uuid.NewString(), w: w, r: r}
	header := w.Header()
	header.Set("X-Request-Id", c.id)
	header.Set("X-Content-Type-Options", "nosniff")
	err := a.answer(&c)
	if err == nil {
		return
	}
	p, known := explain(err)
	p.Request = c.id
	switch {
	case r.Context().Err() != nil: // whoever asked went away
	case known:
		a.o.Log.Debug("a request to the API is refused", "request", c.id, "token", c.token.Name, "method", r.Method, "project", c.slug, "status", p.Status, "detail", p.Detail)
	default:
		a.o.Log.Error("a request to the API failed", "request", c.id, "token", c.token.Name, "method", r.Method, "project", c.slug, "error", err)
	}
	p.send(w)
}

// answer admits the request and finds who answers it.
func (a *API) answer(c *call) error {
	if len(a.o.Tokens) == 0 {
		return trouble(http.StatusNotFound, "off", "the API is off; whoever runs this bot turns it on with SPARKBOT_API_TOKEN")
	}
	parts := strings.Split(strings.TrimPrefix(c.r.URL.Path, "/api/v1/"), "/")
	if len(parts) == 1 && parts[0] == "openapi.json" {
		return describe(c)
	}
	if err := a.admit(c); err != nil {
		return err
	}
	methods := map[string]func(*call) error{}
	switch {
	case len(parts) == 1 && parts[0] == "projects":
		methods["GET"] = a.list
	case len(parts) == 2 && parts[0] == "projects" && parts[1] != "":
		methods["GET"], methods["PUT"] = a.get, a.put
	case len(parts) == 3 && parts[0] == "projects" && parts[1] != "" && parts[2] == "moves":
		methods["POST"] = a.post
	default:
		return trouble(http.StatusNotFound, "not-found", "there is nothing at %s; GET /api/v1/openapi.json describes what there is", c.r.URL.Path)
	}
	if len(parts) > 1 {
		c.slug = parts[1]
	}
	return c.by(methods)
}

// by hands the call to whoever answers its method.
func (c *call) by(methods map[string]func(*call) error) error {
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if do, ok := methods[method]; ok {
		return do(c)
	}
	var allowed []string
	for _, m := range []string{"GET", "HEAD", "PUT", "POST"} {
		if methods[m] != nil || m == "HEAD" && methods["GET"] != nil {
			allowed = append(allowed, m)
		}
	}
	c.w.Header().Set("Allow", strings.Join(allowed, ", "))
	return trouble(http.StatusMethodNotAllowed, "method", "%s is not possible here; %s is", c.r.Method, strings.Join(allowed, ", "))
}
