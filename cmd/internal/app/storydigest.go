package app

import (
	"context"
	"errors"
	"fmt"

	"sparkbot/bot/sandbox"
)

// digest has a member of each channel ask for the week so far, and waits until
// it stands there with its picture.
func (s *story) digest(ctx context.Context, discord, slack string) error {
	events := s.world.Events(ctx)
	asked := s.app.now()
	if _, err := s.world.Discord().RunText(ctx, storyMember, discord, "/sparkbot digest now"); err != nil {
		return fmt.Errorf("ask for the digest on Discord: %w", err)
	}
	if _, err := s.world.Slack().RunText(ctx, storyMember, slack, "/spark digest now"); err != nil {
		return fmt.Errorf("ask for the digest on Slack: %w", err)
	}
	if err := s.await(ctx, events, map[string]string{discord: "Discord", slack: "Slack"}, "Digest", asked); err != nil {
		return err
	}
	for _, posted := range [][]sandbox.Message{s.world.Discord().Messages(discord), s.world.Slack().Messages(slack)} {
		if len(posted) == 0 || len(posted[len(posted)-1].Pictures) == 0 {
			return errors.New("the digest came without its picture")
		}
	}
	return nil
}
