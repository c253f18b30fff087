package config

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Kinds of a feed.
const (
	FeedAuto   = "auto"   // found out from what is answered
	FeedRSS    = "rss"    // RSS 0.9 to 2.0 and RDF
	FeedAtom   = "atom"   // Atom 0.3 and 1.0
	FeedJSON   = "json"   // JSON Feed 1.0 and 1.1
	FeedGitHub = "github" // the releases of a GitHub repository, by its address
)

// Which versions are sparks.
const (
	SemverMajor = "major" // 2.0.0
	SemverMinor = "minor" // 2.1.0, and major ones
)

// Intervals at which a feed is read.
const (
	defaultInterval = 30 * time.Minute
	shortestFeed    = 5 * time.Minute // shorter than that, publishers refuse
	longestFeed     = 7 * 24 * time.Hour
)

// placeholders are what a feed's templates may hold.
var placeholders = []string{"{title}", "{summary}", "{version}", "{project}", "{feed}", "{author}"}

// lists are all the keys that hold records.
var lists = []list{
	{key: "api.tokens", grow: func(c *Config) { c.API.Tokens = append(c.API.Tokens, APIToken{}) }, columns: []column{
		{name: "name", required: true, set: func(c *Config, s string) error {
			last(c.API.Tokens).Name = s
			return checkWord(s)
		}},
		{name: "token", required: true, secret: true, set: func(c *Config, s string) error {
			last(c.API.Tokens).Token = Secret(s)
			if len(s) < 16 {
				return errors.New("is too short to be safe; make one with `openssl rand -hex 32`")
			}
			return checkToken(s)
		}},
		{name: "projects", many: true, set: func(c *Config, s string) error {
			t := last(c.API.Tokens)
			t.Projects = append(t.Projects, s)
			return checkSlug(s)
		}},
		{name: "categories", many: true, set: func(c *Config, s string) error {
			t := last(c.API.Tokens)
			t.Categories = append(t.Categories, strings.ToUpper(strings.TrimSpace(s)))
			return notEmpty(s)
		}},
	}},
	{key: "sources", grow: func(c *Config) {
		c.Feeds = append(c.Feeds, Feed{Kind: FeedAuto, Interval: defaultInterval, Title: "{title}", Summary: "{summary}"})
	}, columns: []column{
		{name: "project", required: true, set: func(c *Config, s string) error {
			last(c.Feeds).Project = s
			return checkSlug(s)
		}},
		{name: "url", required: true, set: func(c *Config, s string) error {
			last(c.Feeds).URL = s
			return checkFeedURL(s)
		}},
		{name: "kind", set: oneOf(func(c *Config) *string { return &last(c.Feeds).Kind }, FeedAuto, FeedRSS, FeedAtom, FeedJSON, FeedGitHub)},
		{name: "interval", set: func(c *Config, s string) (err error) {
			d, err := time.ParseDuration(s)
			last(c.Feeds).Interval = d
			if err != nil || d < shortestFeed || d > longestFeed {
				return errors.New("must be a duration from 5m to 168h, such as 30m")
			}
			return nil
		}},
		{name: "sparks.words", many: true, set: func(c *Config, s string) error {
			f := last(c.Feeds)
			f.Words = append(f.Words, strings.TrimSpace(s))
			return notEmpty(s)
		}},
		{name: "sparks.patterns", many: true, set: func(c *Config, s string) error {
			re, err := regexp.Compile(s)
			if err != nil {
				return fmt.Errorf("is no regular expression: %w (https://github.com/google/re2/wiki/Syntax)", err)
			}
			f := last(c.Feeds)
			f.Patterns = append(f.Patterns, re)
			return notEmpty(s)
		}},
		{name: "sparks.semver", set: oneOf(func(c *Config) *string { return &last(c.Feeds).Semver }, SemverMajor, SemverMinor)},
		{name: "title", set: func(c *Config, s string) error {
			last(c.Feeds).Title = s
			return checkTemplate(s)
		}},
		{name: "summary", set: func(c *Config, s string) error {
			last(c.Feeds).Summary = s
			return checkTemplate(s)
		}},
	}},
}

func last[T any](records []T) *T { return &records[len(records)-1] }

// checkLists finds what is wrong between records.
func (c *Config) checkLists() error {
	var problems []error
	names, tokens := map[string]bool{}, map[[32]byte]string{}
	if c.API.Token != "" {
		tokens[sha256.Sum256([]byte(c.API.Token))] = "api.token"
	}
	for i, t := range c.API.Tokens {
		at := fmt.Sprintf("api.tokens[%d]", i)
		if names[t.Name] && t.Name != "" {
			problems = append(problems, fmt.Errorf("%s.name %q is taken by another token; logs could not tell them apart", at, t.Name))
		}
		names[t.Name] = true
		sum := sha256.Sum256([]byte(t.Token))
		if other, taken := tokens[sum]; taken && t.Token != "" {
			problems = append(problems, fmt.Errorf("%s.token is the same as %s; each needs one of its own", at, other))
		}
		tokens[sum] = at + ".token"
	}
	feeds := map[[2]string]int{}
	for i, f := range c.Feeds {
		key := [2]string{f.Project, f.URL}
		if other, taken := feeds[key]; taken && f.URL != "" {
			problems = append(problems, fmt.Errorf("sources[%d] is the same feed of the same project as sources[%d]; keep one of them", i, other))
		}
		feeds[key] = i
	}
	return joinLines(problems)
}

func notEmpty(s string) error {
	if strings.TrimSpace(s) == "" {
		return errors.New("must not hold an empty text")
	}
	return nil
}

var (
	wordPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$`)
	slugPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	bracePart   = regexp.MustCompile(`\{[^{}]*\}`)
)

func checkWord(s string) error {
	if !wordPattern.MatchString(s) {
		return errors.New("must be a short name of letters, digits, dots and hyphens, such as release-bot")
	}
	return nil
}

func checkSlug(s string) error {
	if !slugPattern.MatchString(s) {
		return errors.New("must be a project's slug: a to z, 0 to 9 and hyphens")
	}
	return nil
}

// checkFeedURL refuses an address with a password, which would end up in logs.
func checkFeedURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || len(s) > 2000 {
		return errors.New("must be the http or https address of a feed, without user and password")
	}
	return nil
}

func checkTemplate(s string) error {
	for _, p := range bracePart.FindAllString(s, -1) {
		if !slices.Contains(placeholders, p) {
			return fmt.Errorf("holds %s; what can be put in is %s", p, strings.Join(placeholders, ", "))
		}
	}
	if len(s) > 1000 {
		return errors.New("must have 1000 bytes at most")
	}
	return notEmpty(s)
}
