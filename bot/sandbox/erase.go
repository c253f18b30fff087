package sandbox

import "slices"

// DeleteMessage takes a message out of a channel, as a member may.
func (d *Discord) DeleteMessage(channel, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, there := d.channels[channel]; there {
		c.messages = slices.DeleteFunc(c.messages, func(m *discordMessage) bool { return m.ID == id })
	}
}

// DeleteMessage takes a message out of a channel, as a member may.
func (k *Slack) DeleteMessage(channel, id string) {
	k.change(channel, func(c *slackChannel) {
		c.messages = slices.DeleteFunc(c.messages, func(m *slackMessage) bool { return m.ID == id })
	})
}
