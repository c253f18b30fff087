// Package compose is the words people read in a channel: an alert, a card, a
// page of projects, a test.
//
// It turns values into platform-free messages and nothing more: it reads no
// store and no clock, and knows neither markup nor any platform's limits. The
// same input always gives the same message.
package compose
