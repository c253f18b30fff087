package wire

import (
	"net"
	"net/http"
)

// ForLibraries is a client for the few requests that client libraries make by
// themselves. It follows no redirect: a token goes where it was sent, or nowhere.
func ForLibraries() *http.Client {
	return &http.Client{
		Timeout: Within,
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: dialWithin, KeepAlive: keepAlive}).DialContext,
			ForceAttemptHTTP2:     true,
			IdleConnTimeout:       idleFor,
			TLSHandshakeTimeout:   dialWithin,
			ResponseHeaderTimeout: Within,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
