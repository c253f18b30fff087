package discord

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails when goroutines outlive the tests. discordgo alone may leave one
// behind: it closes a session a second late and, told to reconnect while it
// opens one, waits for its own lock for ever.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*Session).CloseWithCode"))
}
