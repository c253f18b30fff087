// Package bot is what a command means, who may give it, and the answer.
//
// It knows no platform: an adapter below it verifies a request, turns it into a
// Request and shows the Reply. It never posts to a channel by itself and never
// opens a database.
package bot
