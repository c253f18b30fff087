// Package store holds the plain values sparkbot keeps: projects, their moves,
// the places that subscribed, the deliveries those places are owed, and the
// errors a store answers with.
//
// It never opens a database, never reads a clock and never decides anything:
// store/sqlstore keeps these values, notify decides about them.
package store
