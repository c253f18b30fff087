package store

import "errors"

var (
	// ErrNotFound says that what was asked for by name or id is not stored.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that a value breaks a rule of the stored data; the
	// wrapping error names the rule and what is allowed.
	ErrInvalid = errors.New("invalid")
	// ErrConflict says that a value is already taken by another record.
	ErrConflict = errors.New("already taken")
)
