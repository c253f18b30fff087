// Package feed turns the entries of projects' feeds into their moves: it asks when
// a feed is due, fetches it, and says what each entry becomes and which are sparks.
//
// It keeps nothing itself and alerts nobody: the Store behind it knows the entries
// that were seen and stores the moves, which are then noticed like any other.
//
// # Once
//
// An entry is recognized by its id (guid), by its link, and by its title together
// with its link, each in a form that passes over what publishers change without
// meaning it: scheme, www, tracking parameters, case and spaces. One of them is
// enough, and every new one is learnt. So an entry that is dated anew, given
// another id, or moved to another address under the same id stays one move, also
// after its feed moved or was configured anew. Where several entries of a document
// share a link, as in a change log of one page, the link alone says nothing.
//
// # Addresses
//
// A feed's address comes from the operator, but where it leads is decided by
// others: by redirects and by DNS. Every connection is therefore checked when it is
// dialled, on the address it goes to, and only public ones are reached unless the
// operator allowed others. Size, time, redirects and headers are bounded.
package feed
