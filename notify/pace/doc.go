// Package pace answers one question: when may the next request to a platform
// begin.
//
// A Budget bounds everything that one bot token asks of a platform, in this
// process and, by shares, in all replicas together. Routes remember what a
// platform's answers said of its smaller limits; Turns keep limits that are
// published but never announced; Refusals count answers for which a platform
// shuts its door.
//
// It sends nothing, reads no header and knows no platform: the adapters say what
// a limit is and what an answer meant. It never decides whether a message is
// sent at all.
//
// # Why no second holds too many
//
// A platform counts a request at a moment nobody here learns: some time between
// when it begins and when its answer has come. Evenly spaced beginnings therefore
// promise nothing. A request counts against the budget from when it begins until
// a second after its answer, and begins only while fewer than the limit count.
//
// Suppose limit+1 were to arrive within one second, and take the one of them that
// begins last. It arrives no earlier than it begins, so every other arrives later
// than a second before that beginning, and is answered later still: it counts. The
// limit is then full, and the last may not begin. The delays may be whatever they
// like: late timers, a busy machine and bursts are nothing but delays.
//
// The price is that a slot is busy for the way to the platform and back besides
// the second: 3 ms cost 0.3 %, but 100 ms would cost 10 %, and no rule that knows
// only beginnings and answers can do with less. So the quickest answer among the
// latest 200 to 400 is taken for the way that all of them need. What is the same
// for all moves none towards another, and is not waited for; all but 10 ms of it,
// which the quickest may have lost on its way, and never more than 200 ms. Within
// 10 ms of the platform, and until 200 answers have come, nothing is assumed.
// Farther away the argument holds as long as the ways there and back, each at its
// shortest, take together no less than that quickest answer but for the 10 ms.
//
// What it cannot cover: a request that arrives after it was given up, for which
// the adapters' limits leave one a second; what a process began that was killed
// and started again within the second, on SQLite; and an answer that takes more
// than 300 ms while a share lapses, because its replica is cut off or was killed.
//
// # Shares
//
// Replicas meet in a pool, a table in the database. A member records the share
// it uses for a few seconds ahead, and takes only what the others have not
// recorded; one that must give way uses less first and records it a round later,
// and never less than its requests hold. So the sum in force, and with it what all
// replicas' requests hold, is never above the limit, whatever answer is lost and
// whatever the replicas' clocks say: only the database's clock says when a share
// lapses, and a member counts its own from before it asked. The argument above is
// then the same for all of them as for one. A share is left unused for 1.3 s before
// it lapses, so that answers of up to 300 ms count no more by then. One that died
// is forgotten after ShareTTL.
package pace
