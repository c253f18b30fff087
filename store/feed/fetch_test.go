package feed

import (
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestOnlyPublicAddressesArePublic(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.216.34": true, "1.1.1.1": true, "2606:4700::1111": true, "::ffff:1.1.1.1": true, "64:ff9b::101:101": true,
		"127.0.0.1": false, "127.8.8.8": false, "0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "100.127.255.255": false, "192.0.0.8": false, "192.0.2.1": false,
		"198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false,
		"64:ff9b:1::1": false, "100::1": false, "2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "3fff::1": false, "5f00::1": false,
		"fc00::1": false, "fd12::1": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %v, want %v", text, got, want)
		}
	}
}

// loopback allows what httptest listens on, and nothing else.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestNothingPrivateIsReached(t *testing.T) {
	c := NewClient(nil, time.Now)
	inside := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a private server was asked") })
	port := inside[strings.LastIndexByte(inside, ':'):]
	for _, address := range []string{inside, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port, "http://2130706433" + port, "http://127.1" + port} {
		_, err := c.Fetch(t.Context(), Request{URL: address})
		if err == nil {
			t.Errorf("%s was reached", address)
		} else if strings.Contains(address, "localhost") && !strings.Contains(err.Error(), "sources_allow_private") {
			t.Errorf("%s: %v, which does not say the mend", address, err)
		}
	}

	// A server that may be reached leads to one that may not.
	elsewhere := "http://127.0.0.2" + port
	door := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, http.StatusFound) })
	_, err := NewClient(loopback, time.Now).Fetch(t.Context(), Request{URL: door})
	if _, ok := errors.AsType[*forbidden](err); !ok {
		t.Errorf("a redirect to %s: %v", elsewhere, err)
	}
}

func TestFetch(t *testing.T) {
	var server string
	server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/feed":
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Last-Modified", "Mon, 10 Aug 2026 10:00:00 GMT")
			if r.Header.Get("If-None-Match") == `"v1"` && r.Header.Get("If-Modified-Since") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = fmt.Fprint(w, "the feed")
		case "/moved":
			http.Redirect(w, r, "/also-moved", http.StatusMovedPermanently)
		case "/also-moved":
			http.Redirect(w, r, "/for-now", http.StatusPermanentRedirect)
		case "/for-now":
			http.Redirect(w, r, "/feed", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusMovedPermanently)
		case "/busy":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/later":
			w.Header().Set("Retry-After", today.Add(time.Hour).Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			zeros := make([]byte, 1<<20)
			for range 200 { // 200 MiB in 200 KiB
				if _, err := z.Write(zeros); err != nil {
					return
				}
			}
			_ = z.Close()
		case "/headers":
			w.Header().Set("X-Large", strings.Repeat("x", maxHeader))
		case "/password":
			http.Redirect(w, r, strings.Replace(server, "http://", "http://u:hunter2@", 1)+"/feed", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	})
	c := NewClient(loopback, func() time.Time { return today })
	a, err := c.Fetch(t.Context(), Request{URL: server + "/feed"})
	if err != nil || string(a.Body) != "the feed" || a.ETag != `"v1"` || a.LastModified == "" || a.MovedTo != "" {
		t.Errorf("a feed: %+v, %v", a, err)
	}
	if a, err := c.Fetch(t.Context(), Request{URL: server + "/feed", ETag: a.ETag, LastModified: a.LastModified}); err != nil || !a.Unchanged {
		t.Errorf("a feed without news: %+v, %v", a, err)
	}
	if a, err := c.Fetch(t.Context(), Request{URL: server + "/moved"}); err != nil || a.MovedTo != server+"/for-now" || a.URL != server+"/feed" {
		t.Errorf("a feed that moved twice for good and once for now: %+v, %v", a, err)
	}
	if a, err := c.Fetch(t.Context(), Request{URL: server + "/for-now"}); err != nil || a.MovedTo != "" {
		t.Errorf("a feed that is elsewhere for now: %+v, %v", a, err)
	}
	for path, want := range map[string]Refusal{
		"/loop":     {Reason: "more than 5 times"},
		"/busy":     {Status: 429, After: 2 * time.Minute},
		"/later":    {Status: 503, After: time.Hour},
		"/nothing":  {Status: 404},
		"/bomb":     {Reason: "more than 8 MiB"},
		"/headers":  {Reason: "not reached"},
		"/password": {Reason: "with a password"},
		"/file":     {Reason: "not followed"},
	} {
		_, err := c.Fetch(t.Context(), Request{URL: server + path})
		got, ok := errors.AsType[*Refusal](err)
		if !ok || got.Status != want.Status || got.After != want.After || !strings.Contains(got.Reason, want.Reason) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v (%+v), want %+v", path, err, got, want)
		}
	}
}
