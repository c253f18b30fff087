package config

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

func parseBool(s string) (bool, error) {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return false, errors.New("must be true or false")
	}
	return b, nil
}

func parseAge(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, errors.New("must be a duration above zero, such as 72h or 90m")
	}
	return d, nil
}

func parseCount(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("must be a whole number from %d to %d", least, most)
	}
	return n, nil
}

// parseAllow reads which addresses that are not public may be reached: false for
// none, true for all, or networks such as 10.1.0.0/16.
func parseAllow(s string) (allowed []netip.Prefix, err error) {
	switch strings.ToLower(s) {
	case "false":
		return nil, nil
	case "true":
		return []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}, nil
	}
	for text := range strings.SplitSeq(s, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, errors.New("must be false, true, or networks separated by commas, such as 10.1.0.0/16, fd12::/32")
		}
		allowed = append(allowed, p.Masked())
	}
	return allowed, nil
}

// parseBase reads an http or https address and takes the slashes from its end.
func parseBase(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", errors.New("must be an http or https address such as https://bot.example.org, without user, query or fragment")
	}
	return strings.TrimRight(s, "/"), nil
}

func checkDatabase(s string) error {
	wrong := errors.New("must be sqlite:PATH or postgres://user:password@host:5432/database")
	if path, ok := strings.CutPrefix(s, "sqlite:"); ok {
		if path == "" {
			return wrong
		}
		return nil
	}
	if !DatabaseURL(s).Postgres() {
		return wrong
	}
	if _, err := url.Parse(s); err != nil {
		return errors.New("is not a readable postgres:// address; percent-encode special characters in the password")
	}
	return nil
}

func checkListen(s string) error {
	if s == "off" {
		return nil
	}
	if _, port, err := net.SplitHostPort(s); err == nil {
		if n, err := strconv.Atoi(port); err == nil && n >= 0 && n <= 65535 {
			return nil
		}
	}
	return errors.New("must be host:port, such as 127.0.0.1:8080, or off")
}

// checkToken refuses what no token holds; a space or a line break is nearly
// always a slip in copying.
func checkToken(s string) error {
	if strings.ContainsFunc(strings.TrimPrefix(s, "Bot "), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return errors.New("holds a space or a line break; copy it again without one")
	}
	return nil
}

func checkSnowflake(s string) error {
	if _, err := strconv.ParseUint(s, 10, 64); err != nil {
		return errors.New("must be the number Discord shows as Application ID")
	}
	return nil
}

func checkPublicKey(s string) error {
	if key, err := hex.DecodeString(s); err != nil || len(key) != 32 {
		return errors.New("must be the 64 hexadecimal digits Discord shows as Public Key")
	}
	return nil
}

func checkSecretKey(s string) error {
	for text := range strings.SplitSeq(s, ",") {
		if key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err != nil || len(key) != 32 {
			return errors.New("must be 32 bytes in base64, as `openssl rand -base64 32` prints them; several stand with commas between, the present one first")
		}
	}
	return nil
}
