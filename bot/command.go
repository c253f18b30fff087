package bot

import (
	"time"

	"sparkbot/store"
)

// Verb is what a command asks for.
type Verb string

// The verbs. Each is the word typed after /spark; Overview is typing none.
const (
	Overview    Verb = ""
	Show        Verb = "show"
	All         Verb = "all"
	Movers      Verb = "movers"
	Subscribe   Verb = "subscribe"
	Unsubscribe Verb = "unsubscribe"
	List        Verb = "list"
	Mute        Verb = "mute"
	Unmute      Verb = "unmute"
	Quiet       Verb = "quiet"
	Only        Verb = "only"
	Test        Verb = "test"
	Log         Verb = "log"
	Digest      Verb = "digest"
	Help        Verb = "help"
)

// View is which side of a project's card is shown.
type View string

// The views of a card. ViewCard holds everything.
const (
	ViewCard    View = "card"
	ViewMoves   View = "moves"
	ViewOutlook View = "outlook"
	ViewWhy     View = "why"
)

// Command is a member's wish, the same whichever platform it was typed on. Only
// the fields of its verb are set.
type Command struct {
	Verb Verb
	// Project is a name as typed: a slug, the beginning of one, or a guess.
	Project string
	View    View
	// Target of Subscribe and Unsubscribe. An Unsubscribe with Everywhere set
	// means every subscription of the place.
	Target     store.Target
	Everywhere bool
	Except     []string
	Events     store.Events // NoEvents when none was chosen
	Role       string       // Discord only: the role an alert mentions
	// Channel is another channel than the one the command came from, or empty.
	// Discord only.
	Channel  string
	Category string // narrows All
	Tag      string // narrows All
	Sort     string // orders All: velocity (default), change or name
	Page     int    // of All, Movers and Show moves, from 1
	Days     int    // the window of Movers: 7 (also when it is 0) or 28; how far Log goes back
	Wide     bool   // List of the whole workspace or server
	For      string // how long a Mute lasts, as typed: 2h, 3d, 1w, until mon
	Drop     bool   // of Mute and Quiet: nothing that comes meanwhile is caught up
	Quiet    QuietWish
	Topic    string // of Help
	// Digest is what a Digest command wants. A Test with DigestNow tests digests.
	Digest DigestWish
	// Private keeps a card to the one who asked (Discord's share: false).
	Private bool
}

// Request is one command given by one member in one channel.
type Request struct {
	// ID is unique on the platform; a request repeated with it has no second
	// effect.
	ID        string
	Platform  store.Platform
	Workspace string
	Channel   string
	User      string
	// Manager reports that the platform lets the member manage what the bot
	// posts here.
	Manager bool
	// Button reports that the command was pressed on a message, not typed.
	Button  bool
	Command Command
	At      time.Time
}

// Verbs gives every verb that is typed, in the order help lists them.
func Verbs() []Verb {
	return []Verb{Show, All, Movers, Subscribe, Unsubscribe, List, Digest, Mute, Unmute, Quiet, Only, Test, Log, Help}
}
