package notify

import "time"

// Message is one thing to say, free of platforms. Its texts are plain: no
// character in them is markup, and an adapter escapes every one of them.
type Message struct {
	// Accent is the colour 0xRRGGBB a platform may draw beside the message.
	Accent int
	// Fallback is the whole message in one plain line, for notifications,
	// screen readers and clients that show no blocks.
	Fallback string
	Blocks   []Block
}

// Block is one part of a message, from top to bottom: Text, Divider, Actions or
// Picture.
type Block interface{ block() }

// Style is the rank of a text among the others.
type Style int

// The styles, from the plainest.
const (
	Normal  Style = iota
	Small         // an aside: age, foot, explanation
	Heading       // heads the part that follows
	Title         // heads the message
	Quote         // set off from the rest, as a prediction is
)

// Text is a run of spans in one style. A newline in a span breaks the line.
type Text struct {
	Style Style
	Spans []Span
	// Icon, when set, is the http or https address of a picture shown beside
	// the text, with IconAlt as its description.
	Icon, IconAlt string
	// Button, when set, stands beside the text. A text has an icon or a button,
	// not both; the icon wins.
	Button *Button
}

// Span is a piece of text with one look.
type Span struct {
	Text   string
	Bold   bool
	Italic bool
	Strike bool
	Code   bool
	URL    string // an http or https link around the text
	// At, when set, is shown as a live age ("2 hours ago") where the platform
	// can keep one true, and as Text where it cannot.
	At time.Time
	// Channel, when set, is the id of a channel of the message's own workspace,
	// shown as the platform shows channels. Text is not shown then.
	Channel string
	// Fixed text is never shortened to make a message fit.
	Fixed bool
}

// Divider is a thin line between two parts.
type Divider struct{}

// Actions is a row of at most five buttons.
type Actions struct{ Buttons []Button }

// Button opens URL, or, when URL is empty, asks the bot for Command: the words
// a member would have typed after /spark, so that one grammar serves both.
type Button struct {
	Label   string
	URL     string
	Command string // at most 90 bytes, so that it fits a Discord custom_id
	Primary bool   // the one action most people want
	Danger  bool   // takes something away
}

func (Text) block()    {}
func (Divider) block() {}
func (Actions) block() {}
