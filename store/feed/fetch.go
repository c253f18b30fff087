package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of one fetch.
const (
	maxDocument  = 8 << 20 // bytes, unpacked
	maxHeader    = 64 << 10
	maxRedirects = 5
	fetchTimeout = 30 * time.Second
	// maxPause is the longest Retry-After that is obeyed.
	maxPause = 7 * 24 * time.Hour
)

// Request is what is asked of a feed's server.
type Request struct {
	URL          string
	ETag         string // of the last answer, as it was given
	LastModified string
}

// Answer is what a feed's server said.
type Answer struct {
	Unchanged    bool // nothing is new since Request's ETag and LastModified
	Body         []byte
	URL          string // where the body was found in the end
	MovedTo      string // where the feed is from now on, if permanent redirects said so
	ETag         string
	LastModified string
}

// Refusal is an answer that holds no feed.
type Refusal struct {
	Status int           // of HTTP; 0 when there was no answer
	After  time.Duration // how long the server asks to be left alone
	Reason string        // one sentence
	Err    error         // the cause, if there is one
}

// Error gives the reason.
func (r *Refusal) Error() string { return r.Reason }

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// Client fetches feeds. It is safe for concurrent use.
type Client struct {
	http *http.Client
	now  func() time.Time
}

// NewClient makes a Client that reaches public addresses and those of allowed. It
// uses no proxy: a proxy would resolve names where nobody checks them.
func NewClient(allowed []netip.Prefix, now func() time.Time) *Client {
	return &Client{now: now, http: &http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{
			DialContext: dialer(allowed), ForceAttemptHTTP2: true, MaxResponseHeaderBytes: maxHeader,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 20 * time.Second,
			MaxIdleConns: 20, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: checkRedirect,
	}}
}

// checkRedirect bounds redirects and keeps them from giving up encryption.
func checkRedirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return &Refusal{Reason: fmt.Sprintf("the feed redirects more than %d times", maxRedirects)}
	case r.URL.Scheme != "https" && (r.URL.Scheme != "http" || via[len(via)-1].URL.Scheme == "https"):
		return &Refusal{Reason: "the feed redirects from https to " + r.URL.Scheme + ", which is not followed"}
	case r.URL.User != nil:
		return &Refusal{Reason: "the feed redirects to an address with a password, which is not followed"}
	}
	return nil
}

// Fetch asks once. Its errors hold a *Refusal.
func (c *Client) Fetch(ctx context.Context, q Request) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, q.URL, nil)
	if err != nil {
		return Answer{}, &Refusal{Reason: "the address is not readable", Err: err}
	}
	r.Header.Set("User-Agent", "sparkbot (feed reader)")
	r.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, application/json;q=0.8, */*;q=0.5")
	if q.ETag != "" {
		r.Header.Set("If-None-Match", q.ETag)
	}
	if q.LastModified != "" {
		r.Header.Set("If-Modified-Since", q.LastModified)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return Answer{}, unreached(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := Answer{URL: resp.Request.URL.String(), MovedTo: moved(resp)}
	switch {
	case resp.StatusCode == http.StatusNotModified:
		a.Unchanged = true
		return a, nil
	case resp.StatusCode != http.StatusOK:
		return a, &Refusal{Status: resp.StatusCode, After: c.after(resp.Header.Get("Retry-After")), Reason: fmt.Sprintf("the server answers %s", resp.Status)}
	}
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return a, &Refusal{Reason: "the document ended before all of it arrived", Err: err}
	case len(a.Body) > maxDocument:
		return a, &Refusal{Reason: fmt.Sprintf("the document has more than %d MiB", maxDocument>>20)}
	}
	a.ETag, a.LastModified = bounded(resp.Header.Get("ETag")), bounded(resp.Header.Get("Last-Modified"))
	return a, nil
}

// bounded drops what is too long to be kept and sent back.
func bounded(header string) string {
	if len(header) > 1000 || strings.ContainsRune(header, 0) {
		return ""
	}
	return header
}

// moved gives the address to which the first redirects lead, as far as they are
// permanent.
func moved(resp *http.Response) string {
	type hop struct {
		status int
		to     string
	}
	var hops []hop // the last redirect first
	for r := resp.Request; r.Response != nil; r = r.Response.Request {
		hops = append(hops, hop{r.Response.StatusCode, r.URL.String()})
	}
	to := ""
	for _, h := range slices.Backward(hops) {
		if h.status != http.StatusMovedPermanently && h.status != http.StatusPermanentRedirect {
			break
		}
		to = h.to
	}
	if len(to) > 2000 {
		return ""
	}
	return to
}

// after reads Retry-After: seconds or a date.
func (c *Client) after(header string) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), maxPause)
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(c.now()), 0), maxPause)
}

// unreached says why there was no answer, without the address: the caller knows
// it, and its query may hold a key.
func unreached(err error) error {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	if f, ok := errors.AsType[*forbidden](err); ok {
		return &Refusal{Reason: "the feed leads to " + f.Error(), Err: f}
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return &Refusal{Reason: "the server did not answer in time"}
	}
	return &Refusal{Reason: "the server is not reached", Err: errors.Unwrap(err)}
}
