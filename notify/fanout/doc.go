// Package fanout answers one question: which places hear of a move. It reads
// the outbox that the database fills whenever any program writes a move,
// decides which events a change is, and has the store owe one delivery to every
// place with a fitting subscription.
//
// It never composes, never sends and never looks at a single place: places are
// matched by the store, a chunk at a time, so that a move heard by a hundred
// thousand places needs no more memory than one heard by ten.
//
// Where whoever sends has room, alerts are handed over as they are owed, as claims;
// see docs/adr/0010-alerts-are-handed-over.md.
//
// # Order
//
// A place's messages go out in the order of their delivery ids, and those are
// given as changes are expanded. So one process expands changes strictly in the
// order of their ids, each to its end before the next begins.
//
// Several replicas may run at once. The store locks a change for the chunk that
// is being expanded and answers store.ErrBusy to everybody else. A replica that
// meets a busy change leaves it to the other one, still drops whatever concerns
// nobody, but tells nobody of a later change before the busy one is gone: else
// a place near the end of the earlier change would hear of the later one first.
// Nothing is lost in speed, since both would write to the same tables, nor in
// safety: the lock ends with its transaction, and between two chunks, or after
// the other replica died, whoever comes next goes on from the stored cursor.
// "Order" is the order in which moves became visible: of two transactions that
// overlap, the one that commits first may be told first.
package fanout
