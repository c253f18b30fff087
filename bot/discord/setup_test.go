package discord

import (
	"strings"
	"testing"

	dgo "github.com/bwmarrin/discordgo"
)

func TestWhatTheApplicationsPageLacks(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want string // empty: all is well
	}{
		{"our intents need nothing", missingIntents(gatewayIntents, 0), ""},
		{"a privileged one", missingIntents(dgo.IntentsGuilds|dgo.IntentMessageContent, 1<<14), "without Message Content"},
		{"a privileged one that is on", missingIntents(dgo.IntentMessageContent, 1<<19), ""},
		{"the gateway", routed(false, "", settings{VerifyKey: "ab"}), ""},
		{"the gateway, but an endpoint is set", routed(false, "", settings{Endpoint: "https://x.org"}), "empty that field"},
		{"HTTP", routed(true, "ab", settings{VerifyKey: "AB", Endpoint: "https://x.org"}), ""},
		{"HTTP with another key", routed(true, "ab", settings{VerifyKey: "cd"}), "another application"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if (tc.err == nil) != (tc.want == "") || tc.err != nil && !strings.Contains(tc.err.Error(), tc.want) {
				t.Errorf("it says %v, want %q", tc.err, tc.want)
			}
		})
	}
}
