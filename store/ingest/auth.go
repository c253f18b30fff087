package ingest

import (
	"crypto/sha256"
	"crypto/subtle"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"sparkbot/store"
)

// Token is whoever may use the API. One with neither Projects nor Categories may
// read and write everything; another only the projects with one of the slugs or
// in one of the categories.
type Token struct {
	Name       string // what logs call it
	Secret     string
	Projects   []string
	Categories []string
}

// limited reports whether there is anything the token may not do.
func (t Token) limited() bool { return len(t.Projects)+len(t.Categories) > 0 }

// may reports whether the token reaches a project.
func (t Token) may(p store.Project) bool {
	return !t.limited() || slices.Contains(t.Projects, p.Slug) ||
		slices.ContainsFunc(t.Categories, func(c string) bool { return strings.EqualFold(c, p.Category) })
}

// forbid refuses a project that the token does not reach.
func (t Token) forbid(p store.Project) error {
	if t.may(p) {
		return nil
	}
	var limits []string
	if len(t.Projects) > 0 {
		limits = append(limits, "the projects "+strings.Join(t.Projects, ", "))
	}
	if len(t.Categories) > 0 {
		limits = append(limits, "the categories "+strings.Join(t.Categories, ", "))
	}
	return trouble(http.StatusForbidden, "forbidden", "the token %s is limited to %s", t.Name, strings.Join(limits, " and "))
}

// keyring knows the tokens by their hashes. Hashes all have one length, so that
// comparing them in constant time tells nothing of a token, not even that.
type keyring struct {
	tokens []Token
	hashes [][sha256.Size]byte
}

func newKeyring(tokens []Token) keyring {
	k := keyring{tokens: tokens}
	for _, t := range tokens {
		k.hashes = append(k.hashes, sha256.Sum256([]byte(t.Secret)))
	}
	return k
}

// find compares with every token, whichever it is.
func (k keyring) find(secret string) (t Token, at int, found bool) {
	given := sha256.Sum256([]byte(secret))
	for i, h := range k.hashes {
		if subtle.ConstantTimeCompare(given[:], h[:]) == 1 {
			t, at, found = k.tokens[i], i, true
		}
	}
	return t, at, found
}

// limits counts the requests of each token.
type limits []*rate.Limiter

func newLimits(tokens, perMinute int) limits {
	l := make(limits, tokens)
	for i := range l {
		l[i] = rate.NewLimiter(rate.Limit(float64(perMinute)/60), max(1, perMinute/6))
	}
	return l
}

// wait is how long the token must wait before its next request.
func (l limits) wait(token int, now time.Time) time.Duration {
	r := l[token].ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// admit finds the token of the request, and counts it.
func (a *API) admit(c *call) error {
	scheme, secret, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	token, at, found := a.keys.find(strings.TrimSpace(secret))
	if !strings.EqualFold(scheme, "Bearer") || !found {
		c.w.Header().Set("WWW-Authenticate", `Bearer realm="sparkbot"`)
		return trouble(http.StatusUnauthorized, "unauthorized", "give a token that this bot knows, as in Authorization: Bearer TOKEN")
	}
	c.token = token
	if wait := a.limits.wait(at, a.o.Now()); wait > 0 {
		seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
		c.w.Header().Set("Retry-After", seconds)
		return trouble(http.StatusTooManyRequests, "too-many-requests", "this token may make %d requests a minute; try again in %s s", a.o.PerMinute, seconds)
	}
	return nil
}
