// Package notify is what is said, free of any platform (Message), and why
// saying it failed (Failure).
//
// It knows no project, no platform's markup and no limit of theirs: compose
// chooses the words, an adapter under bot turns a Message into its platform's
// body and a platform's answer into a Failure.
package notify
