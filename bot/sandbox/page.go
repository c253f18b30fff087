package sandbox

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

// The page is built from page/src by `make page` and committed, so that the
// program needs nothing else; no address outside this server is ever asked.
//
//go:embed page/dist
var pageFiles embed.FS

// pagePolicy lets nothing run or load but the page's own files. The one style it
// admits inline, by its hash, is the empty colour the Discord renderer writes.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-hashes' 'sha256-YyzoJpP5ML1Dl1K7WQbfMCvG6Df0Mckd/cH2Bl2ywZQ='; font-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// member is who types on the page.
const member = "you"

// newPage serves the page and what it asks for.
func newPage(s *Sandbox, panel http.Handler) {
	files := pageAssets()
	handle := func(pattern string, h http.Handler) { s.mux.Handle(pattern, secured(h)) }
	handle("GET /{$}", files.serve("index.html"))
	handle("GET /preview", files.serve("index.html"))
	handle("GET /page/assets/{name}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		files.serve(r.PathValue("name")).ServeHTTP(w, r)
	}))
	handle("GET /page/state", http.HandlerFunc(s.pageState))
	handle("GET /page/events", http.HandlerFunc(s.pageEvents))
	handle("GET /raw/{platform}/{id}", http.HandlerFunc(s.pageRaw))
	handle("POST /page/act", http.HandlerFunc(s.pageAct))
	handle("POST /page/complete", http.HandlerFunc(s.pageComplete))
	if panel != nil {
		handle("/panel/", http.StripPrefix("/panel", panel))
	}
}

// secured sets the policy and refuses requests that a page elsewhere caused: a
// foreign name in Host, or a foreign Origin.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		origin, originErr := url.Parse(r.Header.Get("Origin"))
		if err != nil || (host != "127.0.0.1" && host != "localhost" && host != "::1") ||
			r.Header.Get("Origin") != "" && (originErr != nil || origin.Host != r.Host) {
			http.Error(w, "this page is for this machine alone", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// assets are the page's files with their compressed forms, made once.
type assets struct {
	plain   map[string][]byte
	mu      sync.Mutex
	gzipped map[string][]byte
}

var pageAssets = sync.OnceValue(func() *assets {
	a := &assets{plain: map[string][]byte{}, gzipped: map[string][]byte{}}
	err := fs.WalkDir(pageFiles, "page/dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		a.plain[path.Base(name)], err = pageFiles.ReadFile(name)
		return err
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
	return a
})

// serve answers with a file, compressed where the browser takes that. Fonts are
// compressed already.
func (a *assets) serve(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, there := a.plain[name]
		if !there {
			http.NotFound(w, r)
			return
		}
		kind := mime.TypeByExtension(path.Ext(name))
		if path.Ext(name) == ".woff2" {
			kind = "font/woff2"
		} else if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			body = a.compressed(name)
		}
		w.Header().Set("Content-Type", kind)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	})
}

func (a *assets) compressed(name string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if done, there := a.gzipped[name]; there {
		return done
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one it knows
	_, _ = z.Write(a.plain[name])                           // a buffer takes everything
	_ = z.Close()
	a.gzipped[name] = out.Bytes()
	return out.Bytes()
}
