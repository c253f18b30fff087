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
// # Shares
//
// Replicas meet in a pool, a table in the database. A member records the share
// it uses for a few seconds ahead, and takes only what the others have not
// recorded; one that must give way uses less first and records it a round later.
// So the sum in force is never above the limit, whatever answer is lost and
// whatever the replicas' clocks say: only the database's clock says when a share
// lapses, and a member counts its own from before it asked. One that died is
// forgotten after ShareTTL.
package pace
