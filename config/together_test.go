package config

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const (
	oneKey  = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	nextKey = "YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI="
)

// manyWorkspaces is all that OAuth needs.
func manyWorkspaces() map[string]string {
	return map[string]string{
		"SPARKBOT_SLACK_CLIENT_ID": "1.2", "SPARKBOT_SLACK_CLIENT_SECRET": "hunter2", "SPARKBOT_SLACK_SIGNING_SECRET": "signed",
		"SPARKBOT_SECRET_KEY": oneKey, "SPARKBOT_HTTP_PUBLIC_URL": "https://bot.example.org/",
	}
}

func loadEnv(t *testing.T, env map[string]string) (*Config, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	var environ []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		environ = append(environ, name+"="+env[name])
	}
	return Load(Source{Environ: environ})
}

func TestManyWorkspacesNeedAllOfTheirSettings(t *testing.T) {
	c, err := loadEnv(t, manyWorkspaces())
	if err != nil {
		t.Fatal(err)
	}
	if !c.Slack.Enabled() || !c.Slack.OAuth() || len(c.SecretKeys()) != 1 || c.HTTP.PublicURL != "https://bot.example.org" {
		t.Errorf("the configuration is %+v", c.Slack)
	}
	for _, tc := range []struct {
		name string
		set  map[string]string // an empty text takes the variable away
		want string            // the one problem; empty: none
	}{
		{"Socket Mode instead of HTTP", map[string]string{"SPARKBOT_SLACK_SIGNING_SECRET": "", "SPARKBOT_SLACK_APP_TOKEN": "xapp-1"}, ""},
		{"plain http on this machine", map[string]string{"SPARKBOT_HTTP_PUBLIC_URL": "http://127.0.0.1:8080"}, ""},
		{"no client secret", map[string]string{"SPARKBOT_SLACK_CLIENT_SECRET": ""}, "set SPARKBOT_SLACK_CLIENT_SECRET"},
		{"a client secret alone", map[string]string{"SPARKBOT_SLACK_CLIENT_ID": ""}, "set SPARKBOT_SLACK_CLIENT_ID"},
		{"no key", map[string]string{"SPARKBOT_SECRET_KEY": ""}, "set SPARKBOT_SECRET_KEY"},
		{"a second key that is none", map[string]string{"SPARKBOT_SECRET_KEY": oneKey + ",short"}, "several stand with commas"},
		{"no public address", map[string]string{"SPARKBOT_HTTP_PUBLIC_URL": ""}, "set SPARKBOT_HTTP_PUBLIC_URL"},
		{"plain http elsewhere", map[string]string{"SPARKBOT_HTTP_PUBLIC_URL": "http://bot.example.org"}, "must begin with https"},
		{"no HTTP server", map[string]string{"SPARKBOT_HTTP_LISTEN": "off"}, "set SPARKBOT_HTTP_LISTEN"},
		{"no way in", map[string]string{"SPARKBOT_SLACK_SIGNING_SECRET": ""}, "SPARKBOT_SLACK_APP_TOKEN for Socket Mode"},
		{"one token besides", map[string]string{"SPARKBOT_SLACK_BOT_TOKEN": "xoxb-1"}, "keep one of them"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := manyWorkspaces()
			maps.Copy(env, tc.set)
			_, err := loadEnv(t, env)
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error is %v, want one sentence with %q", err, tc.want)
			}
		})
	}
}

func TestTwoKeysAtOnce(t *testing.T) {
	env := manyWorkspaces()
	env["SPARKBOT_SECRET_KEY"] = nextKey + ", " + oneKey
	c, err := loadEnv(t, env)
	if err != nil {
		t.Fatal(err)
	}
	if keys := c.SecretKeys(); len(keys) != 2 || !strings.HasPrefix(string(keys[0]), "abc") || !strings.HasPrefix(string(keys[1]), "012") {
		t.Errorf("the keys are %q", keys)
	}
}
