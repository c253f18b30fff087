package discord

import (
	dgo "github.com/bwmarrin/discordgo"

	"sparkbot/notify"
)

// Limits of buttons: https://discord.com/developers/docs/components/reference#button
const (
	maxLabel     = 80
	maxCustomID  = 100
	maxButtonURL = 512
	rowButtons   = 5

	// mark begins the custom_id of our buttons. A later grammar gets a later one.
	mark = "v1 "
)

// ids are the custom_ids a message has so far; Discord takes each only once.
type ids map[string]bool

func (used ids) buttons(all []notify.Button) []dgo.MessageComponent {
	var row []dgo.MessageComponent
	for _, b := range all {
		if made, ok := used.button(b); ok && len(row) < rowButtons {
			row = append(row, made)
		}
	}
	return row
}

// button leaves out what Discord would refuse: an address that is none or too
// long, a command too long for a custom_id or asked for already.
func (used ids) button(b notify.Button) (dgo.Button, bool) {
	made := dgo.Button{Label: short(b.Label, maxLabel), Style: dgo.SecondaryButton}
	if b.URL != "" {
		address, ok := link(b.URL)
		made.Style, made.URL = dgo.LinkButton, address
		return made, ok && length(address) <= maxButtonURL && made.Label != ""
	}
	switch {
	case b.Danger:
		made.Style = dgo.DangerButton
	case b.Primary:
		made.Style = dgo.PrimaryButton
	}
	made.CustomID = mark + b.Command
	if used[made.CustomID] || length(made.CustomID) > maxCustomID || made.Label == "" {
		return made, false
	}
	used[made.CustomID] = true
	return made, true
}
