package notify

// Body is a message as one platform takes it: the encoded words, which refer to
// the pictures by their place in Pictures. An adapter that cannot send a picture
// sends the words without it. A Body is shared between posts and never changed.
type Body struct {
	Content  []byte
	Pictures []Picture
}

// Picture is a PNG that is part of a message. It is also a Block, which shows it
// over the whole width.
type Picture struct {
	// Name is the file's name with its ending: letters, digits, - and _ before
	// ".png".
	Name string
	// Alt says in plain words what the picture says, for those who do not see it.
	Alt string
	PNG []byte
	// Width and Height are those of the PNG in pixels. It is drawn at a density
	// of two, so it is meant to be shown half as wide.
	Width, Height int
}

func (Picture) block() {}
