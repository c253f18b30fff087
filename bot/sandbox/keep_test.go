package sandbox

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheWorldIsKept closes a sandbox and starts another on what it left: the
// same logins, channels, messages and addresses.
func TestTheWorldIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "world.json")
	first, err := Start(Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	onDiscord, onSlack := first.Discord().AddChannel("d"), first.Slack().AddChannel("s")
	ask(t, http.MethodPost, first.Discord().URL()+"/api/v10/channels/"+onDiscord+"/messages", "Bot "+first.Discord().Token(), `{"content":"**hello**","nonce":"n"}`)
	ask(t, http.MethodPut, first.Discord().URL()+"/api/v10/applications/"+first.Discord().ApplicationID()+"/commands", "Bot "+first.Discord().Token(), `[{"name":"spark","description":"x","type":1}]`)
	ask(t, http.MethodPost, first.Slack().URL()+"chat.postMessage", "Bearer "+first.Slack().BotToken(), `{"channel":"`+onSlack+`","text":"hello"}`)
	first.Slack().Kick(onSlack)
	discord, slack := first.Discord().Messages(onDiscord), first.Slack().Messages(onSlack)
	if len(discord) != 1 || len(slack) != 1 {
		t.Fatalf("%d and %d messages", len(discord), len(slack))
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := Start(Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := second.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	for what, diff := range map[string]string{
		"Discord's messages": cmp.Diff(discord, second.Discord().Messages(onDiscord)),
		"Slack's messages":   cmp.Diff(slack, second.Slack().Messages(onSlack)),
		"Discord's channels": cmp.Diff(first.Discord().Channels(), second.Discord().Channels()),
		"Slack's channels":   cmp.Diff(first.Slack().Channels(), second.Slack().Channels()),
		"logins": cmp.Diff([]string{first.Discord().Token(), first.Discord().Guild(), first.Discord().PublicKey(), first.Slack().BotToken()},
			[]string{second.Discord().Token(), second.Discord().Guild(), second.Discord().PublicKey(), second.Slack().BotToken()}),
		"commands": cmp.Diff(string(first.Discord().Commands()), string(second.Discord().Commands())),
	} {
		if diff != "" {
			t.Errorf("%s were not kept:\n%s", what, diff)
		}
	}
	if _, text := ask(t, http.MethodPost, second.Slack().URL()+"chat.postMessage", "Bearer "+second.Slack().BotToken(), `{"channel":"`+onSlack+`","text":"x"}`); !strings.Contains(text, "channel_not_found") {
		t.Errorf("the bot is back in a channel it was kicked out of: %s", text)
	}
	if err := os.WriteFile(file+".broken", []byte(`{"discord":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Options{File: file + ".broken"}); err == nil || !strings.Contains(err.Error(), "start anew") {
		t.Errorf("a file of something else: %v", err)
	}
}
