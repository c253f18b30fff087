package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthIsAskedThroughTheLoopback(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080", "0.0.0.0:8080": "127.0.0.1:8080", ":8080": "127.0.0.1:8080", "[::]:8080": "[::1]:8080", "10.0.0.7:1": "10.0.0.7:1",
	} {
		if got := nearby(listen); got != want {
			t.Errorf("%s is reached at %s, want %s", listen, got, want)
		}
	}
}

func TestHealthcheckEndsAsTheAnswerSays(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			status = http.StatusServiceUnavailable
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"parts":{"database":"away"}}`))
	}))
	defer server.Close()
	t.Setenv("SPARKBOT_HTTP_LISTEN", strings.TrimPrefix(server.URL, "http://"))
	t.Chdir(t.TempDir())
	for _, tc := range []struct {
		args []string
		want string // empty: healthy
	}{{[]string{"healthcheck"}, ""}, {[]string{"healthcheck", "--ready"}, "away"}, {[]string{"healthcheck", "--http-listen", "127.0.0.1:1"}, "nobody answers"}, {[]string{"healthcheck", "--http-listen", "off"}, "SPARKBOT_HTTP_LISTEN"}} {
		root := newRoot()
		root.SetArgs(tc.args)
		err := root.ExecuteContext(t.Context())
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%v ends with %v, want %q", tc.args, err, tc.want)
		}
	}
}
