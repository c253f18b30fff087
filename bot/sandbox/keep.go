package sandbox

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// kept is what both platforms hold, as it stands in a file between two runs.
// Connections, faults, open forms and commands under way are not kept.
type kept struct {
	Discord keptDiscord `json:"discord"`
	Slack   keptSlack   `json:"slack"`
}

type keptDiscord struct {
	Token    string             `json:"token"`
	App      string             `json:"app"`
	Bot      string             `json:"bot"`
	Guild    string             `json:"guild"`
	Key      []byte             `json:"key"`
	Sequence int64              `json:"sequence"`
	Users    map[string]string  `json:"users"`
	Commands []json.RawMessage  `json:"commands"`
	Files    map[string][]byte  `json:"files"`
	Channels []keptChannel      `json:"channels"`
	Shown    []keptDiscordWords `json:"shown"`
}

type keptSlack struct {
	BotToken string                   `json:"bot_token"`
	AppToken string                   `json:"app_token"`
	Secret   string                   `json:"secret"`
	Sequence int64                    `json:"sequence"`
	Uploads  int                      `json:"uploads"`
	Users    map[string]string        `json:"users"`
	Files    map[string]keptSlackFile `json:"files"`
	Channels []keptChannel            `json:"channels"`
	Shown    []keptSlackWords         `json:"shown"`
}

// keptChannel is a channel of either platform; Closed is that the bot was kicked.
type keptChannel struct {
	ID      string             `json:"id"`
	Name    string             `json:"name"`
	Closed  bool               `json:"closed"`
	Discord []keptDiscordWords `json:"discord,omitempty"`
	Slack   []keptSlackWords   `json:"slack,omitempty"`
}

type keptDiscordWords struct {
	Message    Message         `json:"message"`
	Components json.RawMessage `json:"components"`
	User       string          `json:"user"`
	By         string          `json:"by"`
	Command    string          `json:"command"`
	Author     string          `json:"author"`
	Nonce      string          `json:"nonce"`
	Files      []attachment    `json:"files"`
}

type keptSlackWords struct {
	Message Message   `json:"message"`
	User    string    `json:"user"`
	By      string    `json:"by"`
	Command string    `json:"command"`
	Body    slackBody `json:"body"`
}

type keptSlackFile struct {
	Name    string `json:"name"`
	Content []byte `json:"content"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
}

// load takes up what an earlier run left. A file that is not there is a new world.
func (s *Sandbox) load(file string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what an earlier run left: %w", err)
	}
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		return fmt.Errorf("read what an earlier run left in %s: %w; take the file away to start anew", file, err)
	}
	if len(k.Discord.Key) != ed25519.PrivateKeySize || k.Slack.BotToken == "" {
		return fmt.Errorf("%s was not written by this program; take it away to start anew", file)
	}
	s.discord.restore(k.Discord)
	s.slack.restore(k.Slack)
	return nil
}

// save writes the file whole or not at all.
func (s *Sandbox) save(file string) error {
	text, err := json.Marshal(kept{s.discord.snapshot(), s.slack.snapshot()})
	if err == nil {
		err = os.WriteFile(file+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		return fmt.Errorf("keep the sandbox in %s: %w", file, err)
	}
	return nil
}
