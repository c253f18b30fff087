// Package deliver answers one question: is this delivery sent now, again, or
// never. It claims what is due, or is handed alerts as they are owed, has them
// composed and encoded, posts them within the platform's rate limits, and records
// how that ended.
//
// It never decides who hears of a move, never chooses words, and knows no
// platform: a Sender encodes, posts and classifies failures.
//
// # What is promised
//
// A delivery is never lost: it ends as sent, failed with its reason, or
// cancelled because nothing is left to say. A process that dies leaves a lease
// that runs out, after which any replica claims the delivery again.
//
// A place's messages keep their order: the queue hands out one delivery of a
// place at a time, the oldest, and a retry keeps its place in the line. News and
// digests are two lines, and news is served first. One
// place never holds up another: a place that must wait is left out of the next
// claims and takes up no slot, and each platform has slots of its own.
//
// Whether a message arrived is unknown in two cases: the answer to a post was
// lost (an Ambiguous failure), or a process died between the post and its record
// (a claim marked Again). Then the platform is asked before anything else is
// done, twice if need be: what arrived is recorded, what did not is sent again,
// under the same nonce. Where the platform forbids the question the message is
// sent again, so that none is lost. docs/delivery.md has the rule and its limits.
//
// # Leases and clocks
//
// A claim is a lease for Options.Lease, and a post may take Options.SendTimeout.
// No post is begun that could outlast its lease; such a claim is released
// instead. Replicas compare leases with their own clocks, so those may differ
// by at most Lease - SendTimeout (10 s unless configured) before two of them can
// send the same delivery. A settlement that the lease outran has no effect.
//
// # Rates
//
// What a platform allows in all is a pace.Budget, of which this worker's messages
// and the adapter's other requests take their turns. Smaller limits come back
// from the Sender as throttles of a scope, and just that scope waits: a place, a
// workspace, or the platform.
package deliver
