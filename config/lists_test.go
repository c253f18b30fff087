package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const records = `
api:
  tokens:
    - name: releases
      token_file: %s
      projects: [session, briar]
    - {name: infra, token: hunter2hunter2hunter2, categories: infra}
sources:
  - project: session
    url: https://getsession.org/rss.xml
    interval: 1h
    sparks:
      words: [audit, funding]
      patterns: '(?i)\bv\d+\.0\b'
      semver: minor
    title: "Session: {title}"
  - project: briar
    url: https://github.com/briar/briar
    kind: GitHub
`

func TestListsOfRecords(t *testing.T) {
	t.Chdir(t.TempDir())
	token := write(t, "token", "hunter2-from-a-file\n")
	file := write(t, "bot.yaml", fmt.Sprintf(records, token))
	c, err := Load(Source{File: file})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.API.Tokens) != 2 || c.API.Tokens[0].Token.Reveal() != "hunter2-from-a-file" || c.API.Tokens[0].Projects[1] != "briar" ||
		c.API.Tokens[1].Categories[0] != "INFRA" {
		t.Errorf("tokens %#v", c.API.Tokens)
	}
	f := c.Feeds[0]
	if f.Interval != time.Hour || len(f.Words) != 2 || f.Patterns[0].String() != `(?i)\bv\d+\.0\b` || f.Semver != SemverMinor || f.Kind != FeedAuto {
		t.Errorf("the first source is %+v", f)
	}
	if f := c.Feeds[1]; f.Kind != FeedGitHub || f.Interval != 30*time.Minute || f.Title != "{title}" {
		t.Errorf("the second source is %+v", f)
	}
	var table strings.Builder
	if err := c.Print(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sources[0].sparks.words", "audit, funding", file + ":13", "api.tokens[1].token", "[redacted]", "SPARKBOT_SOURCES"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("config print lacks %q:\n%s", want, table.String())
		}
	}
	if text := table.String() + fmt.Sprintf("%v %+v %#v", *c, *c, *c); strings.Contains(text, "hunter2") {
		t.Errorf("a token is shown:\n%s", text)
	}

	c, err = Load(Source{File: file, Environ: []string{`SPARKBOT_SOURCES=[{"project": "river", "url": "https://river.org/feed.json", "kind": "json"}]`}})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Feeds) != 1 || c.Feeds[0].Project != "river" {
		t.Errorf("the environment does not win over the file: %+v", c.Feeds)
	}
}

func TestEveryMistakeInAListHasItsLine(t *testing.T) {
	t.Chdir(t.TempDir())
	file := write(t, "bot.yaml", `api:
  tokens:
    - {name: "a b", token: short}
    - {name: x, token: hunter2hunter2hunter2}
    - {name: x, token: hunter2hunter2hunter2, project: [session]}
    - just a text
sources:
  - url: ftp://x.org/feed
    kind: xml
    interval: 10s
    sparks: {words: [""], patterns: ["("], semver: patch}
    title: "{headline}"
  - {project: Session, url: "https://u:hunter2@x.org/", url: "https://x.org"}
  - {project: a, url: [x]}
sources_allow_private: 10.0.0.1
`)
	_, err := Load(Source{File: file, Environ: []string{"SPARKBOT_API_TOKENS_FILE=x", "SPARKBOT_API_TOKEN=hunter2"}})
	if err == nil {
		t.Fatal("a list full of mistakes was accepted")
	}
	for _, want := range []string{
		":3: api.tokens[0].name must be a short name", ":3: api.tokens[0].token is too short", "api.tokens[2].name \"x\" is taken", "api.tokens[2].token is the same as api.tokens[1].token",
		":5: api.tokens[2]: unknown key project; did you mean projects?", ":6: api.tokens[3] must be a mapping",
		":8: sources[0].project is missing", ":8: sources[0].url must be the http or https address", ":9: sources[0].kind must be one of auto, rss, atom, json, github",
		":10: sources[0].interval must be a duration", ":11: sources[0].sparks.words must not hold an empty", ":11: sources[0].sparks.patterns is no regular expression",
		":11: sources[0].sparks.semver must be one of major, minor", ":12: sources[0].title holds {headline}", ":13: sources[1].project must be a project's slug",
		":14: sources[2].url must be a single value", "sources_allow_private", "unknown environment variable SPARKBOT_API_TOKENS_FILE",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows a secret:\n%v", err)
	}
}
