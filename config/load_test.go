package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// write puts a file into a fresh directory and gives its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEachLayerWinsOverTheOneBelow(t *testing.T) {
	t.Chdir(t.TempDir())
	file := write(t, "bot.yaml", "http:\n  listen: 127.0.0.1:1111\nlog: {level: debug}\nalerts: {max_age: 24h}\n")
	c, err := Load(Source{
		File:    file,
		Environ: []string{"SPARKBOT_HTTP_LISTEN=127.0.0.1:2222", "SPARKBOT_LOG_LEVEL=warn", "PATH=/bin"},
		Flags:   map[string]string{"log.level": "error"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ what, got, want string }{
		{"a default", c.Database.URL.Reveal(), "sqlite:sparkbot.db"},
		{"the file over the default", c.Alerts.MaxAge.String(), (24 * time.Hour).String()},
		{"the environment over the file", c.HTTP.Listen, "127.0.0.1:2222"},
		{"a flag over the environment", c.Log.Level, "error"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.what, tc.got, tc.want)
		}
	}
	origins := map[string]string{}
	for _, v := range c.Values() {
		origins[v.Key] = v.Origin
	}
	for key, want := range map[string]string{
		"database.url": "default", "alerts.max_age": file + ":4", "http.listen": "SPARKBOT_HTTP_LISTEN", "log.level": "flag --log-level",
	} {
		if origins[key] != want {
			t.Errorf("%s comes from %q, want %q", key, origins[key], want)
		}
	}
}

func TestAllProblemsAreToldAtOnceWithTheMend(t *testing.T) {
	t.Chdir(t.TempDir())
	file := write(t, "bot.yaml", "htp:\n  listen: x\nlog:\n  level: loud\ndiscord: {public_key: abc}\nslack: [1]\nalerts:\n  max_age: 0s\n  max_age: 1h\n")
	_, err := Load(Source{File: file, Environ: []string{
		"SPARKBOT_SLACK_BOT_TOKN=x", "SPARKBOT_DATABASE_URL=mysql://u:hunter2@h/db", "SPARKBOT_HTTP_LISTEN=8080",
		"SPARKBOT_SLACK_BOT_TOKEN=xoxb-1 2", "SPARKBOT_SECRET_KEY=c2hvcnQ=", "SPARKBOT_TEST_ANYTHING=1", "SPARKBOT_ALERTS_BURST=-1",
		"SPARKBOT_DISCORD_TOKEN=hunter2", "SPARKBOT_DISCORD_TOKEN_FILE=/nowhere",
	}})
	if err == nil {
		t.Fatal("a configuration full of mistakes was accepted")
	}
	for _, want := range []string{
		":1: unknown key htp", "must be one of debug, info, warn, error", "64 hexadecimal digits", "slack",
		"did you mean SPARKBOT_SLACK_BOT_TOKEN?", "must be sqlite:PATH or postgres://", "must be host:port",
		"copy it again without one", "32 bytes in base64", "both set; keep one", "must be a whole number from 0 to 100",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	for _, never := range []string{"hunter2", "xoxb-1", "SPARKBOT_TEST_ANYTHING", "c2hvcnQ"} {
		if strings.Contains(err.Error(), never) {
			t.Errorf("the error shows %q:\n%v", never, err)
		}
	}
}

func TestSecretsStaySecret(t *testing.T) {
	t.Chdir(t.TempDir())
	token := write(t, "token", "hunter2\n")
	c, err := Load(Source{Environ: []string{
		"SPARKBOT_DISCORD_TOKEN_FILE=" + token, "SPARKBOT_SLACK_BOT_TOKEN=hunter2",
		"SPARKBOT_DATABASE_URL=postgres://bot:hunter2@db:5432/bot?password=hunter2&sslmode=disable",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Discord.Token.Reveal(); got != "hunter2" {
		t.Errorf("the token read from its file is %q", got)
	}
	var table strings.Builder
	if err := c.Print(&table); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"config print": table.String(), "JSON": string(encoded),
		"%v": fmt.Sprintf("%v", *c), "%+v": fmt.Sprintf("%+v", *c), "%#v": fmt.Sprintf("%#v", *c),
	} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s shows a secret:\n%s", what, text)
		}
	}
	if !strings.Contains(table.String(), "postgres://bot:xxxxx@db:5432/bot") {
		t.Errorf("config print hides more of the database than its password:\n%s", table.String())
	}
}

func TestTheDefaultFileIsReadWhereItStands(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(DefaultFile, []byte("# nothing but a comment\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Source{}); err != nil {
		t.Errorf("an empty file: %v", err)
	}
	if err := os.WriteFile(DefaultFile, []byte("slack: {managers: Admins}\napi: {token: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Source{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Slack.Managers != ManagersAdmins {
		t.Errorf("managers are %q", c.Slack.Managers)
	}
	if _, err := Load(Source{File: "missing.yaml"}); err == nil {
		t.Error("a named file that is missing was passed over")
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add("http:\n  listen: 127.0.0.1:1\n")
	f.Add("a: &x [*x]\n")
	f.Add("{http: {listen: off}, http.listen: off}")
	f.Fuzz(func(t *testing.T, text string) {
		layer, err := parseFile("f", []byte(text))
		if err != nil {
			return
		}
		for key := range layer {
			if !known(key) {
				t.Errorf("an unknown key %q was accepted from %q", key, text)
			}
		}
	})
}
