package config

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

const redacted = "[redacted]"

// Secret is a text that no log, error or print shows. Reveal gives the text
// itself, to be handed to the client that needs it and to nothing else.
type Secret string

// Reveal gives the secret text.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret; an unset one is empty.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// LogValue hides the secret from structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// DatabaseURL is a database's address, of which the password is a secret.
type DatabaseURL string

// Reveal gives the address with its password.
func (u DatabaseURL) Reveal() string { return string(u) }

// Postgres reports whether the address is that of a PostgreSQL server.
func (u DatabaseURL) Postgres() bool {
	return strings.HasPrefix(string(u), "postgres://") || strings.HasPrefix(string(u), "postgresql://")
}

// String gives the address with its password hidden. An address that cannot be
// read is hidden as a whole, because where the password stands is not known.
func (u DatabaseURL) String() string {
	if !u.Postgres() {
		return string(u)
	}
	parsed, err := url.Parse(string(u))
	if err != nil {
		return redacted
	}
	query := parsed.Query()
	if query.Has("password") {
		query.Set("password", "xxxxx")
		parsed.RawQuery = query.Encode()
	}
	return parsed.Redacted()
}

// GoString hides the password from %#v.
func (u DatabaseURL) GoString() string { return fmt.Sprintf("%q", u.String()) }

// LogValue hides the password from structured logs.
func (u DatabaseURL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText hides the password from JSON and YAML.
func (u DatabaseURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
