// Package digest answers two questions: when a place's week closes, and what
// ranks in it.
//
// It never chooses words, never sends, and never asks the database about a
// single place: the digests that are due are read, decided and stored a few
// thousand at a time.
package digest
